"""Peak memory of this process and its children, sampled while something runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

SAMPLE_EVERY_S = 0.05


def memory_now() -> int:
    """Resident bytes of this process and all its descendants."""
    import psutil

    me = psutil.Process()
    total = int(me.memory_info().rss)
    for child in me.children(recursive=True):
        try:
            total += int(child.memory_info().rss)
        except psutil.Error:
            continue
    return total


class PeakMemory:
    """Watches memory at 20 Hz between enter and exit.

    Attributes
    ----------
    peak : int
        Largest sum over the process tree so far, in bytes.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak memory", daemon=True)

    def __enter__(self) -> Self:
        self.peak = memory_now()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, memory_now())

    def _sample(self) -> None:
        """Keep the largest figure until told to end."""
        while not self._over.wait(SAMPLE_EVERY_S):
            self.peak = max(self.peak, memory_now())
