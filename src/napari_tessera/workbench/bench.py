"""What one open viewer is doing, and the verbs that change it. Knows no Qt.

Everything here is read and changed on one thread, the window's. Threads and child processes hand
their answers over through `post`, so every signal arrives on the window's thread too.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_tessera.contract.errors import TesseraError
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.state import JobState
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.workbench import reading
from napari_tessera.workbench.checking import NOTHING_CHECKED, Answer, Asked, Checker, Question
from napari_tessera.workbench.launching import Launch, Launcher, Recipe, prepare_launch
from napari_tessera.workbench.shelf import Shelf
from napari_tessera.workbench.tasks import Tasks, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.report import Report
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.contract.views import TissueView
    from napari_tessera.data.choices import ReferenceChoices, TissueChoices
    from napari_tessera.data.read import Tissue
    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.data.write import RunSummary
    from napari_tessera.jobs.job import Job
    from napari_tessera.jobs.runner import Runner
    from napari_tessera.workbench.losses import LossTrace
    from napari_tessera.workbench.reading import OpenedReference, OpenedTissue

    Post = Callable[[Callable[[], None]], None]

_DRAWN = {"table", "region", "coordinate_system", "image"}


class Bench:
    """State, signals and verbs of one open viewer.

    Parameters
    ----------
    post : callable
        Takes a callable and has it called on the window's thread, soon and in order.
    runner : Runner, optional
        Runs the jobs; one with a child process per job is made when it is first needed.

    Attributes
    ----------
    origin, view, choices : reading.Origin, TissueView or None, TissueChoices or None
        Paths of the open tissue, what is drawn of it, and what can be chosen in it.
    tasks : Tasks
        What is done in the background, off the window's thread.
    reference : Path, AnnData or None
        Where the reference comes from.
    reference_choices : ReferenceChoices or None
        What can be chosen in it.
    selection : Selection
        What is chosen, defaults filled in.
    report : Report or None
        What the gate says of that selection; None while it is being asked.
    closed : bool
        Whether the window has gone.
    """

    busy_changed = Signal(str)
    failed = Signal(str, str)
    said = Signal(str)
    tissue_opened = Signal(object)
    reference_opened = Signal(object)
    selection_changed = Signal(object)
    checking = Signal()
    checked = Signal(object)
    job_changed = Signal(object)
    job_ended = Signal(object, object)
    previewed = Signal(object, object)
    runs_changed = Signal(tuple)
    run_loaded = Signal(object)

    def __init__(self, post: Post, runner: Runner | None = None) -> None:
        self.view: TissueView | None = None
        self.choices: TissueChoices | None = None
        self.reference: Any = None
        self.reference_choices: ReferenceChoices | None = None
        self.selection = Selection()
        self.question = Asked()
        self.report: Report | None = None
        self.closed = False
        self.origin = reading.Origin()
        self._answer: Answer | None = None
        self._at_work: dict[str, Tissue | None] = {}
        self.tasks = Tasks(post, self.failed.emit)
        # psygnal 0.16 mixes signals up whose `emit` is connected as it is: hence the lambdas
        self.tasks.changed.connect(lambda what: self.busy_changed.emit(what))
        self._checker = Checker(self.tasks.errands)
        self._launcher = Launcher(self._unless_closed(post), self.tasks.errands, runner)
        self._shelf = Shelf(self.tasks, self._launcher)
        self._shelf.runs_changed.connect(lambda runs: self.runs_changed.emit(runs))
        self._shelf.loaded.connect(lambda run: self.run_loaded.emit(run))
        self._launcher.changed.connect(lambda job: self.job_changed.emit(job))
        self._launcher.previewed.connect(self._on_job_previewed)
        self._launcher.ended.connect(self._on_job_ended)

    def _unless_closed(self, post: Post) -> Post:
        """Drop what jobs say when the window, and all that listened in it, has gone."""
        return lambda work: post(lambda: None if self.closed else work())

    def open_tissue(
        self,
        source: Any,  # noqa: ANN401 - a path, a SpatialData or an AnnData
        *,
        image: Path | None = None,
        image_scale: PictureScale = 1.0,
    ) -> None:
        """Open a tissue in the background; `tissue_opened` follows.

        Parameters
        ----------
        source : path, SpatialData or AnnData
            What to open.
        image, image_scale : optional
            Picture that lies beside the table, and its pixels per unit of the spots' coordinates.
        """
        selection = self.selection
        self.tasks.do(
            f"Opening {reading.short_name(source)}",
            lambda: reading.read_tissue(source, selection, image=image, image_scale=image_scale),
            self._take_tissue,
            key="tissue",
        )

    def open_reference(self, source: Any) -> None:  # noqa: ANN401 - a path or an AnnData
        """Read a reference in the background; `reference_opened` follows.

        Parameters
        ----------
        source : path or AnnData
            The annotated single cells.
        """
        tissue, selection = self.tissue, self.selection
        self.tasks.do(
            f"Reading {reading.short_name(source)}",
            lambda: reading.read_reference(source, tissue, selection),
            self._take_reference,
            key="reference",
        )

    def open_sample(self, *, real: bool) -> None:
        """Open sample data: real ones where they are at hand and wanted, else planted ones."""
        self.tasks.do(
            "Making the sample",
            lambda: reading.make_sample(real=real),
            self._open_both,
            key="tissue",
        )

    def _open_both(self, paths: SamplePaths) -> None:
        self.said.emit(f"Sample: {paths.name}")
        self.open_tissue(paths.tissue)
        self.open_reference(paths.reference)

    def select(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Selection
        """Change what is chosen; view and report follow.

        Parameters
        ----------
        **changes
            Fields of `Selection` with their new values.
        """
        selection = dataclasses.replace(self.selection, **changes)
        if selection == self.selection:
            return
        self.selection = selection
        self.selection_changed.emit(selection)
        tissue = self.tissue
        if tissue is not None and _DRAWN & set(changes):
            opened = self.origin
            self.tasks.do(
                "Drawing",
                lambda: reading.look_at(opened, tissue, selection),
                self._take_tissue,
                key="tissue",
            )
        else:
            self._check()

    def ask(self, asked: Asked) -> None:
        """Say what a person wants to know; what that needs is prepared anew where it differs.

        Parameters
        ----------
        asked : Asked
            Question, method and genes.
        """
        before, self.question = self.question, asked
        if not asked.prepared_like(before):
            self._check()

    def _take_tissue(self, opened: OpenedTissue) -> None:
        self.origin = opened.origin
        self.choices, self.selection, self.view = opened.choices, opened.selection, opened.view
        self.tissue = opened.tissue  # layers ask for it
        self.tissue_opened.emit(opened.view)
        self.selection_changed.emit(self.selection)
        self._shelf.change(opened.tissue, opened.runs)
        self._check()

    def _take_reference(self, opened: OpenedReference) -> None:
        self.reference, self.reference_choices = opened.source, opened.choices
        chosen = {name: getattr(opened.selection, name) for name in reading.REFERENCE_FIELDS}
        self.selection = dataclasses.replace(self.selection, **chosen)
        self.reference_opened.emit(opened.choices)
        self.selection_changed.emit(self.selection)
        self._check()

    def _check(self) -> None:
        """Ask the gate about the present selection; an answer to an older one is dropped."""
        self.report, self._answer = None, None
        if self.tissue is None:
            return
        self.checking.emit()
        question = Question(
            tissue=self.tissue,
            origin=self.origin,
            reference=self.reference,
            selection=self.selection,
            asked=self.question,
        )
        self.tasks.do(
            "Checking", lambda: self._checker.ask(question), self._take_answer, key="check"
        )

    def _take_answer(self, answer: Answer | None) -> None:
        if answer is not None:
            self.report, self._answer = answer.report, answer
            self.checked.emit(answer.report)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of this window, oldest first."""
        return self._launcher.jobs

    @property
    def can_run(self) -> bool:
        """Whether the gate has nothing against a run of the present selection."""
        return self._answer is not None and self._answer.stage is not None

    def run(
        self, method: str, options: Options, *, in_process: bool = False, again: bool = False
    ) -> Job | None:
        """Start a fit in the background, go on with one, or show one that is there already.

        Parameters
        ----------
        method : str
            Name in ``METHODS``.
        options : Options
            Of that method.
        in_process, again : bool
            Fit in a thread of this process instead of a child process; compute an identical run
            once more, under a further name.

        Returns
        -------
        Job or None
            None if nothing was started: an identical run is shown, or `failed` says why.
        """
        taken = self._shelf.names
        try:
            launch = prepare_launch(
                self._answer or NOTHING_CHECKED,
                Recipe(task=self.question.task, method=method, options=options),
                taken=taken,
                again=again,
            )
        except (TesseraError, OSError) as error:
            self.failed.emit(*words_of(error))
            return None
        under_way = next((j for j in self.jobs if j.name == launch.name and not j.outcome), None)
        if under_way is not None:
            self.said.emit(f"{launch.name} is being computed already.")
            return None
        if launch.finished or (launch.name in taken and not again):
            self.said.emit(f"{launch.name} was computed before; it is shown.")
            self._shelf.load(launch.name)
            if self.tissue is not None and launch.name not in taken:
                self._shelf.keep(self.tissue, launch.run_dir)
            return None
        return self._start(launch, in_process=in_process)

    def resume(self, job: Job, *, in_process: bool = False) -> Job:
        """Go on with a job that was cancelled or failed, from its last checkpoint."""
        launch = Launch(name=job.name, title=job.title, run_dir=RunDir(job.run_dir), finished=False)
        return self._start(launch, in_process=in_process)

    def painted(self, seconds: float) -> None:
        """Heed how long the window takes to paint what a job says: the longer, the seldomer."""
        self._launcher.painted(seconds)

    def losses(self, job: Job) -> LossTrace:
        """Loss curves of a job so far."""
        return self._launcher.losses(job)

    def _start(self, launch: Launch, *, in_process: bool) -> Job:
        job = self._launcher.start(launch, in_process=in_process)
        self._at_work.setdefault(job.name, self.tissue)
        self.job_changed.emit(job)
        return job

    def _on_job_previewed(self, job: Job, xy: NDArray[np.float64]) -> None:
        if self._at_work.get(job.name) is self.tissue:
            self.previewed.emit(job, xy)

    def _on_job_ended(self, job: Job, outcome: Outcome) -> None:
        self.job_ended.emit(job, outcome)
        tissue = self._at_work.get(job.name)
        if outcome.state is JobState.DONE and tissue is not None and not self.closed:
            if tissue is self.tissue:
                self._shelf.load(job.name, RunDir(job.run_dir))
            self._shelf.keep(tissue, RunDir(job.run_dir))

    @property
    def tissue(self) -> Tissue | None:
        """The open tissue."""
        return self._shelf.tissue

    @tissue.setter
    def tissue(self, tissue: Tissue | None) -> None:
        self._shelf.tissue = tissue

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """Runs in this tissue, newest first."""
        return self._shelf.runs

    @property
    def shown(self) -> Run | None:
        """Run that is on the canvas."""
        return self._shelf.shown

    @shown.setter
    def shown(self, run: Run | None) -> None:
        self._shelf.shown = run

    def look_again(self) -> None:
        """List the runs anew if another program has written into the store."""
        self._shelf.look_again()

    def show_run(self, name: str) -> None:
        """Load the run of that name; `run_loaded` follows."""
        self._shelf.load(name)

    def delete_run(self, name: str) -> None:
        """Delete the run of that name from the store; `runs_changed` follows."""
        self._shelf.delete(name)

    def keep_tissue(self, out: Path) -> None:
        """Write a tissue without a store, runs and all, into the new store `out`; open that."""
        tissue = self.tissue
        if tissue is not None:
            self.tasks.do(
                f"Writing {out.name}",
                lambda: reading.write_tissue(tissue, out),
                lambda _: self.open_tissue(out),
            )

    @property
    def busy(self) -> str:
        """What is being done at this moment; empty when nothing is."""
        return self.tasks.what

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop every job with a checkpoint and drop all that is under way.

        Parameters
        ----------
        timeout_s : float
            Longest wait in seconds.
        """
        if self.closed:
            return
        self.closed = True
        until = time.monotonic() + timeout_s
        self._launcher.close(max(0.1, 0.8 * timeout_s))
        self.tasks.close(max(0.05, until - time.monotonic()))
        self._checker.close()
