"""Short pieces of work off the window's thread: reading a file, asking a child process.

An errand is small and may be dropped: when the window closes nobody waits for it. Training is not
an errand; that is what `napari_tessera.jobs.runner` is for.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from napari_tessera.contract.errors import InputError, TesseraError, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Errands:
    """Threads for short work, each with one answer that may be dropped.

    Parameters
    ----------
    post : callable
        Takes a callable and has it called on the thread that owns the answers.
    """

    def __init__(self, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post
        self._threads: set[threading.Thread] = set()
        self._children: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def send(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Do `work` in a thread, then call `done` or `failed` on the owner's thread.

        Parameters
        ----------
        work : callable
            What to do; runs in a thread of its own.
        done, failed : callable
            Take the answer, or the exception that came instead.
        """
        if self._closed.is_set():
            return
        thread = threading.Thread(
            target=self._carry_out, args=(work, done, failed), name="tessera-errand", daemon=True
        )
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _carry_out(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        try:
            answer = work()
        except Exception as error:  # noqa: BLE001 - handed on, whatever it is
            _log.debug("an errand failed", exc_info=True)
            self._deliver(failed, error)
        else:
            self._deliver(done, answer)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _deliver(self, take: Callable[[T], None], answer: T) -> None:
        self.post(lambda: take(answer))

    def post(self, work: Callable[[], None]) -> None:
        """Have something called on the owner's thread, unless everything was closed by then.

        Parameters
        ----------
        work : callable
            What to call.
        """
        if not self._closed.is_set():
            self._post(lambda: None if self._closed.is_set() else work())

    def wait(self, seconds: float) -> bool:
        """Wait until the errand's caller should go on; True if everything was closed meanwhile."""
        return self._closed.wait(seconds)

    @property
    def busy(self) -> bool:
        """Whether an errand is under way."""
        with self._lock:
            return bool(self._threads)

    def ask_child(
        self,
        arguments: Sequence[str],
        *,
        stale: Callable[[], bool] = lambda: False,
        survives: bool = False,
    ) -> dict[str, Any]:
        """Run ``python -m napari_tessera ...`` and read the JSON object it prints last.

        Parameters
        ----------
        arguments : sequence of str
            Sub-command and its arguments.
        stale : callable
            Asked ten times a second; True kills the child.
        survives : bool
            Whether the child goes on when everything is closed: it writes, and is left to it.

        Returns
        -------
        dict
            What the child printed.

        Raises
        ------
        InputError
            If the child ended with code 2: what it said.
        WorkerDiedError
            If it ended in another way without an answer.
        """
        child = _start_child(arguments)
        with self._lock:
            if not survives:
                self._children.add(child)
        try:
            out, err = _attend(child, stale)
        finally:
            with self._lock:
                self._children.discard(child)
        return _answer_of(child.returncode, out, err)

    def close(self, timeout_s: float = 1.0) -> None:
        """Kill children, drop answers, wait a little for threads.

        Parameters
        ----------
        timeout_s : float
            Longest wait in seconds.
        """
        self._closed.set()
        with self._lock:
            threads, children = list(self._threads), list(self._children)
        for child in children:
            _kill(child)
        until = time.monotonic() + timeout_s
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))


def _start_child(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start a child in a process group of its own, so that it can be killed with its offspring."""
    return subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "napari_tessera", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=os.name == "posix",
    )


def _attend(child: subprocess.Popen[str], stale: Callable[[], bool]) -> tuple[str, str]:
    """Collect what a child prints; kill it as soon as nobody wants to know any more."""
    while True:
        try:
            return child.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            if stale():
                _kill(child)


def _kill(child: subprocess.Popen[str]) -> None:
    """Kill a child and its offspring; one that has gone is no error."""
    try:
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    except (ProcessLookupError, PermissionError):
        _log.debug("child %s had already gone", child.pid)


def _answer_of(code: int | None, out: str, err: str) -> dict[str, Any]:
    """Read the last JSON object a child printed, or raise what it meant."""
    answer: dict[str, Any] = {}
    for line in reversed(out.strip().splitlines()):
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict):
            answer = found
            break
    if code == 0 or "report" in answer:
        return answer
    message = str(
        answer.get("message") or err.strip()[-2000:] or f"A child ended with code {code}."
    )
    hint = str(answer.get("hint", ""))
    error: type[TesseraError] = InputError if code == 2 else WorkerDiedError
    raise error(message, hint)
