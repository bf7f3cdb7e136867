"""Peak memory of this process and its children, sampled while something runs."""

from __future__ import annotations

import contextlib
import itertools
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    import psutil

SAMPLE_EVERY_S = 0.05


LOOK_FOR_CHILDREN_EVERY = 10
"""Samples between two looks for children: a look reads every process of the machine."""


def memory_now() -> int:
    """Resident bytes of this process and all its descendants."""
    import psutil

    me = psutil.Process()
    return _resident([me, *me.children(recursive=True)])


def _resident(processes: list[psutil.Process]) -> int:
    """Sum resident bytes; a process that has gone counts nothing."""
    import psutil

    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += int(process.memory_info().rss)
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
        import psutil

        me = psutil.Process()
        processes = [me]
        for number in itertools.count():
            if number % LOOK_FOR_CHILDREN_EVERY == 0:
                processes = [me, *me.children(recursive=True)]
            self.peak = max(self.peak, _resident(processes))
            if self._over.wait(SAMPLE_EVERY_S):
                return
