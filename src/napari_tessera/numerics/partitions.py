"""Partitions of the same spots: how far they agree, the one in the middle, one named as another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    """Compare two partitions: 1 if equal, 0 on average if independent."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(np.asarray(first), np.asarray(second)))


def mutual_information(first: ArrayLike, second: ArrayLike) -> float:
    """Divide the mutual information by the arithmetic mean of both entropies: 0 to 1."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(np.asarray(first), np.asarray(second)))


def pairwise_agreement(partitions: Sequence[NDArray[np.integer]]) -> NDArray[np.float64]:
    """Compare every pair by adjusted Rand index, shape (n_partitions, n_partitions)."""
    n_all = len(partitions)
    agreement = np.eye(n_all)
    for i in range(n_all):
        for j in range(i):
            agreement[i, j] = agreement[j, i] = adjusted_rand(partitions[i], partitions[j])
    return agreement


def medoid(agreement: NDArray[np.float64]) -> tuple[int, float]:
    """Partition that agrees best with the others, and the mean agreement of all pairs."""
    n_all = len(agreement)
    if n_all == 1:
        return 0, 1.0
    mean = (agreement.sum(axis=1) - 1) / (n_all - 1)
    return int(mean.argmax()), float(mean.mean())


def match_columns(soft: NDArray[np.floating], wanted: NDArray[np.floating]) -> NDArray[np.int64]:
    """Order of the columns of `soft` in which it looks most like `wanted` (Hungarian method).

    Parameters
    ----------
    soft, wanted : ndarray, shape (n_spots, n_classes)
        Probabilities, or labels as 0 and 1.

    Returns
    -------
    ndarray, shape (n_classes,), int64
        ``soft[:, order]`` is like `wanted`.
    """
    from scipy.optimize import linear_sum_assignment

    shared = np.asarray(wanted, dtype=np.float64).T @ np.asarray(soft, dtype=np.float64)
    return np.asarray(linear_sum_assignment(shared, maximize=True)[1], dtype=np.int64)
