"""A queue of jobs: so many at a time, each with a thread that supervises it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.backends import Backend, ChildBackend
from napari_tessera.jobs.job import Job
from napari_tessera.jobs.outcome import outcome_of
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What to do, and where.

    Parameters
    ----------
    name : str
        Name of the run.
    title : str
        Words for people.
    run_dir : Path
        Prepared run directory.
    backend : Backend
        `ChildBackend` or `ThreadBackend`.
    """

    name: str
    title: str
    run_dir: Path
    backend: Backend = field(default_factory=ChildBackend)


class Runner:
    """Runs jobs in the order in which they were submitted.

    Parameters
    ----------
    max_running : int
        Jobs at the same time.
    """

    def __init__(self, max_running: int = 1) -> None:
        self._max_running = max_running
        self._lock = threading.RLock()
        self._waiting: list[tuple[Job, Backend]] = []
        self._running: dict[Job, threading.Thread] = {}
        self._jobs: list[Job] = []
        self._closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs that were submitted, oldest first."""
        with self._lock:
            return tuple(self._jobs)

    def submit(self, spec: JobSpec) -> Job:
        """Queue a job; it starts as soon as there is room.

        Parameters
        ----------
        spec : JobSpec
            What to do.

        Raises
        ------
        RuntimeError
            If the runner was closed.
        """
        job = Job(spec.name, spec.title, spec.run_dir)
        with self._lock:
            if self._closed:
                msg = "this runner was closed"
                raise RuntimeError(msg)
            self._jobs.append(job)
            self._waiting.append((job, spec.backend))
        job.enqueue(lambda command: self._withdraw(job) if command == "cancel" else None)
        self._start_next()
        return job

    def _withdraw(self, job: Job) -> None:
        """Take a job that has not begun out of the queue, and end it."""
        with self._lock:
            waiting = [entry for entry in self._waiting if entry[0] is job]
            self._waiting = [entry for entry in self._waiting if entry[0] is not job]
        for entry in waiting:
            entry[0].end(_not_begun(entry[0]))

    def close(self, timeout_s: float = 2.0) -> bool:
        """Cancel everything and wait for it; every run can be resumed.

        Parameters
        ----------
        timeout_s : float
            Longest time to wait.

        Returns
        -------
        bool
            Whether everything has ended.
        """
        with self._lock:
            self._closed = True
            waiting = [job for job, _ in self._waiting]
            running = dict(self._running)
        for job in waiting:
            self._withdraw(job)
        for job in running:
            job.cancel()
        deadline = time.monotonic() + timeout_s
        for thread in running.values():
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in running.values())

    def _start_next(self) -> None:
        """Start waiting jobs while there is room."""
        with self._lock:
            while self._waiting and len(self._running) < self._max_running:
                job, backend = self._waiting.pop(0)
                thread = threading.Thread(
                    target=self._supervise,
                    args=(job, backend),
                    name=f"{job.name} supervisor",
                    daemon=backend.daemon,
                )
                self._running[job] = thread
                thread.start()

    def _supervise(self, job: Job, backend: Backend) -> None:
        """Run one job to its outcome, whatever happens."""
        try:
            outcome = _not_begun(job) if job.cancel_asked else backend.run(job)
        except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
            outcome = outcome_of(error, RunDir(job.run_dir))
        with self._lock:
            self._running.pop(job, None)
        try:
            job.end(outcome)
        finally:
            self._start_next()


def _not_begun(job: Job) -> Outcome:
    """Outcome of a job that was cancelled while it waited."""
    resumable = RunDir(job.run_dir).resumable
    return Outcome(state=JobState.CANCELLED, message="Cancelled.", resumable=resumable)
