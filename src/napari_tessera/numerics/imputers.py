"""Simple predictors of genes: from standardised spots over some genes to other genes.

Each takes the same `Sides` and gives predictions on a scale of their own: only their pattern over
spots counts. Nothing spots x cells is kept: weights live for a block of spots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from napari_tessera.numerics import blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.numerics.gene_panel import GenePanel

BLOCK_ENTRIES = 2**23
"""Entries of one block of spots x cells: 32 MiB in float32."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides as tensors.

    Parameters
    ----------
    spots : torch.Tensor, shape (n_spots, n_panel)
        Standardised per gene.
    cells : torch.Tensor, shape (n_cells, n_all)
        Standardised per gene; the panel first.
    views : mapping of str to Sides
        The same data, denoised or smoothed.
    """

    spots: torch.Tensor
    cells: torch.Tensor
    views: Mapping[str, Sides] = field(default_factory=dict)

    @classmethod
    def of(
        cls, panel: GenePanel, device: torch.device, rows: NDArray[np.integer] | None = None
    ) -> Sides:
        """Take a panel to a device, all its spots or some."""
        spots = panel.spots if rows is None else panel.spots[rows]
        return cls(
            spots=torch.from_numpy(spots).to(device), cells=torch.from_numpy(panel.cells).to(device)
        )

    def viewed(self, view: str) -> Sides:
        """One of the views; the data as they are where it has no name."""
        return self.views[view] if view else self


def centred_rows(values: torch.Tensor) -> torch.Tensor:
    """Rows with mean 0 and length 1, so that products are Pearson correlations."""
    centred = values - values.mean(dim=1, keepdim=True)
    return torch.nn.functional.normalize(centred, dim=1, eps=1e-12)


def row_blocks(n_rows: int, n_columns: int) -> list[slice]:
    """Slices of rows that hold at most `BLOCK_ENTRIES` entries."""
    return blocks.row_blocks(n_rows, n_columns, BLOCK_ENTRIES)


@torch.no_grad()
def soft_correlation(
    spots: torch.Tensor, cells: torch.Tensor, targets: torch.Tensor, temperatures: Sequence[float]
) -> list[torch.Tensor]:
    """Mean of the cells, weighted by the softmax of their correlation with the spot.

    ``w_ij = softmax_j(corr(spot_i, cell_j) / T)``, prediction ``w y``.

    Parameters
    ----------
    spots : torch.Tensor, shape (n_spots, n_inputs)
        Standardised per gene.
    cells : torch.Tensor, shape (n_cells, n_inputs)
        The same genes.
    targets : torch.Tensor, shape (n_cells, n_outputs)
        Genes to predict.
    temperatures : sequence of float
        T; one prediction each.

    Returns
    -------
    list of torch.Tensor, shape (n_spots, n_outputs)
    """
    a, b = centred_rows(spots), centred_rows(cells).T.contiguous()
    found = [targets.new_empty(len(spots), targets.shape[1]) for _ in temperatures]
    for rows in row_blocks(len(spots), len(cells)):
        correlation = a[rows] @ b
        for out, temperature in zip(found, temperatures, strict=True):
            out[rows] = (correlation / temperature).softmax(dim=1) @ targets
    return found


@torch.no_grad()
def nearest_cells(
    spots: torch.Tensor, cells: torch.Tensor, targets: torch.Tensor, k: int
) -> torch.Tensor:
    """Plain mean of the k cells that correlate best with the spot; arguments as above."""
    a, b = centred_rows(spots), centred_rows(cells).T.contiguous()
    found = targets.new_empty(len(spots), targets.shape[1])
    k = min(k, len(cells))
    for rows in row_blocks(len(spots), max(len(cells), k * targets.shape[1])):
        nearest = (a[rows] @ b).topk(k, dim=1).indices
        found[rows] = targets[nearest].mean(dim=1)
    return found


def gene_correlation(
    cells: torch.Tensor, genes: torch.Tensor, others: torch.Tensor
) -> torch.Tensor:
    """Correlation over the cells between two lists of genes, shape (n_genes, n_others)."""
    return cells[:, genes].T @ cells[:, others] / len(cells)


@torch.no_grad()
def kernel_ridge(
    spots: torch.Tensor, inner: torch.Tensor, outer: torch.Tensor, penalties: Sequence[float]
) -> list[torch.Tensor]:
    """Ridge regression over genes with the reference's gene correlation as kernel.

    ``spots (R_ii + penalty I)^-1 R_io``.

    Parameters
    ----------
    spots : torch.Tensor, shape (n_spots, n_inputs)
        Standardised per gene.
    inner : torch.Tensor, shape (n_inputs, n_inputs)
        Correlation of the inputs in the reference.
    outer : torch.Tensor, shape (n_inputs, n_outputs)
        Correlation of inputs and outputs in the reference.
    penalties : sequence of float
        One prediction each.
    """
    return [spots @ ridge_weights(inner, outer, p).to(spots.dtype) for p in penalties]


def ridge_weights(inner: torch.Tensor, outer: torch.Tensor, penalty: float) -> torch.Tensor:
    """``(inner + penalty I)^-1 outer`` in double precision; `inner` is a correlation matrix."""
    own = inner.double()
    own = own + penalty * torch.eye(len(own), dtype=own.dtype, device=own.device)
    return torch.cholesky_solve(outer.double(), torch.linalg.cholesky(own))


def standard_columns(values: torch.Tensor) -> torch.Tensor:
    """Columns with mean 0 and standard deviation 1; constant ones become 0."""
    centred = values - values.mean(dim=0)
    sd = centred.square().mean(dim=0).sqrt()
    return centred / torch.where(sd > 1e-8, sd, torch.inf)


def column_pcc(truth: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
    """Correlation of every column, shape (n_genes,)."""
    return (standard_columns(truth) * standard_columns(found)).mean(dim=0)
