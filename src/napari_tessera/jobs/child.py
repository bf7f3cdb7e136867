"""The child's side of a fit: JSON lines out, commands in, and never a word too many on the pipe."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import stat
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import TesseraError
from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.monitor import RunDirMonitor
from napari_tessera.jobs.outcome import DONE, exit_code_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari_tessera.contract.progress import Monitor, Progress
    from napari_tessera.jobs.run_dir import RunDir

NICE = 10


def run_child(run_dir: RunDir, work: Callable[[RunDir, Monitor], object]) -> int:
    """Do the work of one run directory and say on standard output how it goes.

    Standard output carries ``{"progress": ...}`` lines and one ``{"outcome": ...}``; what libraries
    print goes to standard error. ``finish`` and ``cancel`` are read from standard input; its end
    means that the parent is gone, which counts as a cancel, as do SIGTERM and SIGINT.

    Parameters
    ----------
    run_dir : RunDir
        Prepared run directory.
    work : callable
        Takes the directory and a monitor.

    Returns
    -------
    int
        Exit code: 0 done, 1 failed, 2 bad input, 130 cancelled.
    """
    with _pipe() as pipe:

        def emit(progress: Progress) -> None:
            if not pipe.send({"progress": progress.to_json()}):
                monitor.ask_cancel()

        monitor = RunDirMonitor(run_dir, emit)
        _lower_priority()
        _watch_input(monitor)
        with _signals(monitor.ask_cancel):
            outcome, code = _attempt(run_dir, monitor, work)
            pipe.send({"outcome": outcome.__dict__})
    return code


def _attempt(
    run_dir: RunDir, monitor: RunDirMonitor, work: Callable[[RunDir, Monitor], object]
) -> tuple[Outcome, int]:
    """Do the work; whatever is raised becomes an outcome."""
    try:
        work(run_dir, monitor)
    except BaseException as error:  # noqa: BLE001 - a child owes its parent an outcome
        outcome = outcome_of(error, run_dir)
        if isinstance(error, TesseraError):
            sys.stderr.write(f"Error: {outcome.message}\n       {outcome.hint}\n")
        elif outcome.state is JobState.FAILED:
            traceback.print_exc(file=sys.stderr)
        return outcome, exit_code_of(error)
    return Outcome(state=JobState.DONE), DONE


class _Pipe:
    """Lines to whoever started this process; a reader that is gone is noticed, not an error."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Write one line; False if nobody reads any more."""
        line = json.dumps(message, default=str) + "\n"
        with self._lock:
            try:
                data = line.encode()
                while data:
                    data = data[os.write(self._handle, data) :]
            except OSError:
                return False
        return True


@contextlib.contextmanager
def _pipe() -> Iterator[_Pipe]:
    """Take standard output for the lines, and point everybody else's prints to standard error."""
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    with contextlib.suppress(ValueError, OSError):
        faulthandler.enable(2)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield _Pipe(private)
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(private, 1)
        os.close(private)


def _watch_input(monitor: RunDirMonitor) -> None:
    """Read commands from standard input, if it is a pipe; a file or a terminal gives none."""
    try:
        piped = stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISSOCK(os.fstat(0).st_mode)
    except OSError:
        return
    if piped:
        threading.Thread(target=_obey, args=(monitor,), name="commands", daemon=True).start()


def _obey(monitor: RunDirMonitor) -> None:
    """Carry commands to the monitor until the pipe ends."""
    text = b""
    while True:
        try:
            block = os.read(0, 4096)
        except OSError:
            block = b""
        if not block:
            monitor.ask_cancel()
            return
        *lines, text = (text + block).split(b"\n")
        for line in lines:
            if line.strip() == b"finish":
                monitor.ask_finish()
            elif line.strip() == b"cancel":
                monitor.ask_cancel()


@contextlib.contextmanager
def _signals(act: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT act while the work goes on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    former = {number: signal.signal(number, lambda *_: act()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _lower_priority() -> None:
    """Step back behind whatever a person does meanwhile."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICE)
