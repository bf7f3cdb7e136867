"""Composition that spots share with their neighbours, as far as counts that were held out say.

A spot's counts are few, and next to it the tissue is mostly made of the same; but not everywhere,
and not in every tissue. So a fifth of the counts is kept back, spots are composed of the rest, and
the weight of the neighbours is the one under which the counts kept back are likeliest. Nothing but
the counts of the genes at hand is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.blending import blend
from napari_tessera.numerics.counts import row_totals, sum_by, thin
from napari_tessera.numerics.overall import fitted_factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Weights of the neighbours that held-out counts choose from."""

HELD_OUT = 0.2
"""Share of the counts that is kept back."""

BACKGROUND = 0.02
"""Share of the tissue's overall profile in every spot's, so that no count is impossible."""

BLOCK_SPOTS = 1024
"""Spots whose expected counts are held at once."""


def share(
    composition: NDArray[np.float32], graph: sparse.csr_matrix, weight: float
) -> NDArray[np.float32]:
    """Average every spot's composition with the mean of its neighbours'.

    Parameters
    ----------
    composition : ndarray, shape (n_spots, n_types), float32
        Rows sum to one.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours; a spot without any stays as it is.
    weight : float
        Of the neighbours.

    Returns
    -------
    ndarray, shape (n_spots, n_types), float32
        Rows sum to one.
    """
    linked = sparse.csr_matrix(graph, dtype=np.float64, copy=True)
    linked.eliminate_zeros()
    linked.data[:] = 1.0
    number = np.asarray(linked.sum(axis=1)).ravel()
    mean = (linked @ composition) / np.maximum(number, 1)[:, None]
    part = np.where(number > 0, weight, 0.0)[:, None]
    return np.asarray((1 - part) * composition + part * mean, dtype=np.float32)


def choose_weight(
    sides: tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix, NDArray[np.str_]],
    graph: sparse.csr_matrix,
    rng: np.random.Generator,
) -> float:
    """Weight of the neighbours under which counts that were kept back are likeliest.

    Parameters
    ----------
    sides : tuple
        Counts of spots and of cells, the map (n_cells, n_spots), and the cells' types; see `blend`.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours.
    rng : numpy.random.Generator
        Source of what is kept back.
    """
    spots, cells, cell_map, labels = sides
    seen = thin(spots, (1 - HELD_OUT) * row_totals(spots), rng)
    kept = sparse.csr_matrix(spots - seen)
    composed = blend(seen, cells, cell_map, labels)[1]
    codes = np.unique(labels, return_inverse=True)[1]
    by_type = sum_by(cells, codes, composed.shape[1]).toarray().astype(np.float64)
    bulk = np.asarray(spots.sum(axis=0, dtype=np.float64)).ravel()
    profiles = by_type / np.maximum(by_type.sum(axis=1, keepdims=True), 1e-12)
    profiles /= np.maximum(fitted_factors(bulk, by_type), 1e-12)
    scores = [
        _log_likelihood(kept, share(composed, graph, weight) @ profiles, bulk) for weight in WEIGHTS
    ]
    return WEIGHTS[int(np.argmax(scores))]


def _log_likelihood(
    kept: sparse.csr_matrix, expected: NDArray[np.float64], bulk: NDArray[np.float64]
) -> float:
    """Multinomial log-likelihood of counts, but for what does not depend on the composition."""
    overall, total = BACKGROUND * bulk / max(bulk.sum(), 1e-12), 0.0
    for first in range(0, kept.shape[0], BLOCK_SPOTS):
        block = slice(first, first + BLOCK_SPOTS)
        some = kept[block].tocoo()
        mean = expected[block] / np.maximum(expected[block].sum(axis=1, keepdims=True), 1e-12)
        at = (1 - BACKGROUND) * mean[some.row, some.col] + overall[some.col]
        total += float((some.data * np.log(np.maximum(at, 1e-12))).sum())
    return total
