"""The tour: stops one after the other, and whether a person has done what each asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _nothing() -> int:
    """Count for a stop that asks for nothing."""
    return 0


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One stop of the tour.

    Parameters
    ----------
    dock : str
        Name of the dock that is pointed at.
    words : str
        What to do there, and what it is good for.
    count : callable
        How often that has been done; above 0 the stop is done.
    """

    dock: str
    words: str
    count: Callable[[], int] = _nothing


class Tour:
    """Where a person is, and what is done.

    Parameters
    ----------
    stops : sequence of Stop
        In order.

    Attributes
    ----------
    at : int
        Number of the stop, from 0.
    changed : Signal
        Emitted when another stop is reached, or the present one is done.
    advanced : Signal
        Emitted when a person has just done what the stop asks for, while being there.
    """

    changed = Signal()
    advanced = Signal()

    def __init__(self, stops: Sequence[Stop]) -> None:
        self.stops = tuple(stops)
        self.at = 0
        self._before = self.stop.count()
        self._done: set[int] = set()
        self.look()

    @property
    def stop(self) -> Stop:
        """The present stop."""
        return self.stops[self.at]

    @property
    def done(self) -> bool:
        """Whether what the present stop asks for has been done."""
        return self.at in self._done

    @property
    def is_first(self) -> bool:
        """Whether there is no stop before this one."""
        return self.at == 0

    @property
    def is_last(self) -> bool:
        """Whether there is no stop after this one."""
        return self.at == len(self.stops) - 1

    def look(self) -> None:
        """See whether what the stop asks for has been done by now."""
        now = self.stop.count()
        if now > 0 and not self.done:
            self._done.add(self.at)
            self.changed.emit()
        if now > self._before:
            self.advanced.emit()
        self._before = now

    def next(self) -> None:
        """Go on, done or not."""
        self._go(self.at + 1)

    def back(self) -> None:
        """Go back to the stop before."""
        self._go(self.at - 1)

    def _go(self, to: int) -> None:
        if 0 <= to < len(self.stops):
            self.at = to
            self._before = self.stop.count()
            self.look()
            self.changed.emit()
