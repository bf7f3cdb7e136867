"""Moran's I on a given graph, for all genes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData


def morans_i(values: sparse.csr_matrix, graph: sparse.csr_matrix) -> NDArray[np.float64]:
    """Moran's I of every column, with row-normalised weights.

    ``I = (n / W) sum_ij w_ij (x_i - m)(x_j - m) / sum_i (x_i - m)^2`` (:cite:`moran1950`).

    Parameters
    ----------
    values : csr_matrix, shape (n_spots, n_genes)
        Expression.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours, 0/1; rows are normalised here.

    Returns
    -------
    ndarray, shape (n_genes,), float64
        0 for a constant gene.
    """
    n_spots = values.shape[0]
    degree = np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-12)
    weights = sparse.csr_matrix(sparse.diags(1 / degree) @ graph)
    x = values.astype(np.float64)
    mean = np.asarray(x.mean(axis=0)).ravel()
    squared = np.asarray(x.multiply(x).sum(axis=0)).ravel()
    spread = squared - n_spots * mean**2
    total = float(weights.sum())
    out_sum = np.asarray(weights.sum(axis=1)).ravel()
    in_sum = np.asarray(weights.sum(axis=0)).ravel()
    product = np.asarray(x.multiply(weights @ x).sum(axis=0)).ravel()
    cross = product - mean * (x.T @ (out_sum + in_sum)) + mean**2 * total
    safe = spread > 1e-12 * np.maximum(squared, 1e-300)
    return np.where(safe, n_spots / total * cross / np.where(safe, spread, 1.0), 0.0)


def most_spatial(inputs: PairedData, spots: sparse.csr_matrix, n_genes: int) -> NDArray[np.int64]:
    """Columns of the genes with the largest Moran's I, in their order; those of no cell are last.

    Parameters
    ----------
    inputs : PairedData
        Cells and the graph of the spots.
    spots : csr_matrix, shape (n_spots, n_genes)
        Normalised spots.
    n_genes : int
        How many.
    """
    present = np.asarray((inputs.cells.values > 0).sum(axis=0)).ravel() > 0
    moran = np.where(present, morans_i(spots, graph_of(inputs)), -np.inf)
    return np.sort(np.argsort(-moran, kind="stable")[:n_genes])


def graph_of(inputs: PairedData) -> sparse.csr_matrix:
    """Neighbours of every spot, (n_spots, n_spots): those that came with the data, or the six."""
    return neighbour_graph(inputs.spot_xy) if inputs.spot_graph is None else inputs.spot_graph


def neighbour_graph(xy: NDArray[np.float64], k: int = 6) -> sparse.csr_matrix:
    """Symmetric graph of the k nearest spots, for data that come without one."""
    from scipy.spatial import cKDTree

    k = min(k, len(xy) - 1)
    found = np.asarray(cKDTree(xy).query(xy, k=k + 1)[1])
    row = np.repeat(np.arange(len(xy)), k)
    ones = np.ones(row.size, dtype=np.float64)
    graph = sparse.coo_matrix((ones, (row, found[:, 1:].ravel())), shape=(len(xy), len(xy))).tocsr()
    both = sparse.csr_matrix(graph + graph.T)
    both.data[:] = 1.0
    return both
