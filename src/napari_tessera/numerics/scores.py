"""Metrics of placement and composition; every formula once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAIN_SHARE, MAIN_SPOTS = 0.2, 20
"""A type is scored where its true share exceeds the first in more than the second many spots."""


def distances(placed: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distance of every cell to its true place.

    Parameters
    ----------
    placed, truth : ndarray, shape (n_cells, 2), float64
        Coordinates in the same unit.

    Returns
    -------
    ndarray, shape (n_cells,), float64
    """
    return np.asarray(np.linalg.norm(placed - truth, axis=1))


def distance_summary(found: NDArray[np.float64]) -> dict[str, float]:
    """Mean, median, root mean square and 90 % quantile of distances (n_cells,)."""
    return {
        "mean_distance": float(found.mean()),
        "median_distance": float(np.median(found)),
        "rms_distance": float(np.sqrt((found**2).mean())),
        "q90_distance": float(np.quantile(found, 0.9)),
    }


def hit_number(
    placed: NDArray[np.float64],
    truth: NDArray[np.float64],
    k: int,
    asked: NDArray[np.integer] | None = None,
) -> float:
    """Mean number of a cell's k nearest cells that are right, the cell itself left out.

    Parameters
    ----------
    placed, truth : ndarray, shape (n_cells, 2), float64
        Predicted and true coordinates.
    k : int
        Neighbours, at most n_cells - 1.
    asked : ndarray of int, optional
        Cells to average over; all of them where it is not given.

    Returns
    -------
    float
        0 to k; ``k**2 / (n_cells - 1)`` by chance.
    """
    rows = np.arange(len(truth)) if asked is None else asked
    k = min(k, len(truth) - 1)
    near = [_neighbours(xy, rows, k) for xy in (placed, truth)]
    hits = [len(a & b) for a, b in zip(*near, strict=True)]
    return float(np.mean(hits))


def _neighbours(xy: NDArray[np.float64], rows: NDArray[np.integer], k: int) -> list[set[int]]:
    """K nearest other cells of some cells."""
    found = np.asarray(cKDTree(xy).query(xy[rows], k=k + 1)[1])
    near = []
    for row, ids in zip(rows.tolist(), found.tolist(), strict=True):
        others = [i for i in ids if i != row]
        near.append(set(others[:k]))
    return near


def pearson(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson correlation; 0 where one of the two is constant."""
    x, y = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else 0.0


def composition_pcc(
    predicted: NDArray[np.floating], truth: NDArray[np.floating]
) -> tuple[float, NDArray[np.bool_]]:
    """Mean over the main types of the correlation between predicted and true share over spots.

    Parameters
    ----------
    predicted, truth : ndarray, shape (n_spots, n_types)
        The same spots and types in the same order.

    Returns
    -------
    score : float
        NaN where no type is common enough to be scored.
    scored : ndarray of bool, shape (n_types,)
        Types whose true share exceeds 0.2 in more than 20 spots.
    """
    # a fifth that was stored in single precision is a hair more than a fifth
    scored = (truth > MAIN_SHARE + 1e-6).sum(axis=0) > MAIN_SPOTS
    each = [pearson(predicted[:, t], truth[:, t]) for t in np.flatnonzero(scored)]
    return (float(np.mean(each)) if each else float("nan")), scored


def composition_rmse(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Root mean square error over all spots and types."""
    return float(np.sqrt(((predicted - truth) ** 2).mean()))


def jensen_shannon(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Mean Jensen-Shannon divergence (not its root) of the rows, in nats; 0 to ln 2."""
    p, q = (x / np.maximum(x.sum(axis=1, keepdims=True), 1e-300) for x in (predicted, truth))
    m = (p + q) / 2

    def divergence(x: NDArray[np.floating]) -> NDArray[np.floating]:
        safe = np.where(x > 0, x, 1.0)
        return np.asarray((x * np.log(safe / np.where(m > 0, m, 1.0))).sum(axis=1))

    return float((0.5 * divergence(p) + 0.5 * divergence(q)).mean())
