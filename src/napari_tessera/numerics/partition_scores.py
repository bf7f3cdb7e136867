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
