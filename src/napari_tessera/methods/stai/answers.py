"""What trained sub-models say: probabilities, strangeness, weights over cells, imputed values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.blockwise import softmax_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.stai.training import SubModel

BLOCK = 2048
"""Spots that are imputed at once."""


@torch.no_grad()
def spot_logits(model: SubModel) -> NDArray[np.float64]:
    """Logits of every spot, shape (n_spots, n_types)."""
    return _numpy(model.net.classifier(model.embed_spots()))


@torch.no_grad()
def cell_logits(model: SubModel, cells: torch.Tensor) -> NDArray[np.float64]:
    """Logits of cells given by all used genes, shape (n_cells, n_types)."""
    inputs = cells[:, torch.from_numpy(model.panel.inputs).to(cells.device)]
    return _numpy(model.net.classifier(model.net.cells(inputs)))


@torch.no_grad()
def strangeness(model: SubModel, z: torch.Tensor) -> NDArray[np.float64]:
    """Two signs that an embedded row is like no cell: energy, and distance to its k-th cell.

    Parameters
    ----------
    model : SubModel
        A trained network with its cells.
    z : torch.Tensor, shape (n, 16)
        Embedded spots or cells.

    Returns
    -------
    ndarray, shape (n, 2), float64
        Minus the log-sum-exp of the logits; log distance.
    """
    keys = model.embed_cells()
    k = min(model.options.top_k, len(keys))
    away = [
        torch.cdist(z[s : s + BLOCK], keys).topk(k, dim=1, largest=False)[0][:, -1]
        for s in range(0, len(z), BLOCK)
    ]
    energy = -torch.logsumexp(model.net.classifier(z), dim=1)
    return _numpy(torch.stack([energy, (torch.cat(away) + 1e-9).log()], dim=1))


@torch.no_grad()
def cell_weights(model: SubModel) -> sparse.csr_matrix:
    """Weights of the nearest cells of every spot, exact, rows sum to one; (n_spots, n_cells)."""
    z, everyone, lists = model.embed_spots(), model.embed_cells(), model.search()
    blocks = [
        softmax_weights(z[s : s + BLOCK], everyone[lists[s : s + BLOCK]], model.net.temperature)
        for s in range(0, len(z), BLOCK)
    ]
    n_spots, k = lists.shape
    indptr = np.arange(0, n_spots * k + 1, k)
    values = torch.cat(blocks).cpu().numpy().astype(np.float32).ravel()
    shape = (n_spots, len(everyone))
    return sparse.csr_matrix((values, lists.cpu().numpy().ravel(), indptr), shape=shape)


@dataclasses.dataclass(frozen=True)
class ImputedBlock:
    """Imputed values of some spots.

    Parameters
    ----------
    rows : slice
        Which spots.
    mean, spread : ndarray, shape (n_rows, n_genes), float32
        Mean over networks and cells, and standard deviation.
    """

    rows: slice
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]


def impute(
    weights: Sequence[sparse.csr_matrix], targets: sparse.csr_matrix
) -> Iterator[ImputedBlock]:
    """Average cells by each network's weights, then over networks, block by block.

    Parameters
    ----------
    weights : sequence of csr_matrix, each of shape (n_spots, n_cells)
        See `cell_weights`.
    targets : csr_matrix, shape (n_cells, n_genes)
        Log-normalised expression of the cells.
    """
    squares = targets.multiply(targets).tocsr()
    pooled = sparse.csr_matrix(sum(weights[1:], weights[0]) / len(weights))
    for start in range(0, pooled.shape[0], BLOCK):
        rows = slice(start, min(start + BLOCK, pooled.shape[0]))
        mean = (pooled[rows] @ targets).toarray()
        variance = (pooled[rows] @ squares).toarray() - mean**2
        spread = np.sqrt(np.maximum(variance, 0.0)).astype(np.float32)
        yield ImputedBlock(rows, mean.astype(np.float32), spread)


def _numpy(values: torch.Tensor) -> NDArray[np.float64]:
    """Copy to the CPU in double precision."""
    return np.asarray(values.cpu().numpy(), dtype=np.float64)
