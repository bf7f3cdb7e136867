"""A job: the one mutable object, from QUEUED to exactly one outcome."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from psygnal import EmitLoopError, Signal

from napari_tessera.contract.state import JobState, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psygnal import SignalInstance

    from napari_tessera.contract.progress import Progress

_log = logging.getLogger(__name__)


class Job:
    """One unit of background work, as whoever submitted it sees it.

    Signals come from the thread that supervises the job (from the caller's only when a job is
    cancelled before it began).

    Parameters
    ----------
    name : str
        Name of the run.
    title : str
        Words for people.
    run_dir : Path
        Directory of the run.
    """

    changed = Signal(object)
    """The job, after its state or its progress changed."""
    ended = Signal(object, object)
    """The job and its `Outcome`, exactly once."""
    previewed = Signal(object, object)
    """The job and the `Path` of a ``.npy`` with coordinates."""

    def __init__(self, name: str, title: str, run_dir: Path) -> None:
        self.name = name
        self.title = title
        self.run_dir = run_dir
        self.state = JobState.QUEUED
        self.progress: Progress | None = None
        self.outcome: Outcome | None = None
        self._lock = threading.Lock()
        self._ask: Callable[[str], None] | None = None
        self._asked: list[str] = []
        self._over = threading.Event()

    def __repr__(self) -> str:
        return f"Job({self.name!r}, {self.state.value})"

    def finish(self) -> None:
        """Ask for the result as it stands now. Returns at once."""
        self._pass_on("finish")

    def cancel(self) -> None:
        """Ask to stop and keep a checkpoint. Returns at once."""
        self._pass_on("cancel")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the outcome; False if the time was too short."""
        return self._over.wait(timeout_s)

    @property
    def cancel_asked(self) -> bool:
        """Whether someone asked to stop."""
        return "cancel" in self._asked

    def enqueue(self, ask: Callable[[str], None]) -> None:
        """Note that the job waits; `ask` takes the commands. For the runner only."""
        with self._lock:
            self._ask = ask

    def start(self, ask: Callable[[str], None]) -> None:
        """Note that work began; `ask` takes the commands. For the runner only."""
        with self._lock:
            self.state = JobState.RUNNING
            self._ask = ask
            waiting = tuple(self._asked)
        for command in waiting:
            ask(command)
        self._emit(self.changed, self)

    def advance(self, progress: Progress) -> None:
        """Take a sign of life. For the runner only."""
        self.progress = progress
        self._emit(self.changed, self)
        if progress.preview is not None:
            self._emit(self.previewed, self, self.run_dir / progress.preview)

    def end(self, outcome: Outcome) -> None:
        """Take the outcome; only the first counts. For the runner only."""
        with self._lock:
            if self.outcome is not None:
                return
            self.outcome = outcome
            self.state = outcome.state
            self._ask = None
        self._emit(self.changed, self)
        self._emit(self.ended, self, outcome)
        self._over.set()

    def _pass_on(self, command: str) -> None:
        """Carry a command to the work, or keep it until the work begins."""
        with self._lock:
            if command in self._asked or self.outcome is not None:
                return
            self._asked.append(command)
            ask = self._ask
        if ask is not None:
            ask(command)

    def _emit(self, signal: SignalInstance, *values: Any) -> None:  # noqa: ANN401 - any signal
        """Tell listeners; one that fails does not take the job with it."""
        try:
            signal.emit(*values)
        except EmitLoopError:
            _log.exception("A listener of %r failed", self)
