"""Jobs that wait, each with a way out of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_tessera.contract.state import JobState
from napari_tessera.widgets.parts import button, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_tessera.jobs.job import Job


class QueueList(QWidget):  # type: ignore[misc]  # Qt comes without types
    """One line per job that waits; hidden while none does."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Job, ...] = ()
        self._rows: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(words("<b>Waiting</b>"))
        self.hide()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs in the list."""
        return self._shown

    def show_jobs(self, jobs: Iterable[Job], current: Job | None) -> None:
        """Bring the list in line.

        Parameters
        ----------
        jobs : iterable of Job
            All jobs, oldest first.
        current : Job or None
            The one that is shown above already.
        """
        waiting = tuple(j for j in jobs if j.state is JobState.QUEUED and j is not current)
        if waiting == self._shown:
            return
        self._shown = waiting
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [self._row(job) for job in waiting]
        for row in self._rows:
            self._column.addWidget(row)
        self.setVisible(bool(waiting))

    def _row(self, job: Job) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(words(f"{job.title}<br><small>{job.name}</small>"), 1)
        line.addWidget(button("Remove", "Take this job out of the queue", job.cancel))
        return row
