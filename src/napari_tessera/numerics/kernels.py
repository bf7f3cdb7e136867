"""Spacing of spots and the sparse Gaussian adjacency between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

LATTICE_SPREAD = 0.1
"""Relative spread of nearest-neighbour distances below which spots form a lattice."""

CUT = 4.5
"""Standard deviations at which the Gaussian is cut; 3e-7 of the mass lies outside."""


def nearest_distances(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of every distinct position to its nearest other one.

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Positions; repeats are collapsed.

    Returns
    -------
    ndarray, shape (n_distinct,), float64
    """
    distinct = np.unique(xy, axis=0)
    distances = np.asarray(cKDTree(distinct).query(distinct, k=2)[0])
    return np.asarray(distances[:, 1])


def is_lattice(nearest: NDArray[np.float64]) -> bool:
    """Whether nearest-neighbour distances are alike: median absolute deviation below a tenth."""
    median = np.median(nearest)
    return bool(np.median(np.abs(nearest - median)) < LATTICE_SPREAD * median)


def spot_spacing(xy: NDArray[np.float64]) -> float:
    """Typical distance of neighbouring spots, in the unit of the coordinates.

    The lattice step where spots form a lattice, else ``sqrt(area / n_spots)`` with the area of the
    union of discs of radius twice the median nearest distance, measured on a raster.
    """
    nearest = nearest_distances(xy)
    if is_lattice(nearest):
        return float(np.median(nearest))
    radius = 2 * float(np.median(nearest))
    step = max(radius / 4, float(np.ptp(xy, axis=0).max()) / 1000)
    axes = [np.arange(low - radius, high + radius + step, step) for low, high in _bounds(xy)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    distance, _ = cKDTree(xy).query(grid, distance_upper_bound=radius)
    return float(np.sqrt(np.isfinite(distance).sum() * step**2 / len(xy)))


def _bounds(xy: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Smallest and largest value of each axis."""
    return list(zip(xy.min(axis=0).tolist(), xy.max(axis=0).tolist(), strict=True))


def gaussian_adjacency(
    xy: NDArray[np.float64], sigma: float, sample: NDArray[np.str_] | None = None
) -> sparse.csr_matrix:
    """Row-normalised Gaussian weights between spots, diagonal included.

    ``S_ij = phi_ij / sum_k phi_ik`` with ``phi_ij = exp(-|y_i - y_j|^2 / (2 sigma^2))``
    (:cite:`hao2024stem`, spatial adjacency), cut at 4.5 sigma. Spots of different sections are not
    neighbours. `sigma` 0 gives the identity.

    Parameters
    ----------
    xy : ndarray, shape (n_spots, 2), float64
        Spot centres.
    sigma : float
        Standard deviation in the unit of `xy`.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.

    Returns
    -------
    csr_matrix, shape (n_spots, n_spots), float64
        Rows sum to one.
    """
    if sigma <= 0:
        return sparse.identity(len(xy), format="csr")
    tree = cKDTree(xy)
    weights = tree.sparse_distance_matrix(tree, CUT * sigma, output_type="coo_matrix")
    row, col = weights.row, weights.col
    squared = ((xy[row] - xy[col]) ** 2).sum(axis=1)
    keep = np.ones(len(row), dtype=bool) if sample is None else sample[row] == sample[col]
    values = np.exp(-squared / (2 * sigma**2))[keep]
    matrix = sparse.coo_matrix((values, (row[keep], col[keep])), shape=(len(xy), len(xy))).tocsr()
    matrix.setdiag(1.0)
    matrix.sort_indices()
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(1 / totals) @ matrix)


def effective_neighbours(adjacency: sparse.csr_matrix) -> float:
    """Effective number of neighbours: the exponential of the mean entropy of the rows."""
    p = adjacency.data
    return float(np.exp(-(p * np.log(p)).sum() / adjacency.shape[0]))
