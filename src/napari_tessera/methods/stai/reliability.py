"""How well a gene that nobody measured can be expected to be imputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PENALTY = 0.1
"""Added to the diagonal of the panel's correlations."""

PRIOR_GENES = 3.0
"""Held-out genes' worth of belief that a gene does as well in the tissue as in the reference."""

HIGHEST = 0.99
"""Largest correlation that is believed."""


def panel_correlation(cells: NDArray[np.floating], n_panel: int) -> NDArray[np.float64]:
    """Correlation of each gene with its best linear prediction by the panel, in the reference.

    A gene of the panel is predicted by the others: its unexplained share is one over the diagonal
    of the inverse correlation matrix.

    Parameters
    ----------
    cells : ndarray, shape (n_cells, n_genes)
        Z-scored genes of the cells, the panel first.
    n_panel : int
        Genes of the panel.

    Returns
    -------
    ndarray, shape (n_genes,), float64
        0 to `HIGHEST`.
    """
    x = np.asarray(cells[:, :n_panel], dtype=np.float64)
    inverse = np.linalg.inv(x.T @ x / len(x) + PENALTY * np.eye(n_panel))
    crossed = np.asarray(x.T.astype(cells.dtype) @ cells, dtype=np.float64) / len(x)
    explained = np.einsum("pg,pq,qg->g", crossed, inverse, crossed, optimize=True)
    explained[:n_panel] = 1 - np.maximum(1 / np.diag(inverse) - PENALTY, 0.0)
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
