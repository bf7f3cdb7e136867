"""Regions of the open tissue, and questions about them: what the Regions & genes dock is doing.

Everything is read and changed on the window's thread, as in `napari_tessera.workbench.bench`.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.gene_heat import heat_of
from napari_tessera.contract.regions import Region, RegionKind
from napari_tessera.contract.state import JobState
from napari_tessera.jobs.backends import Backend, ChildBackend, ThreadBackend
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.jobs.runner import JobSpec, Runner
from napari_tessera.workbench.tasks import Tasks, words_of
from napari_tessera.workflows.explained import (
    Question,
    Request,
    answer_request,
    prepare_request,
    read_answer,
    read_explanation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_tessera.contract.explanation import Explanation
    from napari_tessera.contract.gene_heat import GeneHeat
    from napari_tessera.contract.state import Outcome
    from napari_tessera.contract.views import TissueView
    from napari_tessera.explain.groups import Sides
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench

JOB_FOLDER = "explain"
"""Folder of such a job below the run's."""


def explain_command(run_dir: Path) -> list[str]:
    """Command line of a child that answers what lies in a folder."""
    return [sys.executable, "-m", "napari_tessera", "explain-unit", "--run-dir", str(run_dir)]


class Explaining:
    """State, signals and verbs of the regions and questions of one viewer.

    Parameters
    ----------
    bench : Bench
        Knows tissue and runs.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    regions : tuple of Region
        All that is drawn, in the coordinate system on the screen.
    rankings : tuple of str
        Tables of ranked genes in the store.
    explanation : Explanation or None
        What is shown.
    job : Job or None
        The one that runs or ran last.
    """

    regions_changed = Signal(tuple)
    rankings_changed = Signal(tuple)
    counted = Signal(object)
    job_changed = Signal(object)
    explained = Signal(object)
    averaged = Signal(object)
    exported = Signal(str, str, object)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self.regions: tuple[Region, ...] = ()
        self.rankings: tuple[str, ...] = ()
        self.explanation: Explanation | None = None
        self.job: Job | None = None
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        self._runner = Runner()
        self._storing = threading.Lock()
        self._newest: dict[int, int] = {}
        bench.tissue_opened.connect(self._on_tissue)
        bench.runs_changed.connect(lambda _: self._list_rankings())
        if bench.view is not None:
            self._on_tissue(bench.view)

    # -- regions -------------------------------------------------------------------------------

    def _on_tissue(self, view: TissueView) -> None:
        tissue, system = self._bench.tissue, view.coordinate_system
        self.explanation = None
        if tissue is None:
            return

        def read() -> tuple[Region, ...]:
            from napari_tessera.data.regions import read_regions

            return read_regions(tissue.sdata, system)

        self._tasks.do("Reading regions", read, self._take_regions, key="regions")
        self._list_rankings()

    def _take_regions(self, regions: tuple[Region, ...]) -> None:
        self.regions = regions
        self.regions_changed.emit(regions)

    def draw(self, regions: Sequence[Region]) -> None:
        """Put all that is drawn in place of what was there, and store it at once.

        Parameters
        ----------
        regions : sequence of Region
            In the coordinate system on the screen.
        """
        tissue, view = self._bench.tissue, self._bench.view
        if tissue is None or view is None or view.spots is None:
            self.failed.emit("Expected an open tissue to draw on, found none.", "Open one first.")
            return
        element, drawn = view.spots.element, tuple(regions)
        self._take_regions(drawn)
        number = self._newest[id(tissue)] = self._newest.get(id(tissue), 0) + 1

        def store() -> None:
            from napari_tessera.data.regions import write_regions

            with self._storing:  # threads may overtake each other: the newest drawing counts
                if number == self._newest[id(tissue)]:
                    write_regions(tissue.sdata, drawn, view.coordinate_system, element)

        self._tasks.do("Storing regions", store, lambda _: None)

    # -- questions -----------------------------------------------------------------------------

    def count(self, run: str, question: Question, options: ExplainOptions) -> None:
        """Count the cells of both sides by what the store keeps of the map; `counted` follows.

        Parameters
        ----------
        run : str
            Run that is on the shelf or shown.
        question : Question
            About a region; others are counted when they are asked.
        options : ExplainOptions
            Thresholds.
        """
        shown = self._bench.shown
        view = self._bench.view
        names = [n for n in (question.region, question.against) if n]
        chosen = [r for r in self.regions if r.name in names and r.kind is RegionKind.AREA]
        if (
            shown is None or shown.name != run or shown.result.placement is None
            or view is None or view.spots is None or not chosen or len(chosen) < len(names)
        ):  # fmt: skip
            self.counted.emit(None)
            return
        placement, spots = shown.result.placement, view.spots
        ordered = sorted(chosen, key=lambda region: names.index(region.name))

        def work() -> Sides:
            from napari_tessera.workbench.counting import count_sides

            return count_sides(placement, spots, ordered, question.within, options)

        self._tasks.do("Counting", work, lambda sides: self.counted.emit(sides), key="count")

    def ask(
        self, run: str, question: Question, options: ExplainOptions, *, in_process: bool = False
    ) -> Job | None:
        """Answer a question in the background; `explained` follows.

        Parameters
        ----------
        run : str
            Run whose map is explained.
        question : Question
            What is asked.
        options : ExplainOptions
            How.
        in_process : bool
            Work in a thread of this process instead of a child process.

        Returns
        -------
        Job or None
            None if nothing was started: `failed` says why.
        """
        tissue = self._bench.tissue
        if tissue is None or tissue.path is None:
            error = InputError(
                "Expected a tissue with a store, found one that lives in memory only.",
                "Keep it as a .zarr in the Tissue dock; then regions and rankings can be stored.",
            )
            self.failed.emit(*words_of(error))
            return None
        if self.job is not None and not self.job.state.ended:
            return self.job
        request = Request(
            store=str(tissue.path), run=run, question=question, options=options,
            regions=self._drawn_for(run),
        )  # fmt: skip
        folder = prepare_request(request, run_root(tissue.path) / run / JOB_FOLDER).path
        backend: Backend = ChildBackend(command=explain_command)
        if in_process:
            backend = ThreadBackend(work=answer_request)
        job = self._runner.submit(
            JobSpec(name=run, title="Explaining", run_dir=folder, backend=backend)
        )
        self.job = job
        post = self._tasks.errands.post
        job.changed.connect(lambda _: post(lambda: self.job_changed.emit(job)))
        job.ended.connect(lambda _, outcome: post(lambda: self._on_ended(job, outcome)))
        if job.outcome is not None:
            self._on_ended(job, job.outcome)
        self.job_changed.emit(job)
        return job

    def _drawn_for(self, run: str) -> tuple[Region, ...]:
        """Regions as they are drawn, where the run lies in the coordinate system on the screen."""
        shown, view = self._bench.shown, self._bench.view
        if shown is None or view is None or shown.name != run:
            return ()
        system = shown.provenance.origin.selection.coordinate_system
        return self.regions if system == view.coordinate_system else ()

    def cancel(self) -> None:
        """Stop the job that runs; nothing is written."""
        if self.job is not None:
            self.job.cancel()

    def _on_ended(self, job: Job, outcome: Outcome) -> None:
        self.job_changed.emit(job)
        if outcome.state is JobState.FAILED:
            self.failed.emit(outcome.message, outcome.hint)
        if outcome.state is JobState.DONE:
            folder = RunDir(job.run_dir)
            self._tasks.do(
                "Reading the ranking", lambda: read_answer(folder), self._take, key="explanation"
            )

    def _take(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.explained.emit(explanation)
        self._list_rankings()

    # -- rankings ------------------------------------------------------------------------------

    def _list_rankings(self) -> None:
        tissue = self._bench.tissue
        if tissue is None or tissue.path is None:
            self.rankings = ()
            self.rankings_changed.emit(())
            return
        path = tissue.path

        def work() -> tuple[str, ...]:
            from napari_tessera.data.genes import ranking_names

            return ranking_names(path)

        self._tasks.do("Listing rankings", work, self._take_rankings, key="rankings")

    def _take_rankings(self, names: tuple[str, ...]) -> None:
        self.rankings = names
        self.rankings_changed.emit(names)

    def show(self, name: str) -> None:
        """Read a ranking that is in the store; `explained` follows."""
        tissue = self._bench.tissue
        if tissue is not None and tissue.path is not None:
            path = tissue.path
            self._tasks.do(
                "Reading the ranking", lambda: read_explanation(path, name), self._take,
                key="explanation",
            )  # fmt: skip

    def average(self, explanation: Explanation) -> None:
        """Average the first genes over groups of the compared cells; `averaged` follows."""
        shown, regions, xy = self._bench.shown, self.regions, self.places(explanation)
        types = None
        if shown is not None and shown.name == explanation.ranking.contrast.run:
            placement = shown.result.placement
            types = None if placement is None else placement.cell_types
        own = None if types is None else types[explanation.rows]

        def work() -> GeneHeat:
            from napari_tessera.workbench.grouping import groups_for

            return heat_of(explanation, groups_for(explanation, regions, xy, own))

        self._tasks.do("Averaging", work, lambda heat: self.averaged.emit(heat), key="heat")

    def places(self, explanation: Explanation) -> np.ndarray:
        """Places of the compared cells, shape (n, 2), float64, in the coordinates on the screen."""
        shown, view = self._bench.shown, self._bench.view
        if shown is None or view is None or shown.result.placement is None:
            return explanation.xy
        if shown.name != explanation.ranking.contrast.run:
            return explanation.xy
        from napari_tessera.viewer.placement import world_xy

        system = shown.provenance.origin.selection.coordinate_system or ""
        return np.asarray(world_xy(shown.result.placement, view, system)[explanation.rows])

    def close(self, timeout_s: float = 1.0) -> None:
        """Stop what runs and drop what is under way."""
        self._tasks.close(timeout_s)
        self._runner.close(timeout_s)
