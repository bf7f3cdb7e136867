"""Changes that take Qt several rounds to lay out, painted once."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

SETTLE_MS = 30
"""Time in which rows, scroll areas and plots find their places after a change."""


class OnePaint:
    """Has the changes that one word of a job makes painted together, when they have settled.

    A text that changes has its row, the column around it and the scroll area around that laid out
    one after the other, each with a painting of its own; a plot finds its axes while it is painted,
    and is painted again. Beside a canvas each of them has the whole window put together anew, which
    takes 10 to 20 ms where there is no graphics card.

    Parameters
    ----------
    settle_ms : int
        Time between the first change and the painting.

    Attributes
    ----------
    painted : Signal
        Emitted after what was held has been painted, with the seconds that this took.
    """

    painted = Signal(float)

    def __init__(self, settle_ms: int = SETTLE_MS) -> None:
        self._held: list[QWidget] = []
        self._waiting: list[Callable[[], None]] = []
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(settle_ms)
        self._timer.timeout.connect(self._release)

    def hold(self, widget: QWidget) -> None:
        """Keep a widget from being painted for a while; call it before it changes.

        Parameters
        ----------
        widget : QWidget
            Painted as a whole then.
        """
        if widget not in self._held:
            self._held.append(widget)
            widget.setUpdatesEnabled(False)
        self._begin()

    def then(self, change: Callable[[], None]) -> None:
        """Make a change that needs no time to settle in the round in which others are painted.

        Parameters
        ----------
        change : callable
            Takes nothing, gives nothing.
        """
        self._waiting.append(change)
        self._begin()

    def _begin(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _release(self) -> None:
        held, waiting = self._held, self._waiting
        self._held, self._waiting = [], []
        for change in waiting:
            change()
        for widget in held:
            with contextlib.suppress(RuntimeError):  # its dock was closed meanwhile
                widget.setUpdatesEnabled(True)
        began = time.perf_counter()
        QTimer.singleShot(1, lambda: self.painted.emit(time.perf_counter() - began))


@functools.cache
def one_paint() -> OnePaint:
    """Give the one that all docks of this process share."""
    return OnePaint()
