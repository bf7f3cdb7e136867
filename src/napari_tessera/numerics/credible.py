"""The smallest set of spots that holds a promised share of a row: its credible region.

A region is a set of spots and stands for the part of the tissue that is nearer to them than to any
other. Rows are first raised to a power and normalised, so that a map that is too sure of itself,
or not sure enough, can be set right by two numbers; `numerics.calibration` chooses them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVEL = 0.9
"""Share of the cells that a region should hold."""

HALVINGS, REACH = 24, 40.0
"""Halvings of the interval of log-probabilities in which a region ends, and its width in nats."""


@dataclasses.dataclass(frozen=True)
class CredibleScale:
    """How a row becomes a region that holds the truth in 90 % of the cases.

    Parameters
    ----------
    power : float
        Power of the row.
    mass : float
        Share of the powered row that the region holds.
    """

    power: float = 1.0
    mass: float = LEVEL

    @classmethod
    def of(cls, values: Mapping[str, float] | None) -> CredibleScale | None:
        """Take it from what was stored; None where nothing was."""
        return None if values is None else cls(float(values["power"]), float(values["mass"]))


@torch.no_grad()
def region_edge(logits: torch.Tensor, scale: CredibleScale) -> torch.Tensor:
    """Log-probability, of the powered row, above which spots belong to the region.

    Parameters
    ----------
    logits : Tensor, shape (n_cells, n_spots)
        Rows of a map, up to a constant each.
    scale : CredibleScale
        Power and mass.

    Returns
    -------
    Tensor, shape (n_cells, 1)
        Below the smallest value where all spots are needed.
    """
    log_p = (scale.power * logits).log_softmax(dim=1)
    p = log_p.exp()
    high = log_p.max(dim=1, keepdim=True).values
    low = high - REACH
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = torch.where(log_p > middle, p, 0.0).sum(dim=1, keepdim=True) >= scale.mass
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    return low


@torch.no_grad()
def region_size(logits: torch.Tensor, scale: CredibleScale) -> torch.Tensor:
    """Spots in the region of every row, shape (n_cells,), int64; see `region_edge`."""
    log_p = (scale.power * logits).log_softmax(dim=1)
    return (log_p > region_edge(logits, scale)).sum(dim=1)
