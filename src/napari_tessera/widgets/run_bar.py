"""Run, Finish now, Cancel, Resume; progress with time left; the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QProgressBar, QVBoxLayout, QWidget

from napari_tessera.contract.state import JobState
from napari_tessera.widgets.parts import button, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.jobs.job import Job


class RunBar(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Buttons and progress of the job that runs.

    Parameters
    ----------
    run, resume : callable
        What the two buttons do.
    """

    def __init__(self, run: Callable[[], None], resume: Callable[[], None]) -> None:
        super().__init__()
        self.job: Job | None = None
        self.run = button(
            "Run", "Train in the background (nothing is written before it is done)", run
        )
        self.finish = button(
            "Finish now", "Stop training and keep the result as it is", self._finish
        )
        self.cancel = button("Cancel", "Stop and keep a checkpoint to resume from", self._cancel)
        self.resume = button("Resume", "Go on from the last checkpoint", resume)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.story = words("Nothing is running.")
        grid = QGridLayout()
        places = ((self.run, 0, 0), (self.finish, 0, 1), (self.cancel, 1, 0), (self.resume, 1, 1))
        for widget, row, at in places:
            grid.addWidget(widget, row, at)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(grid)
        column.addWidget(self.bar)
        column.addWidget(self.story)
        self.show_job(None, can_run=False)

    def show_job(self, job: Job | None, *, can_run: bool) -> None:
        """Show how a job stands.

        Parameters
        ----------
        job : Job or None
            The newest one.
        can_run : bool
            Whether a further one may be started.
        """
        self.job = job
        state = None if job is None else job.state
        running = state in {JobState.RUNNING, JobState.QUEUED}
        self.run.setEnabled(can_run)
        self.finish.setEnabled(state is JobState.RUNNING)
        self.cancel.setEnabled(running)
        outcome = None if job is None else job.outcome
        self.resume.setEnabled(outcome is not None and outcome.resumable and not running)
        if job is not None:
            self._tell(job)

    def _tell(self, job: Job) -> None:
        """Say in words where the job is."""
        if job.outcome is not None:
            self.bar.setValue(1000 if job.outcome.state is JobState.DONE else self.bar.value())
            said = {JobState.DONE: "Done.", JobState.CANCELLED: "Cancelled; a checkpoint is kept."}
            text = said.get(job.outcome.state, f"Failed: {job.outcome.message} {job.outcome.hint}")
            self.story.setText(f"{job.title} ({job.name}): {text}")
            return
        progress = job.progress
        if progress is None:
            waits = "waits in the queue" if job.state is JobState.QUEUED else "is starting"
            self.story.setText(f"{job.title} {waits}…")
            self.bar.setValue(0)
            return
        self.bar.setValue(int(1000 * progress.fraction))
        left = progress.left_s
        ends = "" if left is None else f", about {left:.0f} s left"
        steps = f" {progress.step} of {progress.n_steps}" if progress.n_steps else ""
        self.story.setText(f"{job.title}: {progress.stage}{steps}{ends}")

    def _finish(self) -> None:
        if self.job is not None:
            self.job.finish()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.story.setText("Stopping; a checkpoint is being kept…")
