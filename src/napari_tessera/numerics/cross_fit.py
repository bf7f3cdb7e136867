"""Held-out answers of a thinned regression, and the penalty they choose."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.annotation_scores import macro_f1
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import (
    PENALTIES,
    SoftmaxModel,
    ThinnedCells,
    energy,
    fit_softmax,
    log_loss,
    log_posterior,
    training_rows,
)
from napari_tessera.numerics.thinning import Transform, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIT_STREAM = 40
"""Stream of draws of the final fit; folds take the ones after it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeldOutCells:
    """Reference cells, thinned once, and the fold in which each is held out.

    Parameters
    ----------
    counts : csr_matrix, shape (n_cells, n_genes)
        Thinned counts.
    folds : ndarray, shape (n_cells,), int64
        Fold of every cell.
    """

    counts: sparse.csr_matrix
    folds: NDArray[np.int64]

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.folds.max()) + 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossFit:
    """What a regression says about cells it was not fitted to.

    Parameters
    ----------
    penalty : float
        Inverse strength that was chosen.
    log_p : ndarray, shape (n_cells, n_types), float64
        Log probabilities of the held-out cells.
    energy : ndarray, shape (n_cells,), float64
        Energy of the held-out cells.
    """

    penalty: float
    log_p: NDArray[np.float64]
    energy: NDArray[np.float64]


def cross_fit(
    cells: ThinnedCells,
    held: HeldOutCells,
    transform: Transform,
    seed: int,
) -> CrossFit:
    """Choose the penalty by the log loss on the first fold; answer for every fold.

    Parameters
    ----------
    cells : ThinnedCells
        All cells.
    held : HeldOutCells
        The same cells as they are held out.
    transform : Transform
        What the regression sees.
    seed : int
        Seed of the thinning.
    """
    x = features(held.counts, transform)
    log_p = np.empty((cells.codes.size, cells.n_types))
    energies = np.empty(cells.codes.size)
    penalty = 0.0
    for fold in range(held.n_folds):
        out = held.folds == fold
        rows, codes, copies = training_rows(
            cells.take(np.flatnonzero(~out)), transform, rng_for(seed, FIT_STREAM + 1, fold)
        )
        choices = PENALTIES if fold == 0 else (penalty,)
        models = fit_softmax(rows, codes, cells.n_types, tuple(c / copies for c in choices))
        losses = [log_loss(log_posterior(m, x[out]), cells.codes[out]) for m in models]
        best = int(np.argmin(losses))
        penalty = choices[best]
        log_p[out] = log_posterior(models[best], x[out])
        energies[out] = energy(models[best], x[out])
    return CrossFit(penalty=penalty, log_p=log_p, energy=energies)


def final_fit(cells: ThinnedCells, transform: Transform, penalty: float, seed: int) -> SoftmaxModel:
    """Fit to all cells with the penalty that was chosen."""
    rows, codes, copies = training_rows(cells, transform, rng_for(seed, FIT_STREAM))
    return fit_softmax(rows, codes, cells.n_types, (penalty / copies,))[0]


def held_out_scores(log_p: NDArray[np.floating], codes: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro-F1 and log loss on held-out thinned reference cells."""
    predicted = log_p.argmax(axis=1)
    return {
        "held_out_accuracy": float((predicted == codes).mean()),
        "held_out_macro_f1": macro_f1(predicted, codes, log_p.shape[1]),
        "held_out_log_loss": log_loss(log_p, codes),
    }


def informative_genes(
    counts: sparse.csr_matrix, codes: NDArray[np.int64], most: int | None
) -> NDArray[np.int64]:
    """Genes whose logarithm differs most between types, as a share of their variance; in order.

    Where all cells have one type, the genes that vary most.

    Parameters
    ----------
    counts : csr_matrix, shape (n_cells, n_genes)
        Counts.
    codes : ndarray, shape (n_cells,), int64
        Types.
    most : int or None
        Genes to keep; None keeps all.
    """
    n_cells, n_genes = counts.shape
    if most is None or n_genes <= most:
        return np.arange(n_genes)
    logs = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
    logs.data = np.log1p(logs.data)
    sizes = np.bincount(codes)
    member = sparse.csr_matrix((1 / sizes[codes], (codes, np.arange(n_cells))))
    means = np.asarray((member @ logs).todense())
    overall = np.asarray(logs.mean(axis=0)).ravel()
    between = sizes @ (means - overall) ** 2 / n_cells
    total = np.asarray(logs.multiply(logs).mean(axis=0)).ravel() - overall**2
    share = np.ones(n_genes)
    if sizes.size > 1:
        share = np.divide(between, total, out=np.zeros(n_genes), where=total > 1e-12)
    return np.sort(np.argsort(-share * np.sqrt(np.maximum(total, 0.0)))[:most])
