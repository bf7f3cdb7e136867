"""The only place where threads meet Qt."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class MainThread(QObject):  # type: ignore[misc]  # Qt comes without types
    """Carries callables from any thread to the thread of the window.

    Made on the window's thread. A call that arrives after the window has gone is dropped.
    """

    _called = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._called.connect(self._carry_out, Qt.ConnectionType.QueuedConnection)

    def post(self, work: Callable[[], None]) -> None:
        """Have `work` called by the window's event loop, soon and in order.

        Parameters
        ----------
        work : callable
            Takes nothing, gives nothing.
        """
        with contextlib.suppress(RuntimeError):  # Qt has already deleted its side of this object
            self._called.emit(work)

    def _carry_out(self, work: Callable[[], None]) -> None:
        work()
