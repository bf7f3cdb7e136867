"""Jobs in napari's activity area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.contract.state import JobState

if TYPE_CHECKING:
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench

STEPS = 1000
"""Fineness of the bar."""


class Activity:
    """Shows every running job as a bar.

    Parameters
    ----------
    bench : Bench
        Whose jobs are shown.
    """

    def __init__(self, bench: Bench) -> None:
        self._bars: dict[str, Any] = {}
        bench.job_changed.connect(self._on_changed)
        bench.job_ended.connect(self._on_ended)

    def _on_changed(self, job: Job) -> None:
        if job.state is not JobState.RUNNING or job.outcome is not None:
            return
        if job.name not in self._bars:
            self._begin(job)
        if job.progress is not None:
            bar = self._bars[job.name]
            bar.set_description(f"{job.title}: {job.progress.stage}")
            bar.update(int(job.progress.fraction * STEPS) - bar.n)

    def _begin(self, job: Job) -> None:
        from napari.utils import progress

        self._bars[job.name] = progress(total=STEPS, desc=job.title)

    def _on_ended(self, job: Job, _outcome: Outcome) -> None:
        bar = self._bars.pop(job.name, None)
        if bar is not None:
            bar.close()

    def close(self) -> None:
        """Take all bars away."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
