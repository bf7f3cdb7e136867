"""What the Model dock may do now: idle, ready, running, then shown or failed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.contract.state import JobState, Outcome

if TYPE_CHECKING:
    from napari_tessera.contract.results import Run
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench


class PanelState(StrEnum):
    """Where a person stands."""

    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    SHOWN = "shown"
    FAILED = "failed"


class Panel:
    """State of the run buttons, derived from the bench.

    Parameters
    ----------
    bench : Bench
        Whose jobs are looked at.

    Attributes
    ----------
    job : Job or None
        The one that progress and curves belong to: running, else the newest.
    outcome : Outcome or None
        How it ended.
    """

    changed = Signal(object)
    """The `Panel`, after anything in it changed."""

    def __init__(self, bench: Bench) -> None:
        self.job: Job | None = None
        self.outcome: Outcome | None = None
        self._bench = bench
        self._shown = ""
        bench.job_changed.connect(self._on_job)
        bench.job_ended.connect(self._on_ended)
        bench.run_loaded.connect(self._on_run)
        for job in bench.jobs:
            self._on_job(job)
        for signal in (bench.checking, bench.checked, bench.tissue_opened):
            signal.connect(self._tell)

    @property
    def state(self) -> PanelState:
        """Where a person stands."""
        if self.job is not None and self.outcome is None:
            return PanelState.RUNNING
        if self.outcome is not None and self.outcome.state is JobState.FAILED:
            return PanelState.FAILED
        if self.job is not None and self._shown == self.job.name:
            return PanelState.SHOWN
        return PanelState.READY if self._bench.can_run else PanelState.IDLE

    @property
    def can_run(self) -> bool:
        """Whether Run starts or queues a fit."""
        return self._bench.can_run

    @property
    def can_finish(self) -> bool:
        """Whether there is a fit that can end early with what it has."""
        return self.job is not None and self.job.state is JobState.RUNNING

    @property
    def can_cancel(self) -> bool:
        """Whether there is a fit to stop."""
        return self.job is not None and not self.job.state.ended

    @property
    def can_resume(self) -> bool:
        """Whether the last fit stopped at a checkpoint."""
        return self.outcome is not None and self.outcome.resumable

    def finish(self) -> None:
        """Ask the running fit for its result as it stands."""
        if self.job is not None:
            self.job.finish()

    def cancel(self) -> None:
        """Ask the running fit to stop."""
        if self.job is not None:
            self.job.cancel()

    def resume(self, *, in_process: bool = False) -> None:
        """Go on with the fit that stopped."""
        if self.job is not None and self.can_resume:
            self._bench.resume(self.job, in_process=in_process)

    def dismiss(self) -> None:
        """Put a failure away that was read."""
        if self.outcome is not None and self.outcome.state is JobState.FAILED:
            self.job, self.outcome = None, None
            self._tell()

    def _on_job(self, job: Job) -> None:
        """Follow a job that runs; one that only waits is followed when nothing runs."""
        current_runs = self.job is not None and not self.job.state.ended
        if job is not self.job:
            if job.state.ended or (current_runs and job.state is not JobState.RUNNING):
                self._tell()
                return
            self.job, self.outcome = job, None
        self._tell()

    def _on_ended(self, job: Job, outcome: Outcome) -> None:
        if job is self.job:
            self.outcome = outcome
        self._tell()

    def _on_run(self, run: Run) -> None:
        self._shown = run.name
        self._tell()

    def _tell(self, *_: object) -> None:
        self.changed.emit(self)
