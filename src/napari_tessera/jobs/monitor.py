"""The monitor of a fit that has a run directory: it decides when to save, to show and to stop."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import FitCancelled
from napari_tessera.contract.progress import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Monitor, Progress
    from napari_tessera.contract.state import State
    from napari_tessera.jobs.run_dir import RunDir

EMIT_EVERY_S = 0.1


class RunDirMonitor:
    """Saves checkpoints and previews now and then, passes progress on, carries a stop to the fit.

    Parameters
    ----------
    run_dir : RunDir
        Where checkpoints and previews go.
    emit : callable
        Takes every `Progress` that is passed on, at most ten a second.
    checkpoint_every_s, preview_every_s : float
        Least time between two checkpoints, and between two previews.
    """

    def __init__(
        self,
        run_dir: RunDir,
        emit: Callable[[Progress], None],
        *,
        checkpoint_every_s: float = 10.0,
        preview_every_s: float = 2.0,
    ) -> None:
        self._run_dir = run_dir
        self._emit = emit
        self._checkpoint_every_s = checkpoint_every_s
        self._preview_every_s = preview_every_s
        self._cancel = threading.Event()
        self._finish = threading.Event()
        self._offered: Callable[[], State] | None = None
        self._preview_name: str | None = None
        self._stage = ""
        self._checkpoint_at = self._preview_at = self._emitted_at = float("-inf")

    def ask_finish(self) -> None:
        """Ask the fit to end early with what there is. Safe from any thread."""
        self._finish.set()

    def ask_cancel(self) -> None:
        """Ask the fit to save a checkpoint and stop. Safe from any thread and signal handler."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        """Whether someone asked to stop."""
        return self._cancel.is_set()

    def report(self, progress: Progress) -> Verdict:
        """Pass progress on, and answer.

        Raises
        ------
        FitCancelled
            If someone asked to stop; a checkpoint was saved if the fit had offered one.
        """
        self._pass_on(progress)
        if self._cancel.is_set():
            self._save_offered()
            msg = "The fit was stopped on request."
            raise FitCancelled(msg)
        self._offered = None
        return Verdict.FINISH if self._finish.is_set() else Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Save the first state, then one when it is time or someone asked to stop."""
        self._offered = make_state
        due = time.monotonic() - self._checkpoint_at >= self._checkpoint_every_s
        if due or self._cancel.is_set():
            self._save_offered()

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Write coordinates to look at if it is time; the next report announces them."""
        if time.monotonic() - self._preview_at < self._preview_every_s or self._cancel.is_set():
            return
        self._preview_name = self._run_dir.save_preview(make_xy())
        self._preview_at = time.monotonic()

    def _save_offered(self) -> None:
        """Save the state of this step, once."""
        if self._offered is not None:
            self._run_dir.save_checkpoint(self._offered())
            self._offered = None
            self._checkpoint_at = time.monotonic()

    def _pass_on(self, progress: Progress) -> None:
        """Pass progress on: at once if it brings something new, else ten times a second."""
        now = time.monotonic()
        news = self._preview_name or progress.message or progress.stage != self._stage
        if not news and now - self._emitted_at < EMIT_EVERY_S:
            return
        if self._preview_name:
            progress = dataclasses.replace(progress, preview=self._preview_name)
        self._preview_name = None
        self._stage, self._emitted_at = progress.stage, now
        self._emit(progress)


class JointMonitor:
    """A run directory's monitor and a caller's own, both asked at every step.

    Parameters
    ----------
    keeper : RunDirMonitor
        Keeps checkpoints.
    caller : Monitor
        Watches; may finish or cancel.
    """

    def __init__(self, keeper: RunDirMonitor, caller: Monitor) -> None:
        self._keeper = keeper
        self._caller = caller

    def report(self, progress: Progress) -> Verdict:
        """Ask both; either may end the fit.

        Raises
        ------
        FitCancelled
            If either asked to stop; a checkpoint was saved if the fit had offered one.
        """
        try:
            verdict = self._caller.report(progress)
        except FitCancelled:
            self._keeper.ask_cancel()
            verdict = Verdict.CONTINUE
        kept = self._keeper.report(progress)
        return Verdict.FINISH if Verdict.FINISH in {verdict, kept} else Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Offer the state to both."""
        self._keeper.checkpoint(make_state)
        self._caller.checkpoint(make_state)

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Offer the coordinates to both."""
        self._keeper.preview(make_xy)
        self._caller.preview(make_xy)
