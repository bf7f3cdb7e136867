"""From a prepared selection to a job, and from its result into the store."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.backends import ChildBackend, ThreadBackend
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.jobs.runner import JobSpec, Runner
from napari_tessera.methods import get_method
from napari_tessera.workbench.losses import LossTrace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.method import Task
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import JobState, Outcome
    from napari_tessera.data.read import Tissue
    from napari_tessera.jobs.backends import Backend
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.checking import Answer


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A run directory in its place.

    Parameters
    ----------
    name, title : str
        Name of the run, and words for people.
    run_dir : RunDir
        Where it lies.
    finished : bool
        Whether its result lies there already.
    """

    name: str
    title: str
    run_dir: RunDir
    finished: bool


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is to be fitted.

    Parameters
    ----------
    task : Task
        Question.
    method : str
        Name in ``METHODS``.
    options : Options
        Of that method.
    """

    task: Task
    method: str
    options: Options


def prepare_launch(
    answer: Answer, recipe: Recipe, *, taken: Collection[str] = (), again: bool
) -> Launch:
    """Give a run its name, and its directory the inputs that were prepared when it was checked.

    Parameters
    ----------
    answer : Answer
        Of the gate, with a prepared directory.
    recipe : Recipe
        Question, method and options.
    taken : collection of str
        Names that the store holds already.
    again : bool
        Whether an identical run gets a further name.

    Raises
    ------
    InputError
        If nothing was prepared.
    """
    if answer.stage is None or answer.root is None or not answer.stage.ready:
        msg = "Expected a tissue and a reference that fit each other, found none."
        raise InputError(msg, "Open both in the Tissue dock, and mend what it lists.")
    spec = dataclasses.replace(
        answer.stage.spec,
        task=str(recipe.task),
        method=recipe.method,
        options=recipe.options.to_json(),
    )
    name, salt = spec.run_name(answer.fingerprint), 0
    while again and (name in taken or (answer.root / name).exists()):
        salt += 1
        name = spec.run_name(answer.fingerprint, str(salt))
    run_dir = RunDir(answer.root / name)
    if not run_dir.ready:
        _fill(run_dir, answer.stage, name)
        run_dir.write_spec(spec)
    title = get_method(recipe.method).title
    return Launch(name=name, title=title, run_dir=run_dir, finished=run_dir.finished)


def _fill(run_dir: RunDir, stage: RunDir, name: str) -> None:
    """Bring the prepared inputs over; files that are never changed can be shared."""
    from napari_tessera.workflows.prepare import relative_directory

    run_dir.path.mkdir(parents=True, exist_ok=True)
    for file in stage.path.glob("inputs.*"):
        _share(file, run_dir.path / file.name)
    note = stage.read_note("prepared") or {}
    place = relative_directory(run_dir, name, stage.spec)
    run_dir.write_note("prepared", {**note, "run": name, "run_directory": place})


def _share(file: Path, target: Path) -> None:
    """Link a file, or copy it where it cannot be linked."""
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


REST, LONGEST_REST_S = 300.0, 2.5
"""Pause between two news of a fit, in times of what painting the last took, and in seconds: where
painting is slow, without a graphics card, the window is told less often and stays free."""


class Launcher:
    """Submits jobs, and carries what they say to the window's thread.

    Parameters
    ----------
    post : callable
        Takes a callable and has it called on the window's thread.
    errands : Errands
        Starts the child process that writes into the store.
    runner : Runner, optional
        Runs the jobs.
    """

    changed = Signal(object)
    previewed = Signal(object, object)
    ended = Signal(object, object)

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        errands: Errands,
        runner: Runner | None = None,
    ) -> None:
        self._post = post
        self._errands = errands
        self._runner = Runner() if runner is None else runner
        self._lock = threading.Lock()
        self._told: set[Job] = set()
        self._said: dict[Job, JobState] = {}
        self._told_at = self._rest_s = 0.0
        self._over: set[Job] = set()
        self._losses: dict[str, LossTrace] = {}
        self._placed: dict[Job, NDArray[np.float64]] = {}
        self.jobs: tuple[Job, ...] = ()

    def start(self, launch: Launch, *, in_process: bool) -> Job:
        """Queue a fit.

        Parameters
        ----------
        launch : Launch
            Directory in its place.
        in_process : bool
            Fit in a thread of this process instead of a child process.
        """
        backend = _thread_backend() if in_process else ChildBackend()
        spec = JobSpec(
            name=launch.name, title=launch.title, run_dir=launch.run_dir.path, backend=backend
        )
        job = self._runner.submit(spec)
        self.jobs = (*self.jobs, job)
        job.changed.connect(self._on_changed)
        job.previewed.connect(self._on_previewed)
        job.ended.connect(self._on_ended)
        if job.outcome is not None:  # it ended before anyone could listen
            self._on_ended(job, job.outcome)
        return job

    def _on_changed(self, job: Job) -> None:
        """Tell the window once, however often a job speaks before it listens."""
        with self._lock:
            if job in self._told:
                return
            self._told.add(job)
        self._post(lambda: self._tell(job))

    def _tell(self, job: Job) -> None:
        """Note the losses, and tell the window unless it has only just been told."""
        with self._lock:
            self._told.discard(job)
        if job.progress is not None:
            self.losses(job).take(job.progress)
        now = time.monotonic()
        if job.state is self._said.get(job) and now < self._told_at + self._rest_s:
            return
        self._said[job] = job.state
        self._told_at = now
        self.changed.emit(job)
        placed = self._placed.pop(job, None)
        if placed is not None:
            self.previewed.emit(job, placed)

    def painted(self, seconds: float) -> None:
        """Rest in proportion to what it took the window to paint what it was told.

        Parameters
        ----------
        seconds : float
            Time that painting took.
        """
        self._rest_s = min(REST * seconds, LONGEST_REST_S)

    def losses(self, job: Job) -> LossTrace:
        """Loss curves of a job so far; one that is resumed goes on with its own."""
        return self._losses.setdefault(job.name, LossTrace())

    def _on_previewed(self, job: Job, path: Path) -> None:
        """Keep the newest places until the window is told of the job, and painted, anyway."""
        xy = _read_preview(path)
        if xy is not None:
            self._placed[job] = xy
            self._on_changed(job)

    def _on_ended(self, job: Job, outcome: Outcome) -> None:
        with self._lock:
            if job in self._over:
                return
            self._over.add(job)
        self._post(lambda: self.ended.emit(job, outcome))

    def commit(self, run_dir: RunDir, run: Run, tissue: Tissue | None) -> None:
        """Write a result where it belongs; call it from a thread.

        Parameters
        ----------
        run_dir : RunDir
            Directory of the finished run.
        run : Run
            The same run, for a tissue that lives in memory only.
        tissue : Tissue or None
            What is open; for one with a store a child process writes.
        """
        from napari_tessera.workflows.prepare import store_of

        if store_of(run_dir.spec) is not None:
            self._errands.ask_child(["commit", "--run-dir", str(run_dir.path)], survives=True)
        elif tissue is not None and tissue.path is None:
            from napari_tessera.data.write import list_runs, write_run

            if run.name not in {summary.name for summary in list_runs(tissue.sdata)}:
                write_run(tissue.sdata, run)

    def delete(self, tissue: Tissue, name: str) -> None:
        """Delete a run from its store; call it from a thread."""
        if tissue.path is not None:
            self._errands.ask_child(["runs", str(tissue.path), "--delete", name], survives=True)
            return
        from napari_tessera.workflows.verbs import delete

        delete(tissue.sdata, name)

    def directory(self, tissue: Tissue, name: str) -> RunDir:
        """Directory in which a run of this tissue lies, if it is still there."""
        return RunDir(run_root(tissue.path, tissue.title) / name)

    def close(self, timeout_s: float) -> bool:
        """Cancel every job and wait; False if one did not end in time."""
        return self._runner.close(timeout_s)


def _thread_backend() -> Backend:
    from napari_tessera.workflows.unit import solve

    return ThreadBackend(work=solve)


def _read_preview(path: Path) -> NDArray[np.float64] | None:
    """Read coordinates; one that was replaced meanwhile is not worth a word."""
    import numpy as np

    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (OSError, ValueError):
        return None
