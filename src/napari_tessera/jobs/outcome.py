"""Errors and exit codes turned into one outcome that a person can read."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import FitCancelled, TesseraError
from napari_tessera.contract.state import JobState, Outcome

if TYPE_CHECKING:
    from napari_tessera.jobs.run_dir import RunDir

DONE, FAILED, BAD_INPUT, CANCELLED = 0, 1, 2, 130
"""Exit codes of the command and of a child."""

_MEMORY = "Close other programs, or fit fewer cells or smaller batches, and resume the run."


def outcome_of(error: BaseException, run_dir: RunDir) -> Outcome:
    """Turn whatever ended a fit into an outcome.

    Parameters
    ----------
    error : BaseException
        What was raised; `SystemExit` and `KeyboardInterrupt` included.
    run_dir : RunDir
        Directory of the run.
    """
    resumable = run_dir.resumable
    if isinstance(error, (FitCancelled, KeyboardInterrupt)):
        return Outcome(state=JobState.CANCELLED, message="Cancelled.", resumable=resumable)
    if isinstance(error, TesseraError):
        message, hint = str(error.args[0] if error.args else error), error.hint
    elif isinstance(error, MemoryError):
        message, hint = "The machine had no memory left for the fit.", _MEMORY
    elif isinstance(error, SystemExit):
        message = f"The fit ended itself with exit code {error.code} and no result."
        hint = f"Look into {run_dir.log_path}."
    else:
        message = f"The fit failed unexpectedly: {type(error).__name__}: {error}"
        hint = f"The details are in {run_dir.log_path}."
    return Outcome(state=JobState.FAILED, message=message, hint=hint, resumable=resumable)


def exit_code_of(error: BaseException) -> int:
    """Exit code that stands for what was raised."""
    if isinstance(error, (FitCancelled, KeyboardInterrupt)):
        return CANCELLED
    return error.exit_code if isinstance(error, TesseraError) else FAILED


def outcome_of_death(returncode: int, run_dir: RunDir) -> Outcome:
    """Describe a child that ended without saying how.

    Parameters
    ----------
    returncode : int
        As `subprocess.Popen.returncode` gives it: negative for a signal.
    run_dir : RunDir
        Directory of the run; the last lines of its log are quoted.
    """
    number = -returncode if returncode < 0 else returncode - 128
    hint = f"Resume the run; if it happens again, look into {run_dir.log_path}."
    if number == signal.SIGTERM:
        message = "The process that trains was asked by the system to end."
    elif number == getattr(signal, "SIGKILL", 9):
        message = "The process that trains was killed from outside; most often memory ran out."
        hint = _MEMORY
    elif number in _CRASHES:
        message = f"The process that trains crashed ({_CRASHES[number]})."
    else:
        message = f"The process that trains ended with code {returncode} and without a result."
    tail = run_dir.log_tail()
    quoted = f"\nLast lines of its log:\n{tail}" if tail else ""
    return Outcome(
        state=JobState.FAILED, message=message + quoted, hint=hint, resumable=run_dir.resumable
    )


_CRASHES = {
    int(getattr(signal, name)): words
    for name, words in {
        "SIGSEGV": "segmentation fault",
        "SIGBUS": "bus error",
        "SIGABRT": "aborted",
        "SIGILL": "illegal instruction",
        "SIGFPE": "arithmetic error",
    }.items()
    if hasattr(signal, name)
}
