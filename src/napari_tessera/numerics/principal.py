"""Principal components of log expression that is standardised section by section, never formed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

ROWS = 8192
"""Rows that are dense at one time."""


@dataclass(frozen=True, kw_only=True)
class Standardised:
    """Sparse values and what turns them into centred ones: ``(values - mean) / scale``.

    Parameters
    ----------
    values : csr_matrix, shape (n_spots, n_genes)
        Log expression.
    mean, scale : ndarray, shape (n_genes,), float32
        Of this section.
    """

    values: sparse.csr_matrix
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def blocks(self, device: torch.device) -> Iterator[torch.Tensor]:
        """Give standardised rows, a block at a time, float32."""
        mean = torch.from_numpy(self.mean).to(device)
        scale = torch.from_numpy(self.scale).to(device)
        for start in range(0, int(self.values.shape[0]), ROWS):
            yield (dense_rows(self.values, slice(start, start + ROWS), device) - mean) / scale


def gene_moments(values: sparse.csr_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population variance of every column of a sparse matrix."""
    n_spots, n_genes = (int(n) for n in values.shape)
    total, square = np.zeros(n_genes), np.zeros(n_genes)
    for start in range(0, n_spots, ROWS):
        part = values[start : start + ROWS]
        x = part.data.astype(np.float64)
        total += np.bincount(part.indices, x, minlength=n_genes)
        square += np.bincount(part.indices, x * x, minlength=n_genes)
    mean = total / n_spots
    return mean, np.maximum(square / n_spots - mean**2, 0.0)


def standardise(values: sparse.csr_matrix, *, unit_variance: bool) -> Standardised:
    """Centre the genes of one section, and scale them to variance one if asked.

    Parameters
    ----------
    values : csr_matrix, shape (n_spots, n_genes)
        Log expression of one section.
    unit_variance : bool
        Whether to divide by the standard deviation; a constant gene stays zero.
    """
    mean, variance = gene_moments(values)
    scale = np.where(variance > 1e-12, np.sqrt(variance), 1.0) if unit_variance else np.ones(1)
    return Standardised(
        values=values,
        mean=mean.astype(np.float32),
        scale=np.broadcast_to(scale, mean.shape).astype(np.float32),
    )


def principal_scores(
    sections: Sequence[Standardised], n_components: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and loading of the leading components of all sections together.

    From the smaller of the two Gram matrices, built from blocks of rows: memory grows with spots
    times components, not spots times genes. Signs are such that the largest loading is positive.

    Parameters
    ----------
    sections : sequence of Standardised
        One or several, over the same genes.
    n_components : int
        Components; fewer where there are fewer spots or genes.
    device : torch.device
        Where to compute.

    Returns
    -------
    scores : torch.Tensor, shape (n_spots, n_components), float32
    loading : torch.Tensor, shape (n_genes, n_components), float32
        Orthonormal columns.
    """
    n_genes = sections[0].mean.size
    n_spots = sum(int(s.values.shape[0]) for s in sections)
    n_kept = min(n_components, n_genes, n_spots - 1)
    if n_spots < n_genes:
        rows = torch.cat([b for s in sections for b in s.blocks(device)])
        basis = _leading(rows @ rows.T, n_kept)
        loading = torch.linalg.qr(rows.T @ basis).Q
    else:
        loading = _leading(_gram(sections, device), n_kept)
    loading = _signed(loading)
    return torch.cat([b @ loading for s in sections for b in s.blocks(device)]), loading


def subset_scores(
    sections: Sequence[Standardised],
    subsets: Sequence[NDArray[np.integer]],
    n_components: int,
    device: torch.device,
) -> list[torch.Tensor]:
    """Scores of the leading components of several subsets of the genes, in two passes over all.

    The Gram matrix of a subset is a part of that of all genes. For many more spots than genes.

    Parameters
    ----------
    sections : sequence of Standardised
        One or several, over the same genes.
    subsets : sequence of ndarray of int
        Columns of every subset.
    n_components : int
        Components; fewer where a subset has fewer genes.
    device : torch.device
        Where to compute.

    Returns
    -------
    list of torch.Tensor, each (n_spots, n_components), float32
        One for each subset, as of `principal_scores` of its genes.
    """
    gram = _gram(sections, device)
    loadings = []
    for subset in subsets:
        at = torch.from_numpy(np.asarray(subset, dtype=np.int64)).to(device)
        own = _signed(_leading(gram[at][:, at], min(n_components, len(at))))
        loading = torch.zeros((len(gram), own.shape[1]), device=device)
        loading[at] = own
        loadings.append(loading)
    every = torch.cat(loadings, dim=1)
    scores = torch.cat([b @ every for s in sections for b in s.blocks(device)])
    sizes = [loading.shape[1] for loading in loadings]
    return list(torch.split(scores, sizes, dim=1))


def _gram(sections: Sequence[Standardised], device: torch.device) -> torch.Tensor:
    """Products of all pairs of genes, shape (n_genes, n_genes)."""
    n_genes = sections[0].mean.size
    gram = torch.zeros((n_genes, n_genes), device=device)
    for block in (b for s in sections for b in s.blocks(device)):
        gram.addmm_(block.T, block)
    return gram


def _signed(loading: torch.Tensor) -> torch.Tensor:
    """Turn every component so that its largest loading is positive."""
    largest = loading.gather(0, loading.abs().argmax(dim=0, keepdim=True))
    return loading * largest.sign()


def _leading(gram: torch.Tensor, n_kept: int) -> torch.Tensor:
    """Eigenvectors of the largest eigenvalues, largest first."""
    vectors: torch.Tensor = torch.linalg.eigh(gram).eigenvectors
    return vectors[:, -n_kept:].flip(1)
