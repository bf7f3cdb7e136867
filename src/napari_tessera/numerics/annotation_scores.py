"""Metrics of annotation; every formula once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_BINS = 15
"""Bins of the calibration error."""


def f1_per_type(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], n_types: int
) -> NDArray[np.float64]:
    """F1 of every type; 0 where a type is neither found rightly nor at all.

    Parameters
    ----------
    predicted, truth : ndarray of int, shape (n_obs,)
        Types.
    n_types : int
        How many there are.

    Returns
    -------
    ndarray, shape (n_types,), float64
    """
    hit = np.bincount(truth[predicted == truth], minlength=n_types)
    size = np.bincount(truth, minlength=n_types) + np.bincount(predicted, minlength=n_types)
    return np.asarray(np.divide(2.0 * hit, size, out=np.zeros(n_types), where=size > 0))


def macro_f1(predicted: NDArray[np.integer], truth: NDArray[np.integer], n_types: int) -> float:
    """Mean F1 over the types that the truth has; a type that it lacks does not enter with zero."""
    there = np.bincount(truth, minlength=n_types) > 0
    return float(f1_per_type(predicted, truth, n_types)[there].mean())


def calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], n_bins: int = N_BINS
) -> float:
    """Average |accuracy - confidence| over bins of confidence, weighted by size (ECE).

    Parameters
    ----------
    confidence : ndarray, shape (n_obs,)
        Probability of the likeliest type, 0 to 1.
    correct : ndarray of bool, shape (n_obs,)
        Whether it was right.
    n_bins : int
        Bins of equal width.
    """
    which = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    gap = np.bincount(which, weights=correct - confidence, minlength=n_bins)
    return float(np.abs(gap).sum() / len(confidence))


def auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative, ties counted half; NaN without either."""
    n_positive, n = int(positive.sum()), len(positive)
    if n_positive in {0, n}:
        return float("nan")
    rank_sum = float(rankdata(scores)[positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * (n - n_positive))
