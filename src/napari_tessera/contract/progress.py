"""How a fit talks to whoever watches it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.state import State


class Verdict(StrEnum):
    """What the watcher wants next."""

    CONTINUE = "continue"
    FINISH = "finish"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One sign of life. Small: it crosses a pipe as one JSON line.

    Parameters
    ----------
    stage : str
        What is being done, in words a person reads (``choosing steps``, ``fitting``).
    step, n_steps : int
        Step within the stage and steps planned; ``n_steps`` 0 where unknown.
    losses : mapping of str to float
        Unweighted terms and ``total``; empty outside training.
    elapsed_s : float
        Seconds since the fit began.
    fraction : float
        Share of the whole fit that is done, 0 to 1, all stages counted.
    preview : str or None
        Name of a ``.npy`` in the run directory with coordinates (n_cells, 2), ready to read.
    message : str
        A sentence worth showing once (a score, a remark); usually empty.
    """

    stage: str
    step: int = 0
    n_steps: int = 0
    losses: Mapping[str, float] = field(default_factory=dict)
    elapsed_s: float = 0.0
    fraction: float = 0.0
    preview: str | None = None
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON line."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Progress:
        """Inverse of `to_json`."""
        return cls(**values)

    @property
    def left_s(self) -> float | None:
        """Seconds left, judged by the fraction done; None while that is unknown."""
        if self.fraction < 0.02 or self.elapsed_s <= 0:
            return None
        return self.elapsed_s * (1 - self.fraction) / self.fraction


class Monitor(Protocol):
    """What a fit is given to report to. One step calls `checkpoint`, then `report`."""

    def report(self, progress: Progress) -> Verdict:
        """Take a sign of life; answer whether to go on or to finish early with what there is.

        Raises
        ------
        FitCancelled
            If a person asked to stop.
        """
        ...

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Offer a state to resume from; the monitor decides whether now is the time."""
        ...

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Offer coordinates (n_cells, 2) to look at; the monitor decides whether to ask."""
        ...


class SilentMonitor:
    """A monitor that lets everything pass."""

    def report(self, progress: Progress) -> Verdict:  # noqa: ARG002 - the protocol's shape
        """Go on."""
        return Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        """Keep nothing."""

    def preview(self, make_xy: Callable[[], NDArray[np.float64]]) -> None:
        """Show nothing."""
