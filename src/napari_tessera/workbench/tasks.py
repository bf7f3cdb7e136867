"""What is being done off the window's thread at this moment, and whose answer still counts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from psygnal import Signal

from napari_tessera.contract.errors import TesseraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.jobs.errands import Errands

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class Tasks:
    """Named errands. An answer that was overtaken by a newer task of its key is dropped.

    Parameters
    ----------
    errands : Errands
        Does the work.
    on_failure : callable
        Takes whatever was raised.
    """

    changed = Signal(str)

    def __init__(self, errands: Errands, on_failure: Callable[[Exception], None]) -> None:
        self._errands = errands
        self._on_failure = on_failure
        self._number = 0
        self._newest: dict[str, int] = {}
        self._under_way: dict[int, str] = {}

    @property
    def what(self) -> str:
        """Words for what is being done; empty when nothing is."""
        return next(reversed(self._under_way.values()), "")

    def do(
        self, what: str, work: Callable[[], T], take: Callable[[T], None], *, key: str = ""
    ) -> None:
        """Work in a thread and take the answer here.

        Parameters
        ----------
        what : str
            Words for people.
        work : callable
            Runs in a thread.
        take : callable
            Takes the answer on the window's thread.
        key : str
            Tasks of one key overtake each other; empty for one that always counts.
        """
        self._number += 1
        number = self._number
        if key:
            self._newest[key] = number
        self._under_way[number] = what
        self.changed.emit(self.what)

        def counts() -> bool:
            self._under_way.pop(number, None)
            return not key or self._newest[key] == number

        def done(answer: T) -> None:
            if counts():
                take(answer)
            self.changed.emit(self.what)

        def failed(error: Exception) -> None:
            if counts():
                self._on_failure(error)
            self.changed.emit(self.what)

        self._errands.send(work, done, failed)


def words_of(error: Exception) -> tuple[str, str]:
    """Say what went wrong and what to do; what nobody foresaw goes to the log as well.

    Parameters
    ----------
    error : Exception
        What was raised.
    """
    if isinstance(error, TesseraError):
        return error.message, error.hint
    _LOG.error("unexpected", exc_info=error)
    return f"{type(error).__name__}: {error}", "This was not foreseen; please report it."
