"""A reference thinned to the tissue's depth gene by gene, and the features regressions see."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.counts import row_totals

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_SPREAD = 1e-6
"""Standard deviation below which a feature counts as constant and becomes zero."""


class Transform(StrEnum):
    """What is done to counts before a regression sees them."""

    LOG = "log1p"
    ROOT = "root of shares"


def kept_shares(cells: sparse.csr_matrix, spots: sparse.csr_matrix) -> NDArray[np.float64]:
    """Share of every gene's molecules that a cell would keep at the tissue's depth.

    ``q_g = min(1, mean of g over spots / mean of g over cells)``.

    Parameters
    ----------
    cells, spots : csr_matrix, shape (n_obs, n_genes)
        Counts.

    Returns
    -------
    ndarray, shape (n_genes,), float64
        1 where the cells have no counts.
    """
    cell_mean, spot_mean = (
        np.asarray(x.sum(axis=0, dtype=np.float64)).ravel() / x.shape[0] for x in (cells, spots)
    )
    ratio = np.divide(spot_mean, cell_mean, out=np.ones_like(cell_mean), where=cell_mean > 0)
    return np.asarray(np.minimum(ratio, 1.0))


def thin_genes(
    counts: sparse.csr_matrix, shares: NDArray[np.float64], rng: np.random.Generator
) -> sparse.csr_matrix:
    """Keep every molecule with the chance of its gene.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts; fractions are rounded.
    shares : ndarray, shape (n_genes,), float64
        Chance of every gene, 0 to 1.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    csr_matrix, shape (n_obs, n_genes), float32
    """
    whole = np.rint(counts.data).astype(np.int64)
    kept = rng.binomial(whole, shares[counts.indices])
    thinned = sparse.csr_matrix(
        (kept.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape, copy=True
    )
    thinned.eliminate_zeros()
    return thinned


def transformed(counts: sparse.csr_matrix, transform: Transform) -> sparse.csr_matrix:
    """Apply a transform that keeps zeros zero.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts.
    transform : Transform
        ``LOG`` takes ``log(1 + x)``; ``ROOT`` the square root of x over the row's total.

    Returns
    -------
    csr_matrix, shape (n_obs, n_genes), float32
    """
    found = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
    if transform is Transform.LOG:
        found.data = np.log1p(found.data)
        return found
    totals = np.maximum(row_totals(counts), 1e-12)
    found.data = np.sqrt(found.data / np.repeat(totals, np.diff(found.indptr))).astype(np.float32)
    return found


def standardised(values: sparse.csr_matrix) -> NDArray[np.float32]:
    """Z-score every column over the rows; constant columns become zero.

    Parameters
    ----------
    values : csr_matrix, shape (n_obs, n_genes)
        Features.

    Returns
    -------
    ndarray, shape (n_obs, n_genes), float32
    """
    n_obs = values.shape[0]
    mean = np.asarray(values.sum(axis=0, dtype=np.float64)).ravel() / n_obs
    square = np.asarray(values.multiply(values).sum(axis=0, dtype=np.float64)).ravel() / n_obs
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > SMALLEST_SPREAD)
    dense = values.toarray().astype(np.float32, copy=False)
    dense -= mean.astype(np.float32)
    dense *= scale.astype(np.float32)
    return np.asarray(dense)


def features(counts: sparse.csr_matrix, transform: Transform) -> NDArray[np.float32]:
    """Turn counts of one side into what a regression sees: transformed, z-scored on that side.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts of cells or of spots.
    transform : Transform
        What is done first.

    Returns
    -------
    ndarray, shape (n_obs, n_genes), float32
    """
    return standardised(transformed(counts, transform))
