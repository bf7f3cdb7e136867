"""Which spots touch: lattice neighbours where spots form a lattice, else the nearest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.numerics.kernels import is_lattice, nearest_distances
from napari_tessera.numerics.spatial_statistics import neighbour_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 1.25
"""Lattice steps within which spots are neighbours: six on a hexagonal, four on a square one."""


def tissue_graph(
    xy: NDArray[np.float64], sample: NDArray[np.str_] | None = None
) -> sparse.csr_matrix:
    """Symmetric 0/1 graph of touching spots, none across sections.

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Centres.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.

    Returns
    -------
    csr_matrix, shape (n_spots, n_spots), float64
        Six or four neighbours on a lattice (fewer at the border), else six nearest, symmetric.
    """
    names = np.zeros(len(xy), dtype=np.str_) if sample is None else sample
    rows, columns = [], []
    for name in np.unique(names):
        members = np.flatnonzero(names == name)
        own = _section_graph(xy[members]).tocoo()
        rows.append(members[own.row])
        columns.append(members[own.col])
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.csr_matrix((np.ones(row.size), (row, column)), shape=(len(xy), len(xy)))
    graph.sort_indices()
    return graph


def _section_graph(xy: NDArray[np.float64]) -> sparse.csr_matrix:
    """Graph of one section."""
    if len(xy) < 2:
        return sparse.csr_matrix((len(xy), len(xy)))
    nearest = nearest_distances(xy)
    if not is_lattice(nearest):
        return neighbour_graph(xy)
    pairs = cKDTree(xy).query_pairs(REACH * float(np.median(nearest)), output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    ones = np.ones(len(both))
    return sparse.csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(len(xy), len(xy)))
