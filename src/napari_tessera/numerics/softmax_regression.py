"""Multinomial logistic regression on a thinned reference; the penalty is chosen on held-out cells.

Penalties are those of scikit-learn for one copy of the cells: ``C`` times the sum of the cells' log
losses plus half the squared weights. Several thinned copies share the weight of one.
"""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import log_softmax, logsumexp

from napari_tessera.numerics.labels import stratified_sample
from napari_tessera.numerics.thinning import Transform, features, thin_genes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse strengths of the penalty to choose from, the strongest first."""

COPIES = 4
"""Thinned copies of every cell."""

MOST_ROWS = 40_000
"""Rows a regression is fitted to; copies are given up first, then cells of large types."""

ABSENT = -30.0
"""Logit of a type that the fitted cells do not have."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoftmaxModel:
    """A linear map to logits.

    Parameters
    ----------
    weights : ndarray, shape (n_types, n_features), float32
        Weights.
    bias : ndarray, shape (n_types,), float32
        Offsets.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Logits of rows, shape (n_obs, n_types)."""
        return np.asarray(x @ self.weights.T + self.bias, dtype=np.float64)

    @classmethod
    def of(cls, fitted: object, n_types: int) -> Self:
        """Take the weights of a fitted scikit-learn regression; types it has not seen are out."""
        coef = np.asarray(fitted.coef_)  # type: ignore[attr-defined]
        bias = np.asarray(fitted.intercept_)  # type: ignore[attr-defined]
        classes = np.asarray(fitted.classes_, dtype=np.int64)  # type: ignore[attr-defined]
        if classes.size == 2:  # one column speaks for two types
            coef = np.concatenate([-coef, coef]) / 2
            bias = np.concatenate([-bias, bias]) / 2
        weights = np.zeros((n_types, coef.shape[1]), dtype=np.float32)
        offsets = np.full(n_types, ABSENT, dtype=np.float32)
        weights[classes], offsets[classes] = coef, bias
        return cls(weights=weights, bias=offsets)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ThinnedCells:
    """Reference cells, and how they are made to look like the tissue's.

    Parameters
    ----------
    counts : csr_matrix, shape (n_cells, n_genes)
        Counts of the cells.
    codes : ndarray, shape (n_cells,), int64
        Type of every cell.
    n_types : int
        How many types there are.
    shares : ndarray, shape (n_genes,), float64
        Share of every gene's molecules that is kept; ones thin nothing.
    """

    counts: sparse.csr_matrix
    codes: NDArray[np.int64]
    n_types: int
    shares: NDArray[np.float64]

    def take(self, rows: NDArray[np.integer]) -> ThinnedCells:
        """Keep some cells only."""
        return dataclasses.replace(self, counts=self.counts[rows], codes=self.codes[rows])

    def thinned(self, rng: np.random.Generator) -> sparse.csr_matrix:
        """Draw counts as the tissue's platform might have seen them."""
        return thin_genes(self.counts, self.shares, rng)


def training_rows(
    cells: ThinnedCells, transform: Transform, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Several thinned copies of the cells as features.

    Parameters
    ----------
    cells : ThinnedCells
        What to thin.
    transform : Transform
        What the regression sees.
    rng : numpy.random.Generator
        Source of the thinning.

    Returns
    -------
    x : ndarray, shape (n_rows, n_genes), float32
        Z-scored features.
    codes : ndarray, shape (n_rows,), int64
        Types of the rows.
    n_copies : int
        How many copies there are.
    """
    kept = cells.take(stratified_sample(cells.codes, MOST_ROWS, rng))
    n_copies = int(np.clip(MOST_ROWS // max(kept.codes.size, 1), 1, COPIES))
    copies = [features(kept.thinned(rng), transform) for _ in range(n_copies)]
    return np.concatenate(copies), np.tile(kept.codes, n_copies), n_copies


def fit_softmax(
    x: NDArray[np.float32],
    codes: NDArray[np.int64],
    n_types: int,
    penalties: tuple[float, ...],
    weights: NDArray[np.floating] | None = None,
) -> list[SoftmaxModel]:
    """One regression per penalty, each started from the one before.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_features), float32
        Features.
    codes : ndarray, shape (n_rows,), int64
        Types.
    n_types : int
        How many types there are, also those without rows.
    penalties : tuple of float
        Inverse strengths, the strongest first.
    weights : ndarray, shape (n_rows,), optional
        Weight of every row; one each where it is not given.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(max_iter=300, tol=1e-3, warm_start=True)
    found = []
    with warnings.catch_warnings():
        # the optimum is flat: three hundred steps are close enough where the tolerance is not met
        warnings.simplefilter("ignore", ConvergenceWarning)
        for penalty in penalties:
            solver.set_params(C=penalty).fit(x, codes, sample_weight=weights)
            found.append(SoftmaxModel.of(solver, n_types))
    return found


def log_posterior(model: SoftmaxModel, x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log probabilities of the types, shape (n_obs, n_types)."""
    return np.asarray(log_softmax(model.logits(x), axis=1))


def energy(model: SoftmaxModel, x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Minus the log of the summed exponentials of the logits: high where no type fits; (n_obs,)."""
    return np.asarray(-logsumexp(model.logits(x), axis=1))


def log_loss(log_p: NDArray[np.floating], codes: NDArray[np.integer]) -> float:
    """Mean of minus the log probability of the true type."""
    return float(-log_p[np.arange(codes.size), codes].mean())
