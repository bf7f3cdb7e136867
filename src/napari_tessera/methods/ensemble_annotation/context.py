"""What the neighbourhood says about a cell, and whether it says enough to be listened to.

A regression predicts a cell's own posterior (soft labels, no truth) from the mean posterior and the
mean expression of its 8 and 40 nearest neighbours; every cell is predicted by a regression that did
not see it. The prediction is a prior: ``posterior x (prior / overall share)^strength``, and the
strength depends on the evidence ``mean log sum_c posterior_c prior_c / share_c``: tissues whose
types are interspersed have little, and are left alone.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from napari_tessera.numerics.neighbours import mean_over, nearest
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import (
    MOST_ROWS,
    fit_softmax,
    log_posterior,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR, FAR = 8, 40
"""Neighbours of the two circles."""

COMPONENTS = 20
"""Principal components of expression that are averaged."""

N_FOLDS = 4
"""Folds of the cross-fit."""

PENALTIES = (0.003, 0.01, 0.03, 0.1)
"""Inverse strengths to choose from, by the soft log loss of the first fold."""

SMALLEST_SHARE = 0.02
"""Posterior probabilities below this are no soft label."""

TRUST = 0.98
"""Share of the predicted prior; the rest is the overall share, so that nothing is ruled out."""

CLOSED, OPEN = 0.5, 1.0
"""Evidence in nats below which the neighbourhood has no say, and from which it has all of it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Context:
    """What the neighbourhood says.

    Parameters
    ----------
    log_ratio : ndarray, shape (n_spots, n_types), float64
        Log of prior over overall share.
    evidence : float
        Mean gain in nats.
    """

    log_ratio: NDArray[np.float64]
    evidence: float

    @property
    def gate(self) -> float:
        """How far the neighbourhood is listened to, 0 to 1."""
        return float(np.clip((self.evidence - CLOSED) / (OPEN - CLOSED), 0.0, 1.0))

    def apply(self, log_p: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
        """Log probabilities with the neighbourhood in them, shape (n_spots, n_types)."""
        return np.asarray(log_softmax(log_p + strength * self.gate * self.log_ratio, axis=1))


def neighbourhood_context(
    log_p: NDArray[np.float64],
    x: NDArray[np.float32],
    neighbours: NDArray[np.int64],
    seed: int,
) -> Context:
    """Predict every cell's posterior from its neighbours.

    Parameters
    ----------
    log_p : ndarray, shape (n_spots, n_types), float64
        Log posterior of every cell by itself.
    x : ndarray, shape (n_spots, n_genes), float32
        Z-scored expression.
    neighbours : ndarray, shape (n_spots, 40), int64
        Nearest cells, the nearest first; see `numerics.neighbours.nearest`.
    seed : int
        Seed of components and folds.
    """
    posterior = np.exp(log_p)
    share = posterior.mean(axis=0)
    prior = _cross_fitted(_surroundings(posterior, x, neighbours, seed), posterior, seed)
    prior = TRUST * prior + (1 - TRUST) * share
    ratio = prior / np.maximum(share, 1e-12)
    evidence = float(np.log((posterior * ratio).sum(axis=1)).mean())
    return Context(log_ratio=np.log(ratio), evidence=evidence)


def _surroundings(
    posterior: NDArray[np.float64],
    x: NDArray[np.float32],
    neighbours: NDArray[np.int64],
    seed: int,
) -> NDArray[np.float32]:
    """Z-scored means over the two circles of neighbours, shape (n_spots, n_features)."""
    from sklearn.decomposition import TruncatedSVD

    n_components = min(COMPONENTS, x.shape[1] - 1, x.shape[0] - 1)
    scores = TruncatedSVD(n_components, random_state=seed).fit_transform(x)
    both = np.concatenate([posterior, scores], axis=1)
    found = np.concatenate([mean_over(both, neighbours[:, :k]) for k in (NEAR, FAR)], axis=1)
    spread = np.maximum(found.std(axis=0), 1e-6)
    return np.asarray((found - found.mean(axis=0)) / spread, dtype=np.float32)


def _cross_fitted(
    x: NDArray[np.float32], posterior: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """Probabilities from regressions that did not see the cell, shape (n_spots, n_types)."""
    n_spots, n_types = posterior.shape
    rng = rng_for(seed, 50)
    folds = rng.permutation(n_spots) % N_FOLDS
    found = np.empty((n_spots, n_types))
    choices: tuple[float, ...] = PENALTIES
    for fold in range(N_FOLDS):
        out = folds == fold
        row, code = np.nonzero((posterior >= SMALLEST_SHARE) & ~out[:, None])
        if row.size > MOST_ROWS:
            some = np.sort(rng.permutation(row.size)[:MOST_ROWS])
            row, code = row[some], code[some]
        models = fit_softmax(x[row], code, n_types, choices, posterior[row, code])
        answers = [log_posterior(m, x[out]) for m in models]
        losses = [-(posterior[out] * a).sum(axis=1).mean() for a in answers]
        best = int(np.argmin(losses))
        found[out], choices = np.exp(answers[best]), (choices[best],)
    return found


def find_neighbours(
    xy: NDArray[np.float64], sample: NDArray[np.str_] | None
) -> NDArray[np.int64] | None:
    """Up to forty nearest cells of every cell in its section; None where there are too few."""
    sizes = [len(xy)] if sample is None else np.unique(sample, return_counts=True)[1].tolist()
    return nearest(xy, FAR, sample) if min(sizes) > FAR else None
