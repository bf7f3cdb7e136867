"""Writes down what a person does in one window, so that a script can do it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.state import JobState
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.workbench.tasks import Tasks
from napari_tessera.workflows.explained import ANSWER, REQUEST, Request
from napari_tessera.workflows.export import write_tables
from napari_tessera.workflows.notebook import write_steps
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
from napari_tessera.workflows.stored_steps import FINISHED_EARLY, computed_from, recipe_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.inputs import RunSpec
    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining


_OF_RUNS = {"tables", "domain genes"}
"""Files that show a run."""


class Recorder:
    """Steps of one window, oldest first.

    Parameters
    ----------
    bench : Bench
        Tells of tissues, references and runs.
    explaining : Explaining
        Tells of regions and rankings.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    steps : tuple of Step
        Every action that changed data.
    settings : RunSpec or None
        Recipe that was wanted once more last.
    """

    changed = Signal(tuple)
    wanted = Signal(object)
    wrote = Signal(object)
    failed = Signal(str, str)

    def __init__(
        self, bench: Bench, explaining: Explaining, post: Callable[[Callable[[], None]], None]
    ) -> None:
        self.steps: tuple[Step, ...] = ()
        self.settings: RunSpec | None = None
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        self._runs: frozenset[str] | None = None
        bench.tissue_opened.connect(lambda _: self._on_tissue())
        bench.reference_opened.connect(lambda _: self._on_reference())
        bench.job_ended.connect(self._on_run_ended)
        bench.runs_changed.connect(lambda _: self._on_runs())
        bench.run_loaded.connect(self._on_loaded)
        explaining.regions_changed.connect(self._on_regions)
        explaining.job_changed.connect(self._on_ranked)
        explaining.exported.connect(self.note_export)

    def write(self, path: Path) -> None:
        """Write a script or, if `path` ends in ``.ipynb``, a notebook; `wrote` or `failed` follows.

        Parameters
        ----------
        path : Path
            The file.
        """
        self._tasks.do(
            f"Writing {path.name}",
            lambda: write_steps(self.complete(), path),
            lambda written: self.wrote.emit(written),
        )

    def write_tables(self, name: str, path: Path) -> None:
        """Write what a run answers as CSV files; `wrote` or `failed` follows.

        Parameters
        ----------
        name : str
            Name of the run.
        path : Path
            The file; see `napari_tessera.workflows.export.write_tables`.
        """
        self._write("tables", name, path, lambda: write_tables(self._run(name), path))

    def write_domain_genes(self, name: str, path: Path) -> None:
        """Write the genes of a run's domains as CSV files; `wrote` or `failed` follows.

        Parameters
        ----------
        name : str
            Name of the run.
        path : Path
            The file; see `napari_tessera.workflows.domain_genes.write_domain_genes`.
        """
        self._write("domain genes", name, path, lambda: self._genes_to(name, path))

    def _write(self, what: str, name: str, path: Path, work: Callable[[], object]) -> None:
        """Write a file of a run in the background, note it, and say so."""

        def take(_: object) -> None:
            self.note_export(what, name, path)
            self.wrote.emit(path)

        self._tasks.do(f"Writing {path.name}", work, take)

    def _genes_to(self, name: str, path: Path) -> None:
        """Write them; call it from a thread."""
        from napari_tessera.workflows.domain_genes import write_domain_genes

        run, tissue = self._run(name), self._bench.tissue
        if tissue is not None:
            write_domain_genes(tissue, run, path)

    def want(self, name: str) -> None:
        """Ask for the settings of a run once more; `wanted` follows with its recipe.

        Parameters
        ----------
        name : str
            Name of the run.
        """

        def take(spec: RunSpec) -> None:
            self.settings = spec
            self.wanted.emit(spec)

        self._tasks.do(f"Reading {name}", lambda: recipe_of(self._store, self._run(name)), take)

    def complete(self) -> tuple[Step, ...]:
        """Give the steps, after what made runs that were there before and are used or shown."""
        made = {step.name for step in self.steps if isinstance(step, Computed)}
        used = {run for step in self.steps if (run := _used(step))}
        shown = self._bench.shown
        if shown is not None:
            used.add(shown.name)
        found: list[Step] = list(self.steps)
        for computed in self._makers(used, made):
            users = (i for i, step in enumerate(found) if _used(step) == computed.name)
            found.insert(next(users, len(found)), computed)
        return tuple(found)

    def _makers(self, used: set[str], made: set[str]) -> list[Computed]:
        """Give the steps that make runs, those that use another run first."""
        found: dict[str, Computed] = {}
        wanted = sorted(used - made)
        while wanted:
            name = wanted.pop()
            found[name] = computed_from(self._store, self._run(name))
            further = _used(found[name])
            if further and further not in made | found.keys():
                wanted.append(further)
        order = sorted(found)
        return [found[name] for name in sorted(order, key=lambda name: not _used(found[name]))]

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

    @property
    def _store(self) -> Path | None:
        tissue = self._bench.tissue
        return None if tissue is None else tissue.path

    def _run(self, name: str) -> Run:
        """Give a run: the one that is shown, or one that is read; call it from a thread."""
        from napari_tessera.workbench.reading import read_run_of

        shown, tissue = self._bench.shown, self._bench.tissue
        if shown is not None and shown.name == name:
            return shown
        if tissue is None:
            msg = f"Run {name}: expected an open tissue that holds it, found none."
            raise InputError(msg, "Open the tissue again.")
        return read_run_of(tissue, name)

    def _add(self, step: Step) -> None:
        self.steps = (*self.steps, step)
        self.changed.emit(self.steps)

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)

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


def _used(step: Step) -> str:
    """Run that must be there for a step; empty where none must."""
    if isinstance(step, Computed):
        return step.spec.composition
    if isinstance(step, Ranked):
        return step.run
    return step.source if isinstance(step, Exported) and step.what in _OF_RUNS else ""
