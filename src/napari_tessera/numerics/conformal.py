"""Prediction sets and p-values from cells that were held out (split conformal prediction)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 30
"""Held-out cells from which a type has a threshold of its own."""


def set_thresholds(
    probability: NDArray[np.floating], codes: NDArray[np.integer], coverage: float
) -> NDArray[np.float64]:
    """Probability above which a type belongs to a cell's set (:cite:`sadinle2019least`).

    Of the n held-out cells of a type, the ``floor((n + 1) (1 - coverage))``-th smallest probability
    of the true type; a type with few cells takes the threshold of all cells together.

    Parameters
    ----------
    probability : ndarray, shape (n_cells, n_types)
        Probabilities of held-out cells.
    codes : ndarray of int, shape (n_cells,)
        Their types.
    coverage : float
        Wanted share of cells whose set holds the true type.

    Returns
    -------
    ndarray, shape (n_types,), float64
    """
    own = probability[np.arange(codes.size), codes]

    def threshold(values: NDArray[np.floating]) -> float:
        rank = int(np.floor((values.size + 1) * (1 - coverage)))
        return float(np.sort(values)[rank - 1]) if rank > 0 else 0.0

    pooled = threshold(own)
    each = [own[codes == c] for c in range(probability.shape[1])]
    return np.array([threshold(v) if v.size >= ENOUGH else pooled for v in each])


def prediction_sets(
    probability: NDArray[np.floating], thresholds: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Types at or above their thresholds, and always the likeliest; shape (n_obs, n_types)."""
    sets = np.asarray(probability >= thresholds)
    sets[np.arange(len(sets)), probability.argmax(axis=1)] = True
    return sets


def upper_p(scores: NDArray[np.floating], known: NDArray[np.floating]) -> NDArray[np.float32]:
    """P-value of scores that are high for strangers: rank among those of held-out known cells.

    ``p = (1 + number of known scores at or above it) / (1 + number of known scores)``.

    Parameters
    ----------
    scores : ndarray, shape (n_obs,)
        Scores to judge.
    known : ndarray, shape (n_known,)
        Scores of cells that are no strangers.

    Returns
    -------
    ndarray, shape (n_obs,), float32
        Above 0, at most 1.
    """
    above = known.size - np.searchsorted(np.sort(known), scores, side="left")
    return np.asarray((1 + above) / (1 + known.size), dtype=np.float32)
