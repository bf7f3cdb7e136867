"""Nearest neighbours in the tissue: exact, without the cell itself, never across sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nearest(
    xy: NDArray[np.float64], k: int, sample: NDArray[np.str_] | None = None
) -> NDArray[np.int64]:
    """Find the k nearest other positions of every position, the nearest first.

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Positions.
    k : int
        Neighbours; a section with fewer other positions repeats its farthest ones.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every position.

    Returns
    -------
    ndarray, shape (n_spots, k), int64
        A position alone in its section is its own neighbour.
    """
    found = np.empty((len(xy), k), dtype=np.int64)
    sections = [np.arange(len(xy))]
    if sample is not None:
        sections = [np.flatnonzero(sample == name) for name in np.unique(sample)]
    for rows in sections:
        found[rows] = rows[_nearest_in(xy[rows], k)]
    return found


def _nearest_in(xy: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """K nearest others within one section, shape (n, k)."""
    n = len(xy)
    if n == 1:
        return np.zeros((1, k), dtype=np.int64)
    asked = min(k + 1, n)
    ids = np.asarray(cKDTree(xy).query(xy, k=asked)[1]).reshape(n, asked)
    self_at = ids == np.arange(n)[:, None]
    self_at[~self_at.any(axis=1), -1] = True  # behind others at the very same place
    others = ids[~self_at].reshape(n, asked - 1)
    return np.asarray(others[:, np.minimum(np.arange(k), asked - 2)])


def mean_over(values: NDArray[np.floating], neighbours: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean of the neighbours' rows, one neighbour at a time.

    Parameters
    ----------
    values : ndarray, shape (n_spots, n_columns)
        Rows to average.
    neighbours : ndarray of int, shape (n_spots, k)
        Neighbours of every spot.

    Returns
    -------
    ndarray, shape (n_spots, n_columns), float64
    """
    total = np.zeros(values.shape)
    for column in neighbours.T:
        total += values[column]
    return np.asarray(total / neighbours.shape[1])
