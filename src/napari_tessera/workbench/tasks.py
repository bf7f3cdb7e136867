"""What is being done off the window's thread at this moment, and whose answer still counts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from psygnal import Signal

from napari_tessera.contract.errors import TesseraError
from napari_tessera.jobs.errands import Errands

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class Tasks:
    """Named errands. An answer that was overtaken by a newer task of its key is dropped.

    Parameters
    ----------
    post : callable
        Takes a callable and has it called on the window's thread.
    tell : callable
        Takes what went wrong and what to do.

    Attributes
    ----------
    errands : Errands
        Does the work.
    """

    changed = Signal(str)

    def __init__(
        self, post: Callable[[Callable[[], None]], None], tell: Callable[[str, str], None]
    ) -> None:
        self.errands = Errands(post)
        self._tell = tell
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
                self._tell(*words_of(error))
            self.changed.emit(self.what)

        self.errands.send(work, done, failed)

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way; see `Errands.close`.

        Parameters
        ----------
        timeout_s : float
            Longest wait in seconds.
        """
        self.errands.close(timeout_s)


def attempt(work: Callable[[], object], tell: Callable[[str, str], None]) -> bool:
    """Do something at once; tell what went wrong, and give False, instead of raising it.

    Parameters
    ----------
    work : callable
        What to do.
    tell : callable
        Takes what went wrong and what to do.
    """
    try:
        work()
    except TesseraError as error:
        tell(error.message, error.hint)
        return False
    return True


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
