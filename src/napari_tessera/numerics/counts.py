"""Counts: normalisation to a common depth and binomial thinning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData


def row_totals(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    """Sum of every row, shape (n_obs,), float64."""
    return np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()


def log_normalise(counts: sparse.csr_matrix, target: float) -> sparse.csr_matrix:
    """Scale every row to `target` and take ``log(1 + x)``; empty rows stay empty.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts.
    target : float
        Common total; the median total of the cells keeps one count worth about one.

    Returns
    -------
    csr_matrix, shape (n_obs, n_genes), float32
    """
    totals = row_totals(counts)
    factor = np.divide(target, totals, out=np.zeros_like(totals), where=totals > 0)
    scaled = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
    scaled.data = np.log1p(scaled.data * np.repeat(factor, np.diff(scaled.indptr)))
    scaled.data = scaled.data.astype(np.float32, copy=False)
    return scaled


def thin(
    counts: sparse.csr_matrix, depths: NDArray[np.float64], rng: np.random.Generator
) -> sparse.csr_matrix:
    """Keep every molecule with such a chance that a row's expected total is its depth.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts; fractions are rounded.
    depths : ndarray, shape (n_obs,), float64
        Wanted totals; a row with fewer counts is kept whole.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    csr_matrix, shape (n_obs, n_genes), float32
    """
    totals = np.maximum(row_totals(counts), 1e-12)
    share = np.clip(depths / totals, 0.0, 1.0)
    whole = np.rint(counts.data).astype(np.int64)
    kept = rng.binomial(whole, np.repeat(share, np.diff(counts.indptr)))
    return sparse.csr_matrix(
        (kept.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape
    )


def sum_by(
    counts: sparse.csr_matrix, groups: NDArray[np.integer], n_groups: int
) -> sparse.csr_matrix:
    """Add up the rows of every group; shape (n_groups, n_genes)."""
    n_obs = counts.shape[0]
    ones = np.ones(n_obs, dtype=np.float32)
    member = sparse.csr_matrix((ones, (groups, np.arange(n_obs))), shape=(n_groups, n_obs))
    return sparse.csr_matrix(member @ counts)


def platform_factors(spots: sparse.csr_matrix, cells: sparse.csr_matrix) -> NDArray[np.float64]:
    """How much more of every gene the cells' platform sees than the spots' does.

    The ratio of the overall gene fractions of both sides. It also holds the difference of their
    overall composition, which is the price of not being told which is which.

    Parameters
    ----------
    spots, cells : csr_matrix, shape (n_obs, n_genes)
        Counts.

    Returns
    -------
    ndarray, shape (n_genes,), float64
        Multiply spots by it to see them as the cells' platform would.
    """
    fractions = []
    for counts in (cells, spots):
        total = np.asarray(counts.sum(axis=0, dtype=np.float64)).ravel() + 1.0
        fractions.append(total / total.sum())
    return np.asarray(fractions[0] / fractions[1])


def scale_genes(counts: sparse.csr_matrix, factors: NDArray[np.float64]) -> sparse.csr_matrix:
    """Multiply every column by its factor, and every row back to the total it had."""
    scaled = sparse.csr_matrix(counts.multiply(factors), dtype=np.float64)
    rows = row_totals(counts) / np.maximum(row_totals(scaled), 1e-300)
    return sparse.csr_matrix(sparse.diags(rows) @ scaled, dtype=np.float32)


def spots_as_cells(inputs: PairedData, *, matched: bool = True) -> sparse.csr_matrix:
    """Show the spots as the cells' platform would count them; as they are if not `matched`."""
    spots = inputs.spots.values
    if not matched:
        return spots
    return scale_genes(spots, platform_factors(spots, inputs.cells.values))
