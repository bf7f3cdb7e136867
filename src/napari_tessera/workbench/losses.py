"""The loss curves of one job, as they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.progress import Progress

KEPT = 2000
"""Points kept per term; beyond it every second one is let go."""


class LossTrace:
    """Loss terms over the steps of the stage that is running.

    Attributes
    ----------
    stage : str
        Stage that the curves belong to.
    steps : list of int
        Steps at which the losses were told.
    terms : dict of str to list of float
        One list per term, as long as `steps`.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.steps: list[int] = []
        self.terms: dict[str, list[float]] = {}

    def take(self, progress: Progress) -> bool:
        """Add what a sign of life says; True if the curves have changed.

        Parameters
        ----------
        progress : Progress
            One that carries no losses changes nothing; a new stage begins new curves.
        """
        if not progress.losses:
            return False
        if progress.stage != self.stage or set(progress.losses) != set(self.terms):
            self._begin(progress.stage, progress.losses)
        if self.steps and progress.step <= self.steps[-1]:
            return False
        self.steps.append(progress.step)
        for name, values in self.terms.items():
            values.append(float(progress.losses[name]))
        self._thin()
        return True

    def _begin(self, stage: str, losses: Mapping[str, float]) -> None:
        self.stage = stage
        self.steps = []
        self.terms = {name: [] for name in losses}

    def _thin(self) -> None:
        if len(self.steps) > KEPT:
            del self.steps[1:-1:2]
            for values in self.terms.values():
                del values[1:-1:2]
