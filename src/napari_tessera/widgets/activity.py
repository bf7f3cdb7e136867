"""Jobs in napari's activity area, and in the list that it reads out before it closes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QApplication, QLabel

from napari_tessera.contract.state import JobState
from napari_tessera.widgets.one_paint import one_paint
from napari_tessera.widgets.run_bar import progress_words

if TYPE_CHECKING:
    from collections.abc import Generator

    from qtpy.QtGui import QMovie

    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench

STEPS = 1000
"""Fineness of the bar."""

TELL_EVERY_S = 2.0
"""Time between two words on one bar: napari repaints its whole window for each of them."""

LOOK_EVERY_S = 0.2
"""Time between two looks of the thread that stands for a job in napari's task manager."""


class Activity:
    """Shows every running job as a bar, and stops it when napari stops its workers.

    Parameters
    ----------
    bench : Bench
        Whose jobs are shown.
    """

    def __init__(self, bench: Bench) -> None:
        self._bars: dict[Job, Any] = {}
        self._told_at: dict[Job, float] = {}
        self._signs: list[QMovie] = []
        self._warm = False
        bench.tissue_opened.connect(self._warm_up)
        bench.job_changed.connect(self._on_changed)
        bench.job_ended.connect(self._on_ended)

    def _warm_up(self, *_: object) -> None:
        """Make napari build its activity area now: the first bar costs 50 ms, the next ones 1."""
        from napari.utils import progress

        if not self._warm:
            progress(total=1).close()
            self._warm = True

    def _on_changed(self, job: Job) -> None:
        if job.state is not JobState.RUNNING or job.outcome is not None:
            return
        if job not in self._bars:
            self._begin(job)
        now = time.monotonic()
        if job.progress is not None and now - self._told_at.get(job, 0.0) >= TELL_EVERY_S:
            self._told_at[job] = now
            one_paint().then(lambda: self._tell(job))

    def _tell(self, job: Job) -> None:
        """Move bar and sign, in the round in which the Model dock is painted."""
        bar, progress = self._bars.get(job), job.progress
        if bar is not None and progress is not None:
            bar.set_description(f"{job.title}: {progress_words(progress)}")
            bar.update(max(0, int(progress.fraction * STEPS) - bar.n))
            for sign in self._signs:
                sign.jumpToNextFrame()

    def _begin(self, job: Job) -> None:
        from napari.utils import progress

        self._bars[job] = progress(total=STEPS, desc=job.title)
        self._signs = _signs()
        for sign in self._signs:
            sign.setPaused(True)
        _register(job)

    def _on_ended(self, job: Job, outcome: Outcome) -> None:  # noqa: ARG002 - the signal's shape
        bar = self._bars.pop(job, None)
        self._told_at.pop(job, None)
        if bar is not None:
            bar.close()

    def close(self) -> None:
        """Take all bars away."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()


def _signs() -> list[QMovie]:
    """Find the turning signs of napari's activity area.

    They are paused, and moved whenever a job is told of: by itself a sign turns 33 times a second,
    and each time the whole window is painted again.
    """
    labels = (w for w in QApplication.allWidgets() if isinstance(w, QLabel))
    return [label.movie() for label in labels if label.movie() is not None]


def _register(job: Job) -> None:
    """Have napari's task manager know of a job: it lists workers, so one waits for the job.

    The worker only looks whether the job has ended. If napari stops it, it stops the job.
    """
    from napari.qt.threading import create_worker

    def wait_for_job() -> Generator[None, None, None]:
        while not job.wait(LOOK_EVERY_S):
            yield

    wait_for_job.__qualname__ = f"{job.title} ({job.name})"
    worker = create_worker(wait_for_job)
    worker.aborted.connect(job.cancel)
    worker.start()
