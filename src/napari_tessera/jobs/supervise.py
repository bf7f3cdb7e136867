"""The parent's side of a fit: read lines, pass commands, and turn any death into one outcome."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from napari_tessera.contract.progress import Progress
from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.outcome import outcome_of_death
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_tessera.jobs.job import Job

TERMINATE_AFTER_S = 0.5
KILL_AFTER_S = 0.9
LEAVE_WITHIN_S = 2.0
"""A child that has closed its pipe and said nothing has this long to go."""
GRACE_S = 0.05
"""A child that has said its outcome has nothing left to do: all of it lies on the disk."""
_LOOK_EVERY_S = 0.2
_LONGEST_LINE = 1 << 20


def fit_command(run_dir: Path) -> list[str]:
    """Command line of a fit in a child.

    Parameters
    ----------
    run_dir : Path
        Prepared run directory.
    """
    spec = str(run_dir / "spec.json")
    return [
        sys.executable, "-m", "napari_tessera", "fit", "--spec", spec, "--run-dir", str(run_dir),
    ]  # fmt: skip


def usable_threads() -> int:
    """Threads for a fit: all cores that this process may use but one."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)) - 1)
    return max(1, (os.cpu_count() or 1) - 1)


def thread_environment() -> dict[str, str]:
    """Give what a process needs to hear before torch and numpy are loaded, to be a good neighbour.

    Threads that spin while they wait make a step five times slower as soon as somebody else wants a
    core (measured on four busy cores); threads that sleep do not. numba shares OpenMP with torch.
    numpy's own threads always spin, and its products are small here: it gets one.
    """
    n = str(usable_threads())
    ours = {"OMP_NUM_THREADS": n, "NUMBA_NUM_THREADS": n, "OMP_WAIT_POLICY": "PASSIVE"}
    return ours | {"OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class _Event:
    """Something that the supervising thread wakes up for."""

    kind: str
    text: str = ""


class Supervision:
    """One child from start to end.

    Parameters
    ----------
    job : Job
        What to keep informed.
    command : list of str
        Command line of the child.
    environment : mapping of str to str
        Added to this process's environment.
    """

    def __init__(self, job: Job, command: list[str], environment: Mapping[str, str]) -> None:
        self._job = job
        self._run_dir = RunDir(job.run_dir)
        self._command = command
        self._environment = {**thread_environment(), **os.environ, **environment}
        self._events: queue.Queue[_Event] = queue.Queue()
        self._outcome: Outcome | None = None
        self._said_at: float | None = None
        self._ladder: list[tuple[float, signal.Signals | None]] = []

    def watch(self) -> Outcome:
        """Start the child and follow it until it is gone.

        Returns
        -------
        Outcome
            What the child said; else what its death says.
        """
        self._run_dir.path.mkdir(parents=True, exist_ok=True)
        with self._run_dir.log_path.open("ab") as log:
            try:
                child = self._start(log)
            except OSError as error:
                return Outcome(
                    state=JobState.FAILED,
                    message=f"The process that trains could not be started: {error}.",
                    hint="Train in this process instead.",
                    resumable=self._run_dir.resumable,
                )
        try:
            self._job.start(lambda command: self._events.put(_Event(kind="ask", text=command)))
            self._follow(child)
        finally:
            _kill(child)
            child.wait()
            _close(child.stdin)
        return self._judge(child.returncode)

    def _start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the child in a process group of its own, and a thread that reads its lines."""
        group: dict[str, Any] = {"start_new_session": True}
        if os.name != "posix":
            group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        child = subprocess.Popen(  # noqa: S603 - our own command line
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=self._environment,
            **group,
        )
        threading.Thread(
            target=self._read, args=(child.stdout,), name=f"{self._job.name} lines", daemon=True
        ).start()
        return child

    def _read(self, lines: IO[bytes]) -> None:
        """Put every line of the child into the queue, then its end."""
        with contextlib.suppress(OSError, ValueError), lines:
            while line := lines.readline(_LONGEST_LINE):
                self._events.put(_Event(kind="line", text=line.decode("utf-8", errors="replace")))
        self._events.put(_Event(kind="end"))

    def _follow(self, child: subprocess.Popen[bytes]) -> None:
        """Take events until the child is gone, or has had its time to go."""
        ended_at: float | None = None
        while True:
            try:
                event = self._events.get(timeout=self._patience())
            except queue.Empty:
                event = _Event(kind="tick")
            if event.kind == "end":
                ended_at = time.monotonic()
            self._take(event, child)
            self._climb(child)
            if child.poll() is not None and (ended_at is not None or event.kind == "tick"):
                return
            now = time.monotonic()
            if self._said_at is not None and now - self._said_at > GRACE_S:
                return
            if ended_at is not None and now - ended_at > LEAVE_WITHIN_S:
                return

    def _patience(self) -> float:
        """Seconds to wait for the next event: short while the child is on its way out."""
        leaving = self._ladder or self._said_at is not None
        return 0.02 if leaving else _LOOK_EVERY_S

    def _take(self, event: _Event, child: subprocess.Popen[bytes]) -> None:
        """Act on one event."""
        if event.kind == "line":
            self._hear(event.text)
        elif event.kind == "ask":
            with contextlib.suppress(OSError, ValueError, AttributeError):
                child.stdin.write(f"{event.text}\n".encode())  # type: ignore[union-attr]
                child.stdin.flush()  # type: ignore[union-attr]
            if event.text == "cancel":
                now = time.monotonic()
                self._ladder = [
                    (now + TERMINATE_AFTER_S, signal.SIGTERM),
                    (now + KILL_AFTER_S, None),
                ]

    def _climb(self, child: subprocess.Popen[bytes]) -> None:
        """Take the next rung of the stop ladder when its time has come."""
        while self._ladder and time.monotonic() >= self._ladder[0][0]:
            _, number = self._ladder.pop(0)
            if child.poll() is None:
                child.terminate() if number is not None else _kill(child)

    def _hear(self, line: str) -> None:
        """Understand a line; what is not ours goes to the log."""
        try:
            message = json.loads(line)
            if "progress" in message:
                self._job.advance(Progress.from_json(message["progress"]))
            elif "outcome" in message:
                said = {**message["outcome"], "state": JobState(message["outcome"]["state"])}
                self._outcome = Outcome(**said)
                self._said_at = time.monotonic()
        except (ValueError, TypeError, KeyError):
            self._run_dir.log(f"printed: {line}")

    def _judge(self, returncode: int) -> Outcome:
        """Say how it ended: the child's own word first, then the request, then the death."""
        if self._outcome is not None:
            return self._outcome
        if self._job.cancel_asked:
            resumable = self._run_dir.resumable
            return Outcome(state=JobState.CANCELLED, message="Cancelled.", resumable=resumable)
        return outcome_of_death(returncode, self._run_dir)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, now."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()


def _close(file: IO[bytes] | None) -> None:
    """Close a pipe whose other end may be gone."""
    with contextlib.suppress(OSError, ValueError):
        if file is not None:
            file.close()
