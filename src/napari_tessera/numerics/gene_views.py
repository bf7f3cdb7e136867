"""The same cells and spots denoised or smoothed: further ways for predictors to see them.

Each helps on some data and harms on others, so they are only ever members of a stack.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.gene_panel import comparable_cells, moments, sample_cells
from napari_tessera.numerics.imputers import Sides, row_blocks, standard_columns
from napari_tessera.numerics.spatial_statistics import graph_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import PairedData

DENOISED, POOLED, SMOOTHED = "denoised", "pooled", "smoothed"
"""Names of the views."""

VARIABLE_GENES, COMPONENTS, NEAREST = 2000, 40, 10
"""Genes and principal components in which cells are compared, and cells that are pooled."""


def with_views(sides: Sides, inputs: PairedData, options: ImputingOptions) -> Sides:
    """Add all views to sides that hold all spots of their panel.

    Parameters
    ----------
    sides : Sides
        All cells and spots of the panel.
    inputs : PairedData
        What the panel was made from.
    options : ImputingOptions
        The panel's.
    """
    components = cell_components(inputs, options)[0].to(sides.cells)
    views = {
        DENOISED: Sides(
            spots=sides.spots,
            cells=standard_columns(components @ (components.T @ sides.cells)),
        ),
        POOLED: Sides(spots=sides.spots, cells=pooled(components, sides.cells)),
        SMOOTHED: Sides(spots=smoothed(sides.spots, inputs), cells=sides.cells),
    }
    return dataclasses.replace(sides, views=views)


def some_spots(sides: Sides, rows: NDArray[np.integer]) -> Sides:
    """Keep some spots, in every view."""
    at = torch.from_numpy(rows).to(sides.spots.device)
    views = {name: some_spots(view, rows) for name, view in sides.views.items()}
    return dataclasses.replace(sides, spots=sides.spots[at], views=views)


def cell_components(
    inputs: PairedData, options: ImputingOptions
) -> tuple[torch.Tensor, torch.Tensor]:
    """Principal components of the panel's cells over all genes that are known of them.

    Returns
    -------
    components : torch.Tensor, shape (n_cells, n_components), float32
        Orthonormal columns, of the most variable genes, standardised.
    scale : torch.Tensor, shape (n_components,), float32
        Singular values.
    """
    values, _ = comparable_cells(inputs)
    rows = sample_cells(inputs.n_cells, options)
    _, sd = moments(values)
    genes = np.sort(np.argsort(-sd, kind="stable")[:VARIABLE_GENES])
    x = standard_columns(torch.from_numpy(values[rows][:, genes].toarray()))
    scale, vectors = torch.linalg.eigh((x.T @ x).double())
    n_components = min(COMPONENTS, len(x) - 1, int((scale > 1e-6 * scale[-1]).sum()))
    found = x.double() @ vectors[:, -n_components:] / scale[-n_components:].sqrt()
    return found.float(), scale[-n_components:].sqrt().float()


def pooled(components: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Mean of every cell's nearest cells, itself among them, standardised per gene."""
    k = min(NEAREST, len(cells))
    lengths = components.square().sum(dim=1)
    found = torch.empty_like(cells)
    for rows in row_blocks(len(cells), len(cells) + k * cells.shape[1]):
        away = lengths - 2 * components[rows] @ components.T
        found[rows] = cells[away.topk(k, dim=1, largest=False).indices].mean(dim=1)
    return standard_columns(found)


def smoothed(spots: torch.Tensor, inputs: PairedData) -> torch.Tensor:
    """Mean of every spot and its neighbours, standardised per gene."""
    own = sparse.csr_matrix(graph_of(inputs) + sparse.identity(len(spots)), dtype=np.float32)
    degree = np.asarray(own.sum(axis=1)).ravel()
    mean = sparse.csr_matrix(sparse.diags(1 / degree) @ own) @ spots.cpu().numpy()
    return standard_columns(torch.from_numpy(np.asarray(mean, dtype=np.float32)).to(spots))
