"""What trained sub-models say: probabilities, strangeness, weights over cells, imputed values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.blockwise import softmax_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.stai.training import SubModel

BLOCK = 2048
"""Spots whose weights are made at once."""


@torch.no_grad()
def embed_rows(model: SubModel, rows: torch.Tensor) -> torch.Tensor:
    """Embed cells given by all used genes, shape (n, 16)."""
    columns = torch.from_numpy(model.panel.inputs).to(rows.device)
    return model.net.cells(rows[:, columns])


@torch.no_grad()
def mean_log_probability(
    models: Sequence[SubModel], embedded: Sequence[torch.Tensor]
) -> NDArray[np.float64]:
    """Log of the networks' mean probability of every type.

    Parameters
    ----------
    models : sequence of SubModel
        Trained networks.
    embedded : sequence of torch.Tensor, each of shape (n, 16)
        The same spots or cells in the space of each.

    Returns
    -------
    ndarray, shape (n, n_types), float64
    """
    each = [
        torch.softmax(m.net.classifier(z), dim=1) for m, z in zip(models, embedded, strict=True)
    ]
    return np.log(np.maximum(_numpy(torch.stack(each).mean(dim=0)), 1e-12))


@torch.no_grad()
def strangeness(
    models: Sequence[SubModel], embedded: Sequence[torch.Tensor]
) -> NDArray[np.float64]:
    """Two signs of being like no cell, averaged over networks: energy, distance to the k-th cell.

    Parameters
    ----------
    models : sequence of SubModel
        Trained networks with their cells.
    embedded : sequence of torch.Tensor, each of shape (n, 16)
        The same spots or cells in the space of each.

    Returns
    -------
    ndarray, shape (n, 2), float64
        Minus the log-sum-exp of the logits; log distance.
    """
    found = []
    for model, z in zip(models, embedded, strict=True):
        keys = model.embed_cells()
        k = min(model.options.top_k, len(keys))
        away = [
            torch.cdist(z[s : s + BLOCK], keys).topk(k, dim=1, largest=False)[0][:, -1]
            for s in range(0, len(z), BLOCK)
        ]
        energy = -torch.logsumexp(model.net.classifier(z), dim=1)
        found.append(torch.stack([energy, (torch.cat(away) + 1e-9).log()], dim=1))
    return _numpy(torch.stack(found).mean(dim=0))


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


def pooled_weights(models: Sequence[SubModel]) -> sparse.csr_matrix:
    """Mean of the networks' weights of the cells, shape (n_spots, n_cells)."""
    each = [cell_weights(m) for m in models]
    return sparse.csr_matrix(sum(each[1:], each[0]) / len(each), dtype=np.float32)


def imputed(
    weights: sparse.csr_matrix, targets: NDArray[np.float32], genes: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Average some genes of the cells by their weights, and standardise each over the spots.

    Parameters
    ----------
    weights : csr_matrix, shape (n_spots, n_cells)
        See `pooled_weights`.
    targets : ndarray, shape (n_cells, n_genes), float32
        Z-scored expression of the cells.
    genes : ndarray of int
        Columns of `targets`.

    Returns
    -------
    ndarray, shape (n_spots, genes.size), float64
        A gene that is the same everywhere is 0.
    """
    mean = np.asarray(weights @ targets[:, genes], dtype=np.float64)
    spread = mean.std(axis=0)
    return np.asarray((mean - mean.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf))


def _numpy(values: torch.Tensor) -> NDArray[np.float64]:
    """Copy to the CPU in double precision."""
    return np.asarray(values.cpu().numpy(), dtype=np.float64)
