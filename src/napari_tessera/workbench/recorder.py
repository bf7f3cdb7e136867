"""Writes down what a person does in one window, so that a script can do it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.contract.state import JobState
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.workflows.explained import ANSWER, REQUEST, Request
from napari_tessera.workflows.notebook import notebook_text, write_steps
from napari_tessera.workflows.script import script_text
from napari_tessera.workflows.steps import (
    Computed,
    Deleted,
    Drawn,
    Exported,
    Opened,
    Ranked,
    Referred,
    Step,
)
from napari_tessera.workflows.stored_steps import FINISHED_EARLY, computed_from

if TYPE_CHECKING:
    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining


class Recorder:
    """Steps of one window, oldest first.

    Parameters
    ----------
    bench : Bench
        Tells of tissues, references and runs.
    explaining : Explaining
        Tells of regions and rankings.

    Attributes
    ----------
    steps : tuple of Step
        Every action that changed data.
    """

    changed = Signal(tuple)

    def __init__(self, bench: Bench, explaining: Explaining) -> None:
        self.steps: tuple[Step, ...] = ()
        self._bench, self._explaining = bench, explaining
        self._runs: frozenset[str] | None = None
        bench.tissue_opened.connect(lambda _: self._on_tissue())
        bench.reference_opened.connect(lambda _: self._on_reference())
        bench.job_ended.connect(self._on_run_ended)
        bench.runs_changed.connect(lambda _: self._on_runs())
        bench.run_loaded.connect(self._on_loaded)
        explaining.regions_changed.connect(self._on_regions)
        explaining.job_changed.connect(self._on_ranked)
        explaining.exported.connect(self.note_export)

    def script(self) -> str:
        """Write the steps as a Python script.

        Raises
        ------
        InputError
            If nothing was done, or on data that live in memory only.
        """
        return script_text(self.complete())

    def notebook(self) -> str:
        """Write the steps as a notebook; raises as `script` does."""
        return notebook_text(self.complete())

    def write(self, path: Path) -> None:
        """Write a script or, if `path` ends in ``.ipynb``, a notebook.

        Raises
        ------
        InputError, StoreError
            If there is nothing to write, or the file cannot be written.
        """
        write_steps(self.complete(), path)

    def complete(self) -> tuple[Step, ...]:
        """Give the steps; what made runs that were there before, and are used or shown, is added."""
        made = {step.name for step in self.steps if isinstance(step, Computed)}
        used = {step.run for step in self.steps if isinstance(step, Ranked)}
        used |= {s.source for s in self.steps if isinstance(s, Exported) and s.what == "tables"}
        shown, tissue = self._bench.shown, self._bench.tissue
        if tissue is None:
            return self.steps
        found: list[Step] = list(self.steps)
        for name in sorted((used | ({shown.name} if shown is not None else set())) - made):
            run = shown if shown is not None and shown.name == name else self._read(name)
            computed = computed_from(tissue.path, run)
            users = (i for i, s in enumerate(found) if _uses(s, name))
            found.insert(next(users, len(found)), computed)
        return tuple(found)

    def note_export(self, what: str, source: str, path: object) -> None:
        """Write down that a file was written.

        Parameters
        ----------
        what : str
            ``tables``, ``table``, ``figure`` or ``regions``.
        source : str
            Run or ranking that it shows.
        path : path
            The file.
        """
        self._add(Exported(source=source, what=what, path=str(path)))

    def _read(self, name: str) -> Run:
        from napari_tessera.workbench.reading import read_run_of

        tissue = self._bench.tissue
        if tissue is None:
            msg = "a run is read from an open tissue"
            raise RuntimeError(msg)
        return read_run_of(tissue, name)

    def _add(self, step: Step) -> None:
        self.steps = (*self.steps, step)
        self.changed.emit(self.steps)

    # -- what others say -----------------------------------------------------------------------

    def _on_tissue(self) -> None:
        origin = self._bench.origin
        opened = Opened(source=origin.source, image=origin.image, image_scale=origin.image_scale)
        last = [step for step in self.steps if isinstance(step, Opened)][-1:]
        if last != [opened]:
            self._runs = None
            self._add(opened)

    def _on_reference(self) -> None:
        source = self._bench.reference
        self._add(Referred(source=str(source) if isinstance(source, str | Path) else ""))

    def _on_run_ended(self, job: Job, outcome: Outcome) -> None:
        if outcome.state is JobState.DONE:
            spec = RunDir(job.run_dir).spec
            self._add(Computed(name=job.name, spec=spec))

    def _on_loaded(self, run: Run) -> None:
        """Add what only the result of a run says: whether it places cells, how it ended."""
        places = run.result.placement is not None
        note = "" if run.provenance.ending == "complete" else FINISHED_EARLY
        self.steps = tuple(
            Computed(name=s.name, spec=s.spec, note=note, places=places)
            if isinstance(s, Computed) and s.name == run.name
            else s
            for s in self.steps
        )

    def _on_runs(self) -> None:
        """Notice a run that has gone."""
        now = frozenset(summary.name for summary in self._bench.runs)
        for name in sorted((self._runs or frozenset()) - now):
            self._add(Deleted(run=name))
        self._runs = now

    def _on_regions(self, regions: tuple[Region, ...]) -> None:
        view = self._bench.view
        if view is None or view.spots is None:
            return
        before = [step for step in self.steps if isinstance(step, Opened | Drawn)][-1:]
        last = before[0].regions if before and isinstance(before[0], Drawn) else ()
        if [r.to_json() for r in last] != [r.to_json() for r in regions]:
            system, element = view.coordinate_system, view.spots.element
            self._add(Drawn(regions=regions, coordinate_system=system, element=element))

    def _on_ranked(self, job: Job) -> None:
        if job.outcome is None or job.outcome.state is not JobState.DONE:
            return
        folder = RunDir(job.run_dir)
        asked, answered = folder.read_note(REQUEST), folder.read_note(ANSWER)
        if asked is None or answered is None:
            return
        request, name = Request.from_json(asked), str(answered["ranking"])
        if any(isinstance(step, Ranked) and step.name == name for step in self.steps):
            return
        question, options = request.question, request.options
        self._add(Ranked(name=name, run=request.run, question=question, options=options))


def _uses(step: Step, run: str) -> bool:
    """Whether a step needs that run to be there."""
    return (isinstance(step, Ranked) and step.run == run) or (
        isinstance(step, Exported) and step.source == run
    )
