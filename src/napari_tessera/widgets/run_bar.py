"""Run, Finish now, Cancel, Resume; progress with time left; a failure, said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from napari_tessera.contract.state import JobState
from napari_tessera.widgets.parts import button, words
from napari_tessera.workbench.panel import Panel, PanelState

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.progress import Progress
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job

FINE = 1000
"""Steps of the bar."""

SHORTCUTS = ("Ctrl+Return", "Ctrl+Shift+Return", "Ctrl+Shift+Backspace")
"""Of Run, Finish now and Cancel."""


class RunBar(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Buttons and progress of the job that runs.

    Parameters
    ----------
    panel : Panel
        What the buttons may do.
    run, resume : callable
        What two of them do.
    """

    def __init__(self, panel: Panel, run: Callable[[], None], resume: Callable[[], None]) -> None:
        super().__init__()
        self._panel = panel
        self._stopping: Job | None = None
        self.run = button(
            "Run", "Train in the background; nothing is written before it is done", run
        )
        self.finish = button("Finish now", "End training and keep the result as it is", self._end)
        self.cancel = button("Cancel", "Stop, and keep a checkpoint to resume from", self._cancel)
        self.resume = button("Resume", "Go on from the last checkpoint", resume)
        self.bar = QuietBar()
        self.bar.setRange(0, FINE)
        self.bar.setTextVisible(False)
        self.story = words("Nothing is running.")
        self.failure = Failure(panel.dismiss)
        for made, keys in zip((self.run, self.finish, self.cancel), SHORTCUTS, strict=True):
            made.setShortcut(keys)
            made.setToolTip(f"{made.toolTip()} ({keys})")
        self._lay_out()
        panel.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        places = ((self.run, 0, 0), (self.finish, 0, 1), (self.cancel, 1, 0), (self.resume, 1, 1))
        for widget, row, at in places:
            grid.addWidget(widget, row, at)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(grid)
        for widget in (self.bar, self.story, self.failure):
            column.addWidget(widget)

    def refresh(self, *_: object) -> None:
        """Bring everything in line with the panel."""
        panel = self._panel
        self.run.setEnabled(panel.can_run)
        self.run.setText("Queue" if panel.state is PanelState.RUNNING else "Run")
        stopping = panel.job is not None and self._stopping is panel.job
        self.finish.setEnabled(panel.can_finish and not stopping)
        self.cancel.setEnabled(panel.can_cancel and not stopping)
        self.resume.setEnabled(panel.can_resume)
        failed = panel.state is PanelState.FAILED
        self.failure.say(panel.outcome if failed else None)
        if panel.job is not None:
            self._tell(panel.job, stopping=stopping)
        else:
            self.bar.setValue(0)
            self.story.setText("Nothing is running.")

    def _tell(self, job: Job, *, stopping: bool) -> None:
        """Say in words where the job is."""
        progress, outcome = job.progress, self._panel.outcome
        self.bar.setValue(int(FINE * progress.fraction) if progress is not None else 0)
        if outcome is not None:
            self._tell_end(job, outcome)
        elif stopping:
            self.story.setText(f"{job.title} is stopping; a checkpoint is being kept…")
        elif progress is None:
            waits = "waits in the queue" if job.state is JobState.QUEUED else "is starting"
            self.story.setText(f"{job.title} {waits}…")
        else:
            self.story.setText(f"{job.title}: {progress_words(progress)}")

    def _tell_end(self, job: Job, outcome: Outcome) -> None:
        self._stopping = None
        if outcome.state is JobState.DONE:
            self.bar.setValue(FINE)
            remark = "" if job.progress is None else job.progress.message
            self.story.setText(f"{job.title} is done. {remark}".strip())
        elif outcome.state is JobState.CANCELLED:
            kept = " Resume goes on from the checkpoint." if outcome.resumable else ""
            self.story.setText(f"{job.title} was cancelled.{kept}")
        else:
            self.story.setText(f"{job.title} failed.")

    def _end(self) -> None:
        self._panel.finish()
        self.finish.setEnabled(False)

    def _cancel(self) -> None:
        self._stopping = self._panel.job
        self._panel.cancel()
        self.refresh()


class QuietBar(QProgressBar):  # type: ignore[misc]  # Qt comes without types
    """Progress bar that is painted together with everything else, not at once by itself."""

    def setValue(self, value: int) -> None:
        """Set the value and have it painted soon."""
        self.setUpdatesEnabled(False)
        super().setValue(value)
        self.setUpdatesEnabled(True)


class Failure(QFrame):  # type: ignore[misc]  # Qt comes without types
    """What went wrong and what to do, until it is dismissed.

    Parameters
    ----------
    dismiss : callable
        Puts it away.
    """

    def __init__(self, dismiss: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("tesseraFailure")
        self.setStyleSheet("#tesseraFailure { border: 1px solid #d55e00; border-radius: 4px; }")
        self.message = words()
        self.hint = words()
        self.put_away = button("Dismiss", "Put this message away", dismiss)
        column = QVBoxLayout(self)
        column.addWidget(self.message)
        column.addWidget(self.hint)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.put_away)
        column.addLayout(row)
        self.hide()

    def say(self, outcome: Outcome | None) -> None:
        """Show a failure; None hides it."""
        if outcome is not None:
            self.message.setText(outcome.message)
            self.hint.setText(outcome.hint)
        self.setVisible(outcome is not None)


def progress_words(progress: Progress) -> str:
    """Say stage, step and time left as a person would."""
    steps = f" {progress.step:,} of {progress.n_steps:,}" if progress.n_steps else ""
    left = progress.left_s
    return f"{progress.stage}{steps}{'' if left is None else ', about ' + duration(left) + ' left'}"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
