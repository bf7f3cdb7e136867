"""What can be said of a partition without knowing the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


def coherence(labels: NDArray[np.integer], graph: sparse.csr_matrix) -> float:
    """Share of neighbour pairs in one domain, above what the sizes alone give: 0 to 1.

    Parameters
    ----------
    labels : ndarray, shape (n_spots,), int
        Domains.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours, symmetric 0/1.
    """
    row, col = graph.nonzero()
    if row.size == 0:
        return 0.0
    share = np.bincount(labels) / labels.size
    chance = float((share**2).sum())
    seen = float((labels[row] == labels[col]).mean())
    return (seen - chance) / (1 - chance) if chance < 1 else 0.0


def explained(labels: NDArray[np.integer], values: NDArray[np.floating]) -> float:
    """Share of the variance of some values that lies between domains, 0 to 1.

    Parameters
    ----------
    labels : ndarray, shape (n_spots,), int
        Domains.
    values : ndarray, shape (n_spots, n_columns)
        Scores that were not smoothed.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x - x.mean(axis=0)
    total = float((x**2).sum())
    member = np.eye(int(labels.max()) + 1)[labels]
    size = np.maximum(member.sum(axis=0), 1.0)
    means = member.T @ x / size[:, None]
    return float((size[:, None] * means**2).sum()) / total if total > 0 else 0.0


def held_out_density(
    scores: NDArray[np.floating], labels: NDArray[np.integer], rng: np.random.Generator
) -> float:
    """Log density of one half of the spots given their domains, classes fitted to the other half.

    Gaussian classes with one covariance; both halves take their turn.

    Parameters
    ----------
    scores : ndarray, shape (n_spots, n_factors)
        Scores that were not smoothed.
    labels : ndarray of int, shape (n_spots,)
        Domains.
    rng : numpy.random.Generator
        Draws the halves.

    Returns
    -------
    float
        Nats per spot, up to a constant.
    """
    x = np.asarray(scores, dtype=np.float64)
    order = rng.permutation(len(x))
    halves = (order[::2], order[1::2])
    total = 0.0
    for fitted, judged in (halves, halves[::-1]):
        mean = _means(x[fitted], labels[fitted], int(labels.max()) + 1)
        offset = x[fitted] - mean[labels[fitted]]
        covariance = offset.T @ offset / len(offset)
        floor = 1e-6 * np.trace(covariance) / len(covariance) + 1e-12
        factor = np.linalg.cholesky(covariance + floor * np.eye(len(covariance)))
        white = np.linalg.solve(factor, (x[judged] - mean[labels[judged]]).T)
        total -= 0.5 * float((white**2).sum()) + len(judged) * float(np.log(np.diag(factor)).sum())
    return total / len(x)


def _means(
    x: NDArray[np.float64], labels: NDArray[np.integer], n_classes: int
) -> NDArray[np.float64]:
    """Class means; that of all spots for a class without any."""
    member = np.eye(n_classes)[labels]
    size = member.sum(axis=0)[:, None]
    return np.asarray(np.where(size > 0, member.T @ x / np.maximum(size, 1), x.mean(axis=0)))
