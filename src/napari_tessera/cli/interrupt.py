"""Ctrl-C during a fit: ask for a checkpoint first, insist a little later."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import FitCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Monitor, Progress, Verdict
    from napari_tessera.contract.state import State

INSIST_AFTER_S = 0.5


class InterruptibleMonitor:
    """Passes everything on to a monitor, and stops the fit at its next step when asked.

    Parameters
    ----------
    monitor : Monitor
        Who watches.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the fit to stop. Safe in a signal handler."""
        self._stop.set()

    def report(self, progress: Progress) -> Verdict:
        """Pass progress on.

        Raises
        ------
        FitCancelled
            If someone asked to stop.
        """
        if self._stop.is_set():
            msg = "The fit was stopped on request."
            raise FitCancelled(msg)
        return self._monitor.report(progress)

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Pass the offer on."""
        self._monitor.checkpoint(make_state)

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Pass the offer on."""
        self._monitor.preview(make_xy)


@contextlib.contextmanager
def stops(monitor: InterruptibleMonitor) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the fit: at its next step, or by force if that takes too long.

    Parameters
    ----------
    monitor : InterruptibleMonitor
        Monitor of the fit.

    Raises
    ------
    KeyboardInterrupt
        If the fit did not answer in time, or was asked twice.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    insist: list[threading.Timer] = []

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's shape
        if insist:
            raise KeyboardInterrupt
        monitor.stop()
        timer = threading.Timer(INSIST_AFTER_S, os.kill, (os.getpid(), number))
        timer.daemon = True
        insist.append(timer)
        timer.start()

    former = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for timer in insist:
            timer.cancel()
        for number, handler in former.items():
            signal.signal(number, handler)
