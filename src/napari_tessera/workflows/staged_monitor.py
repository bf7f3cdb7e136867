"""Several fits in a row, shown to the watcher as one."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Monitor, Progress, Verdict
    from napari_tessera.contract.state import State


class StagedMonitor:
    """Passes on to a monitor, with fractions and seconds counted over the whole run.

    Parameters
    ----------
    monitor : Monitor
        Who watches the run.
    began : float
        `time.monotonic` at the beginning of the run.
    span : tuple of float
        Where this stage begins and ends, as fractions of the run.
    title : str
        Put before the name of every stage; empty for none.
    """

    def __init__(
        self, monitor: Monitor, *, began: float, span: tuple[float, float], title: str = ""
    ) -> None:
        self._monitor = monitor
        self._began = began
        self._span = span
        self._title = title

    def report(self, progress: Progress) -> Verdict:
        """Pass progress on.

        Raises
        ------
        FitCancelled
            If the watcher asks to stop.
        """
        low, high = self._span
        share = min(1.0, max(0.0, progress.fraction))
        return self._monitor.report(
            dataclasses.replace(
                progress,
                stage=f"{self._title}: {progress.stage}" if self._title else progress.stage,
                fraction=low + (high - low) * share,
                elapsed_s=time.monotonic() - self._began,
            )
        )

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Pass the offer on."""
        self._monitor.checkpoint(make_state)

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Pass the offer on."""
        self._monitor.preview(make_xy)


class QuickStageMonitor(StagedMonitor):
    """For a stage that is over in seconds: it keeps no checkpoints, so it can never be resumed."""

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Keep nothing: a checkpoint of this stage would be taken for one of the next."""
