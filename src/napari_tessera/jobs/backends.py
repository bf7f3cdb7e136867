"""Where a job's work is done: in a thread of this process, or in a child (see `supervise`)."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.monitor import RunDirMonitor
from napari_tessera.jobs.outcome import outcome_of
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.jobs.supervise import Supervision, fit_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_tessera.contract.progress import Monitor, Progress
    from napari_tessera.jobs.job import Job


class Backend(Protocol):
    """Does a job's work; blocks the thread it is called on until the outcome is known."""

    @property
    def daemon(self) -> bool:
        """Whether the interpreter may leave that thread behind."""
        ...

    def run(self, job: Job) -> Outcome:
        """Start the job, carry its progress, and give its outcome."""
        ...


@dataclass(frozen=True, kw_only=True)
class ChildBackend:
    """A supervised child process; the thread only reads lines.

    Parameters
    ----------
    command : callable
        Gives the command line for a run directory.
    environment : mapping of str to str
        Added to the child's environment.
    """

    command: Callable[[Path], list[str]] = fit_command
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def daemon(self) -> bool:
        """True: the child notices by itself that its parent is gone."""
        return True

    def run(self, job: Job) -> Outcome:
        """Start the child and watch it to its end."""
        return Supervision(job, self.command(job.run_dir), self.environment).watch()


@dataclass(frozen=True, kw_only=True)
class ThreadBackend:
    """A plain thread of this process, stopped by asking.

    Parameters
    ----------
    work : callable
        Takes the run directory and a monitor.
    """

    work: Callable[[RunDir, Monitor], object]

    @property
    def daemon(self) -> bool:
        """False: an interpreter that leaves a thread in torch behind may abort."""
        return False

    def run(self, job: Job) -> Outcome:
        """Do the work here; whatever it raises becomes the outcome."""
        run_dir = RunDir(job.run_dir)

        def emit(progress: Progress) -> None:
            if not threading.main_thread().is_alive():
                monitor.ask_cancel()
            job.advance(progress)

        def ask(command: str) -> None:
            {"finish": monitor.ask_finish, "cancel": monitor.ask_cancel}[command]()

        monitor = RunDirMonitor(run_dir, emit)
        job.start(ask)
        try:
            self.work(run_dir, monitor)
        except BaseException as error:  # noqa: BLE001 - the job's owner gets it as an outcome
            outcome = outcome_of(error, run_dir)
            if outcome.state is JobState.FAILED:
                run_dir.log("".join(traceback.format_exception(error)))
            return outcome
        return Outcome(state=JobState.DONE)
