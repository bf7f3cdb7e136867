"""From a distribution over spots to one coordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 25
"""Weiszfeld steps; the placement no longer moves visibly after them."""


BLUR = 0.25
"""Radius of a spot in pitches: a cell of a spot lies somewhere in its disc, not at its centre."""


def geometric_median(
    weights: NDArray[np.floating], points: NDArray[np.float64], blur: float
) -> NDArray[np.float64]:
    """Point with the smallest expected distance, by Weiszfeld's iteration (:cite:`weiszfeld1937`).

    Minimised is ``sum_k w_k sqrt(|y - p_k|^2 + blur^2)``: without the blur the median of a row that
    has half of its mass at one spot is exactly that spot's centre.

    Parameters
    ----------
    weights : ndarray, shape (n_rows, k)
        Weights of the points, >= 0.
    points : ndarray, shape (n_rows, k, 2), float64
        Points of each row.
    blur : float
        Length below which distances do not matter, > 0.

    Returns
    -------
    ndarray, shape (n_rows, 2), float64
    """
    weights = weights.astype(np.float64)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    at = np.einsum("nk,nkd->nd", weights, points) / total
    for _ in range(STEPS):
        offset = points - at[:, None]
        distance = np.sqrt((offset**2).sum(axis=2) + blur**2)
        pull = weights / distance
        at = np.einsum("nk,nkd->nd", pull, points) / np.maximum(
            pull.sum(axis=1, keepdims=True), 1e-300
        )
    return np.asarray(at)
