"""Domains under a person's hands: smoothness, edits, undo, and a new run of it all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import importlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.workbench.domain_edits import Split
from napari_tessera.workbench.history import History
from napari_tessera.workbench.tasks import Tasks, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy import sparse

    from napari_tessera.contract.domains import Domains
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import State
    from napari_tessera.data.read import Tissue
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.domain_edits import Edit


REFIT = "napari_tessera.methods.transst.predict"
"""Module that computes the field."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One state of the domains: what was done to those of the run, and what they are now.

    Parameters
    ----------
    domains : Domains
        As they are.
    smoothness : float or None
        Of the field; None as fitted.
    edits : tuple of Edit
        What was done after that, in order.
    """

    domains: Domains
    smoothness: float | None = None
    edits: tuple[Edit, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Say what was done, one sentence each."""
        smooth = () if self.smoothness is None else (f"smoothness {self.smoothness:g}",)
        return (*smooth, *(str(edit) for edit in self.edits))


@dataclass(frozen=True, kw_only=True)
class _Field:
    """What a refit needs: the fitted model and the graph of its spots."""

    state: State
    graph: sparse.csr_matrix
    smoothness: float


class DomainEditing:
    """State, signals and verbs of the domains of the run that is shown.

    Parameters
    ----------
    bench : Bench
        Knows the run, and takes the new one.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    run : Run or None
        Run whose domains are edited; None where the shown run has none.
    fitted : float or None
        Smoothness of the fit; None until it is known that it can be changed.
    stand : Stand or None
        How the domains are now.
    """

    opened = Signal(object)
    changed = Signal(object)
    ready = Signal(float)
    failed = Signal(str, str)
    saved = Signal(str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self.run: Run | None = None
        self.fitted: float | None = None
        self._bench = bench
        self._field: _Field | None = None
        self._steps: History[Stand] = History()
        self.stand: Stand | None = None
        self._tasks = Tasks(post, self.failed.emit)
        bench.run_loaded.connect(lambda run: self.open(run))
        if bench.shown is not None:
            self.open(bench.shown)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._steps.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back."""
        return self._steps.can_redo

    def open(self, run: Run) -> None:
        """Take the domains of a run; `opened` follows, and `ready` if they can be smoothed.

        Parameters
        ----------
        run : Run
            The one that is shown now.
        """
        if self.run is not None and run.name == self.run.name:
            return
        domains, tissue = run.result.domains, self._bench.tissue
        self.run = run if domains is not None else None
        self.fitted, self._field = None, None
        self.stand = None if domains is None else Stand(domains=domains)
        self._steps.clear()
        self.opened.emit(self.stand)
        if domains is not None and tissue is not None:
            folder = RunDir(run_root(tissue.path, tissue.title) / run.name)
            method = run.provenance.method
            self._tasks.do("Reading the field", lambda: _field_of(folder, method), self._take_field,
                           key="field")  # fmt: skip

    def _take_field(self, found: _Field | None) -> None:
        if found is not None:
            self._field, self.fitted = found, found.smoothness
            self.ready.emit(found.smoothness)

    # -- verbs ---------------------------------------------------------------------------------

    def smooth(self, smoothness: float) -> None:
        """Compute the field at another smoothness, the edits on top; `changed` follows."""
        found, now, run = self._field, self.stand, self.run
        if found is None or now is None or run is None or run.result.domains is None:
            return
        first = run.result.domains

        def work() -> Stand:
            from napari_tessera.methods.transst.predict import refit_field

            domains = refit_field(found.state, found.graph, smoothness, first)
            for edit in now.edits:
                domains = edit.apply(domains)
            return Stand(domains=domains, smoothness=smoothness, edits=now.edits)

        def take(stand: Stand) -> None:
            if run is self.run and now.edits == (self.stand or now).edits:
                self._push(stand, slid=True)
            elif run is self.run:  # something was edited meanwhile
                self.smooth(smoothness)

        self._tasks.do("Smoothing", work, take, key="smooth")

    def edit(self, edit: Edit) -> None:
        """Rename, colour, merge or split; `changed` follows.

        A split takes time; what is done meanwhile stays, and the split comes on top.
        """
        now, run = self.stand, self.run
        if now is None:
            return

        def work() -> Stand:
            domains = edit.apply(now.domains)
            return dataclasses.replace(now, domains=domains, edits=(*now.edits, edit))

        def take(stand: Stand) -> None:
            if now is self.stand:
                self._push(stand)
            elif run is self.run:
                self.edit(edit)

        if isinstance(edit, Split):
            self._tasks.do("Dividing", work, take)
            return
        try:
            self._push(work())
        except InputError as error:
            self.failed.emit(*words_of(error))

    def _push(self, stand: Stand, *, slid: bool = False) -> None:
        """Take a new state; moves of the slider that follow each other are one step."""
        if self.stand is None:
            return
        last = self._steps.former
        if slid and last is not None and last.edits == stand.edits:
            self._steps.merge(stand)
        else:
            self._steps.add(self.stand, stand)
        self._show(stand)

    def _show(self, stand: Stand | None) -> None:
        if stand is not None:
            self.stand = stand
            self.changed.emit(stand)

    def undo(self) -> None:
        """Take the last step back."""
        self._show(self._steps.undo())

    def redo(self) -> None:
        """Do again what was taken back."""
        self._show(self._steps.redo())

    def save(self) -> None:
        """Write the domains as they are as a new run; `saved` follows, and it is shown."""
        run, now, tissue = self.run, self.stand, self._bench.tissue
        if run is None or now is None or tissue is None or not self.can_undo:
            return
        made = edited_run(run, now)

        def take(_: None) -> None:
            self._bench.look_again()
            self._bench.show_run(made.name)
            self.saved.emit(made.name)

        self._tasks.do(f"Saving {made.name}", lambda: _write(tissue, made), take)

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)


def edited_run(run: Run, stand: Stand) -> Run:
    """Make a run of edited domains: what was done stands in its options and its notes.

    Parameters
    ----------
    run : Run
        Where they come from.
    stand : Stand
        How they are now.
    """
    from napari_tessera.contract.results import Run, RunResult

    done = list(stand.words())
    digest = hashlib.sha256(json.dumps([run.name, done]).encode()).hexdigest()[:8]
    before: Any = run.provenance
    provenance = dataclasses.replace(
        before,
        options={**before.options, "edited_from": run.name, "edits": done},
        warnings=(f"Edited by hand from {run.name}: {'; '.join(done)}.", *before.warnings),
        created=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        scores={}, baseline={}, history={}, run_directory="",
    )  # fmt: skip
    name = f"{before.method}_{digest}"
    return Run(
        name=name, result=RunResult(domains=stand.domains), provenance=provenance,
        colours={**run.colours, **stand.domains.colours},
    )  # fmt: skip


def _field_of(folder: RunDir, method: str) -> _Field | None:
    """Read what a refit needs; None where the run is of another method or its directory is gone."""
    if method != "transst" or not (folder.path / "model.json").is_file() or not folder.ready:
        return None
    from napari_tessera.contract.sections import SectionData

    state, inputs = folder.load_model(), folder.load_inputs()
    if "energy" not in state.arrays or not isinstance(inputs, SectionData):
        return None
    importlib.import_module(REFIT)  # so that the first move of the slider need not wait for it
    smoothness = float(np.median(np.asarray(state.arrays["betas"])))
    return _Field(state=state, graph=inputs.spot_graph, smoothness=smoothness)


def _write(tissue: Tissue, run: Run) -> None:
    """Write a run where its tissue lies.

    Raises
    ------
    InputError
        If the same edits were saved before.
    """
    from napari_tessera.data.runs import run_names
    from napari_tessera.data.write import write_run
    from napari_tessera.workbench.reading import target_of

    target = target_of(tissue)
    if run.name in run_names(target):
        msg = f"Edited domains: expected something new, found that {run.name} holds the same."
        raise InputError(msg, f"Show {run.name}, or edit on.")
    write_run(target, run)
