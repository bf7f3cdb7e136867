"""Every error a person can meet, and what each one owes them.

::

    Exception
    ├── TesseraError            message (expected, found) + hint (what to do)
    │   ├── InputError          bad input or usage; exit code 2, nothing was written
    │   │   ├── RefusedError    the input gate said no; carries the whole report
    │   │   └── OptionError     an option outside its bounds, or unknown
    │   ├── FitError            a fit that could not be completed; exit code 1
    │   │   ├── DivergedError   the loss stopped being a number
    │   │   ├── MemoryExhaustedError  the device or the machine had no memory left
    │   │   └── WorkerDiedError     the child process ended without a word
    │   └── StoreError          the store could not be read or written; it is as it was
    │       ├── StoreBusyError      another process holds the store's lock
    │       └── RunNotFoundError    no run of that name in this store
    └── FitCancelled            not an error: a person asked to stop
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_tessera.contract.report import Report


class TesseraError(Exception):
    """An error that says what was expected, what was found and what to do.

    Parameters
    ----------
    message : str
        What was expected and what was found.
    hint : str
        What the person can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Join message and hint as a person would read them."""
        return f"{self.message} {self.hint}".strip()


class InputError(TesseraError):
    """Bad input or usage, found before anything was trained or written."""

    exit_code = 2


class RefusedError(InputError):
    """The input gate refused; `report` lists every problem it found."""

    def __init__(self, report: Report) -> None:
        lines = [str(problem) for problem in report.refusals]
        super().__init__("\n".join(lines))
        self.report = report


class OptionError(InputError):
    """An option that does not exist or whose value is out of bounds."""


class FitError(TesseraError):
    """A fit that started and could not be completed."""


class DivergedError(FitError):
    """The loss or the embeddings stopped being finite numbers."""


class MemoryExhaustedError(FitError):
    """The device or the machine ran out of memory."""


_MEMORY_WORDS = (
    "out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory",
    "could not create a primitive", "could not create a memory", "can't start new thread",
)  # fmt: skip


def is_memory_error(error: BaseException) -> bool:
    """Whether it means that memory ran out; torch says so in several types and wordings.

    Parameters
    ----------
    error : BaseException
        What was raised.
    """
    text = str(error).lower()
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(words in text for words in _MEMORY_WORDS)


class WorkerDiedError(FitError):
    """The child process that trained ended without reporting an outcome."""


class StoreError(TesseraError):
    """A store that could not be read or written; it is left as it was."""


class StoreBusyError(StoreError):
    """Another process holds the lock of the store."""


class RunNotFoundError(StoreError):
    """There is no run of that name."""

    exit_code = 2


class FitCancelled(Exception):
    """A person asked a running fit to stop; a checkpoint was kept."""
