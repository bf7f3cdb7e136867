"""Composition of spots by counts expectation-maximisation from a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.tensors import CsrPattern
from napari_tessera.numerics.together import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 8
"""EM steps; later ones over-fit to single cells."""

BACKGROUND = 0.02
"""Share of the overall profile in every cell's profile, so that no count is impossible."""

BLOCK_ENTRIES, LEAST_BLOCKS = 2**22, 6
"""Entries of one block of genes, 16 MiB in float32, and how many blocks there are at least."""

CROWDED, MOST_DENSE = 0.05, 2**24
"""Share of the entries from which on a dense product is faster than a sparse one (five times at a
sixth of the entries), and entries up to which W may be dense: 64 MiB in float32."""


def counts_em(
    spots: sparse.csr_matrix,
    cells: sparse.csr_matrix,
    cell_map: sparse.csr_matrix,
    n_steps: int = STEPS,
) -> sparse.csr_matrix:
    """How much of every cell each spot holds, by maximum likelihood from the map.

    Model: spot counts are Poisson with mean ``W X``; start at the map's columns, then
    ``W_ji <- W_ji sum_g (S_jg / (W X)_jg) x_ig / sum_g x_ig`` (:cite:`richardson1972`).

    Parameters
    ----------
    spots : csr_matrix, shape (n_spots, n_genes)
        Counts.
    cells : csr_matrix, shape (n_cells, n_genes)
        Counts.
    cell_map : csr_matrix, shape (n_cells, n_spots)
        Where W may be non-zero, and its first value.
    n_steps : int
        Updates.

    Returns
    -------
    csr_matrix, shape (n_spots, n_cells), float64
        W; its rows are expected molecules per cell profile.
    """
    profiles, overall = _profiles(cells)
    by_gene = (sparse.csc_matrix(spots), profiles)
    weights = sparse.csr_matrix(cell_map.T, dtype=np.float64)
    weights.sort_indices()
    totals = np.asarray(spots.sum(axis=1, dtype=np.float64)).ravel()
    indptr, indices = (torch.from_numpy(i) for i in (weights.indptr, weights.indices))
    values = torch.empty(weights.nnz)
    held = CsrPattern(shape=weights.shape, indptr=indptr, indices=indices, values=values)
    for _ in range(n_steps):
        scale = totals / np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1e-300)
        weights.data *= np.repeat(scale, np.diff(weights.indptr))
        values.copy_(torch.from_numpy(weights.data))
        weights.data *= _gain(by_gene, held, overall)
    return weights


def _profiles(cells: sparse.csr_matrix) -> tuple[sparse.csc_matrix, NDArray[np.float64]]:
    """Rows as fractions, and the overall fractions that every profile gets a share of."""
    totals = np.maximum(np.asarray(cells.sum(axis=1, dtype=np.float64)).ravel(), 1e-12)
    profiles = sparse.csc_matrix(cells, dtype=np.float32, copy=True)
    profiles.data *= ((1 - BACKGROUND) / totals).astype(np.float32)[profiles.indices]
    overall = np.asarray(cells.sum(axis=0, dtype=np.float64)).ravel()
    return profiles, BACKGROUND * overall / max(overall.sum(), 1e-12)


def _gain(
    by_gene: tuple[sparse.csc_matrix, sparse.csc_matrix],
    held: CsrPattern,
    overall: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Multiplicative EM update of every stored entry of W, by blocks of genes.

    Blocks are shared out among threads and added in their order: a product that is shared out
    itself would be rounded differently by every number of threads.
    """
    spots, profiles = by_gene
    n_entries = spots.shape[0] * profiles.shape[0]
    crowded = CROWDED * n_entries <= len(held.values) and n_entries <= MOST_DENSE
    products = _Filled.of(held) if crowded else held

    def gain_of(start: int) -> torch.Tensor:
        genes = slice(start, start + size)
        cell = _dense(profiles[:, genes])
        cell += torch.from_numpy(overall[genes].astype(np.float32))
        ratio = _dense(spots[:, genes])
        ratio /= products.matmul(cell).clamp_(min=1e-30)
        return products.sampled_product(ratio, cell)

    n_genes = spots.shape[1]
    size = max(1, min(BLOCK_ENTRIES // sum(held.shape), -(-n_genes // LEAST_BLOCKS)))
    gain = torch.zeros_like(held.values)
    for part in side_by_side(gain_of, range(0, n_genes, size)):
        gain += part
    return gain.numpy()


def _dense(some: sparse.csc_matrix) -> torch.Tensor:
    """Write out a few columns, in float32."""
    return torch.from_numpy(some.astype(np.float32).toarray())


@dataclass(frozen=True)
class _Filled:
    """The same with its zeros written out: the same products, faster where few are zero."""

    rows: torch.Tensor
    columns: torch.Tensor
    dense: torch.Tensor

    @classmethod
    def of(cls, held: CsrPattern) -> _Filled:
        rows = torch.repeat_interleave(held.indptr.diff())
        dense = torch.zeros(held.shape)
        dense[rows, held.indices] = held.values
        return cls(rows, held.indices, dense)

    def matmul(self, right: torch.Tensor) -> torch.Tensor:
        return self.dense @ right

    def sampled_product(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return (left @ right.T)[self.rows, self.columns]


def composition(
    weights: sparse.csr_matrix, cell_types: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Add up W by cell type and divide every row by its total.

    Parameters
    ----------
    weights : csr_matrix, shape (n_spots, n_cells)
        How much of every cell each spot holds.
    cell_types : ndarray of str, shape (n_cells,)
        Labels.

    Returns
    -------
    types : ndarray of str, shape (n_types,)
        Sorted names.
    values : ndarray, shape (n_spots, n_types), float32
        Rows sum to one; a spot without any weight gets the overall composition.
    """
    types, codes = np.unique(cell_types, return_inverse=True)
    one_hot = sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
    values = np.asarray((weights @ one_hot).toarray())
    overall = np.bincount(codes, minlength=types.size) / len(codes)
    totals = values.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, values / np.maximum(totals, 1e-300), overall)
    return types, shares.astype(np.float32)
