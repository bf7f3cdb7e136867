"""A line on standard error that says how far a fit is, and how long it still takes."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, TextIO

from napari_tessera.contract.progress import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Progress
    from napari_tessera.contract.state import State

_WIDTH = 24


class ProgressBar:
    """A monitor that draws. On a terminal one line is redrawn; elsewhere each stage gets a line.

    Parameters
    ----------
    stream : text stream, optional
        Standard error if not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream.isatty()
        self._stage = ""
        self._drawn = 0
        self._drawn_at = float("-inf")

    def report(self, progress: Progress) -> Verdict:
        """Draw, ten times a second at most."""
        if progress.message:
            self._say(progress.message)
        if self._live:
            self._draw(progress)
        elif progress.stage != self._stage:
            self._say(progress.stage)
        self._stage = progress.stage
        return Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Keep nothing."""

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()
            self._drawn = 0

    def _draw(self, progress: Progress) -> None:
        """Redraw the line."""
        new = progress.stage != self._stage
        if not new and abs(progress.elapsed_s - self._drawn_at) < 0.1:
            return
        self._drawn_at = progress.elapsed_s
        line = line_of(progress)[: max(20, shutil.get_terminal_size().columns - 1)]
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn = len(line)

    def _say(self, text: str) -> None:
        """Write a line that stays."""
        self.close()
        self._stream.write(f"{text}\n")
        self._stream.flush()


def line_of(progress: Progress) -> str:
    """Write progress as one line: bar, share, stage, step, loss, time left.

    Parameters
    ----------
    progress : Progress
        A sign of life.
    """
    full = round(_WIDTH * min(1.0, max(0.0, progress.fraction)))
    parts = [f"[{'=' * full}{' ' * (_WIDTH - full)}] {progress.fraction:4.0%} {progress.stage}"]
    if progress.n_steps:
        parts.append(f"step {progress.step}/{progress.n_steps}")
    if "total" in progress.losses:
        parts.append(f"loss {progress.losses['total']:.4g}")
    if progress.left_s is not None:
        parts.append(f"{_duration(progress.left_s)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    """Write a time as a person would."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
