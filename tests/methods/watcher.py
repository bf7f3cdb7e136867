"""A monitor for tests: it finishes or cancels when told to, and keeps what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.errors import FitCancelled
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.state import State


class Watcher(SilentMonitor):
    """Finishes or cancels at a given report, and keeps what it saw."""

    def __init__(self, *, finish_at: int = 0, cancel_at: int = 0) -> None:
        self.finish_at, self.cancel_at = finish_at, cancel_at
        self.seen: list[Progress] = []
        self.previews: list[NDArray[np.float64]] = []
        self.state: State | None = None
        self.make: Callable[[], State] | None = None

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        self.make = make_state

    def report(self, progress: Progress) -> Verdict:
        self.seen.append(progress)
        if len(self.seen) == self.cancel_at and self.make is not None:
            self.state = self.make()
            raise FitCancelled
        return Verdict.FINISH if len(self.seen) == self.finish_at else Verdict.CONTINUE

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        self.previews.append(make_xy())
