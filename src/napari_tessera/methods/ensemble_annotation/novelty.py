"""How much a cell looks like none of the known types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.neighbours import mean_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOUBT_SCALE = 0.3
"""Missing probability of the likeliest type that counts as much as one deviation of the energy."""

NEIGHBOURS = 10
"""Neighbours over which half of a score is averaged."""


def stranger_scores(
    log_p: NDArray[np.floating], energies: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Mean standardised energy plus the missing probability of the likeliest type over 0.3.

    Parameters
    ----------
    log_p : ndarray, shape (n_obs, n_types)
        Pooled log probabilities.
    energies : ndarray, shape (n_obs, n_regressions)
        Energies, standardised on held-out known cells.

    Returns
    -------
    ndarray, shape (n_obs,), float64
        High for strangers.
    """
    doubt = 1 - np.exp(log_p.max(axis=1))
    return np.asarray(energies.mean(axis=1) + doubt / DOUBT_SCALE)


def averaged(
    scores: NDArray[np.floating], neighbours: NDArray[np.integer], share: float
) -> NDArray[np.float64]:
    """Take half of `share` of a score from its ten nearest neighbours."""
    around = mean_over(scores[:, None], neighbours[:, :NEIGHBOURS])[:, 0]
    return np.asarray((1 - share / 2) * scores + share / 2 * around)


def averaged_known(
    scores: NDArray[np.floating],
    codes: NDArray[np.integer],
    share: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Do to known cells what `averaged` does: their neighbours are random cells of their type.

    Parameters
    ----------
    scores : ndarray, shape (n_known,)
        Scores of known cells.
    codes : ndarray of int, shape (n_known,)
        Type that each was taken for.
    share : float
        How far the neighbourhood is listened to.
    rng : numpy.random.Generator
        Source of the neighbours.
    """
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    drawn = rng.random((codes.size, NEIGHBOURS)) * sizes[codes][:, None]
    neighbours = order[starts[codes][:, None] + drawn.astype(np.int64)]
    return averaged(scores, neighbours, share)
