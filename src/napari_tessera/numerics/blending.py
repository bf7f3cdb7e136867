"""Composition from two views: cells where a map puts them, and types wherever they may be.

*Cells*: counts expectation-maximisation from a map; it knows where a cell may lie and what is
special about it, but can give a spot nothing of a type whose cells the map puts elsewhere. *Types*:
the same model with one mean profile per type, from a flat start; it knows no place. Their mistakes
differ, so both count half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.composing import composition, counts_em
from napari_tessera.numerics.counts import scale_genes, sum_by
from napari_tessera.numerics.overall import fitted_factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHT = 0.5
"""Of the view by cells. Choosing it on held-out genes was no better over tissues of known truth."""

TYPE_STEPS = 30
"""Steps of the view by types; it has no cells to over-fit to."""


def blend(
    spots: sparse.csr_matrix,
    cells: sparse.csr_matrix,
    cell_map: sparse.csr_matrix,
    labels: NDArray[np.str_],
    weight: float = WEIGHT,
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Compose spots from cells and from types, on the cells' platform.

    Parameters
    ----------
    spots, cells : csr_matrix, shape (n_spots or n_cells, n_genes)
        Counts, each as its platform gives them.
    cell_map : csr_matrix, shape (n_cells, n_spots)
        Where a cell may lie.
    labels : ndarray of str, shape (n_cells,)
        Cell types.
    weight : float
        Weight of the view by cells; a view without weight is not computed.

    Returns
    -------
    types : ndarray of str, shape (n_types,)
        Sorted names.
    values : ndarray, shape (n_spots, n_types), float32
        Rows sum to one.
    """
    types, codes = np.unique(labels, return_inverse=True)
    by_type = sum_by(cells, codes, types.size)
    bulk = np.asarray(spots.sum(axis=0, dtype=np.float64)).ravel()
    factors = fitted_factors(bulk, by_type.toarray().astype(np.float64))
    scaled = scale_genes(spots, factors)
    mixed = np.zeros((spots.shape[0], types.size), dtype=np.float32)
    if weight > 0:
        mixed += weight * composition(counts_em(scaled, cells, cell_map), labels)[1]
    if weight < 1:
        flat = sparse.csr_matrix(np.ones((types.size, spots.shape[0]), dtype=np.float32))
        held = counts_em(scaled, by_type, flat, TYPE_STEPS)
        mixed += (1 - weight) * composition(held, types)[1]
    return types, mixed
