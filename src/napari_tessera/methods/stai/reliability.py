"""How well a gene that nobody measured can be expected to be imputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

PENALTY = 0.1
"""Added to the diagonal of the panel's correlations."""

PRIOR_GENES = 3.0
"""Held-out genes' worth of belief that a gene does as well in the tissue as in the reference."""

HIGHEST = 0.99
"""Largest correlation that is believed."""


def panel_correlation(
    panel: NDArray[np.floating], logs: sparse.csr_matrix, measured: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Correlation of each gene with its best linear prediction by the panel, in the reference.

    A gene of the panel is predicted by the others: its unexplained share is one over the diagonal
    of the inverse correlation matrix.

    Parameters
    ----------
    panel : ndarray, shape (n_cells, n_panel)
        Z-scored genes of the panel.
    logs : csr_matrix, shape (n_cells, n_genes)
        All genes.
    measured : ndarray of int, shape (n_panel,)
        Columns of `logs` that are the panel.

    Returns
    -------
    ndarray, shape (n_genes,), float64
        0 to `HIGHEST`.
    """
    n_cells, n_panel = panel.shape
    x = panel - panel.mean(axis=0)
    inverse = np.linalg.inv(x.T @ x / n_cells + PENALTY * np.eye(n_panel))
    mean = np.asarray(logs.mean(axis=0)).ravel()
    square = np.asarray(logs.multiply(logs).mean(axis=0)).ravel()
    spread = np.sqrt(np.maximum(square - mean**2, 1e-12))
    crossed = np.asarray((logs.T @ x).T) / n_cells / spread
    explained = np.einsum("pg,pq,qg->g", crossed, inverse, crossed, optimize=True)
    explained[measured] = 1 - np.maximum(1 / np.diag(inverse) - PENALTY, 0.0)
    return np.asarray(np.sqrt(np.clip(explained, 0.0, HIGHEST**2)))


def fit_expected(
    achieved: NDArray[np.floating], reference: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Line from the reference's correlations to those achieved on held-out genes (both as atanh).

    Parameters
    ----------
    achieved, reference : ndarray, shape (n_held,)
        Correlations of held-out genes.

    Returns
    -------
    ndarray, shape (2,), float64
        Offset and slope, drawn to 0 and 1 where there are few genes.
    """
    x = np.arctanh(np.clip(reference, 0.0, HIGHEST))
    y = np.arctanh(np.clip(achieved, -HIGHEST, HIGHEST))
    design = np.stack([np.ones_like(x), x], axis=1)
    towards = np.array([0.0, 1.0])
    normal = design.T @ design + PRIOR_GENES * np.eye(2)
    return np.asarray(np.linalg.solve(normal, design.T @ y + PRIOR_GENES * towards))


def expected_pcc(
    line: NDArray[np.floating], reference: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Expect the correlation of genes from that in the reference, shape (n_genes,)."""
    x = np.arctanh(np.clip(reference, 0.0, HIGHEST))
    return np.asarray(np.tanh(line[0] + line[1] * x), dtype=np.float32)
