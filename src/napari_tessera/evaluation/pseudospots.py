"""Pseudo-spots: cells with known places pooled on a grid (:cite:`hao2024stem`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

LEAST_CELLS = 3
"""A spot with fewer cells is dropped."""


def pool_on_grid(
    xy: NDArray[np.float64], *, grid: tuple[int, int], window: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Assign cells to the windows of a grid.

    Grid points are evenly spaced from the smallest to the largest coordinate, ends included; a
    window reaches ``window / 2`` of the pitch to each side, its lower edge open.

    Parameters
    ----------
    xy : ndarray, shape (n_cells, 2), float64
        Places.
    grid : tuple of int
        Grid points along x and y.
    window : float
        Side of a window in pitches; 0.55 pools 30 % of the area.

    Returns
    -------
    centres : ndarray, shape (n_spots, 2), float64
        Grid points whose window holds three or more cells.
    member : ndarray of int, shape (n_cells,)
        Row in `centres`; -1 for a cell that is in none.
    """
    codes = np.zeros(len(xy), dtype=np.int64)
    inside = np.ones(len(xy), dtype=bool)
    axes = []
    for axis, n_points in enumerate(grid):
        points = np.linspace(xy[:, axis].min(), xy[:, axis].max(), n_points)
        half = window * (points[1] - points[0]) / 2
        nearest = np.abs(xy[:, axis, None] - points).argmin(axis=1)
        offset = xy[:, axis] - points[nearest]
        inside &= (offset > -half) & (offset <= half)
        codes = codes * n_points + nearest
        axes.append(points)
    kept, counts = np.unique(codes[inside], return_counts=True)
    kept = kept[counts >= LEAST_CELLS]
    ix, iy = np.divmod(kept, grid[1])
    row = {code: i for i, code in enumerate(kept.tolist())}
    member = [row.get(c, -1) if i else -1 for c, i in zip(codes.tolist(), inside, strict=True)]
    return np.column_stack([axes[0][ix], axes[1][iy]]), np.array(member, dtype=np.int64)


def simulate_pseudospots(
    cells: AnnData,
    *,
    grid: tuple[int, int] = (30, 40),
    window: float = 0.55,
    cell_type_column: str = "cell_type",
) -> AnnData:
    """Sum the counts of the cells in every window of a grid.

    Parameters
    ----------
    cells : AnnData
        Counts, with ``obsm["spatial"]``.
    grid : tuple of int
        Grid points along x and y.
    window : float
        Side of a window in pitches, above 0 and at most 1.
    cell_type_column : str
        Labels for the true composition; left out where there is no such column.

    Returns
    -------
    AnnData
        Spots; ``obsm["composition"]`` true shares, ``uns["composition_names"]`` their types,
        ``obs["n_cells"]``.

    Raises
    ------
    InputError
        If there are no coordinates, or the grid leaves no spot.
    """
    import anndata
    import pandas as pd

    if "spatial" not in cells.obsm:
        msg = "CELLS, obsm: expected coordinates under 'spatial', found none."
        raise InputError(msg, "Give cells whose places are known.")
    if not 0 < window <= 1 or min(grid) < 2:
        msg = (
            "--window, --grid: expected a window of 0 to 1 and two points or more, "
            f"found {window}, {grid}."
        )
        raise InputError(msg, "STEM uses --grid 30x40 --window 0.55.")
    xy = np.asarray(cells.obsm["spatial"], dtype=np.float64)[:, :2]
    centres, member = pool_on_grid(xy, grid=grid, window=window)
    if not len(centres):
        msg = f"--grid {grid[0]}x{grid[1]}: expected windows with three cells or more, found none."
        raise InputError(msg, "Choose a coarser grid.")
    used = np.flatnonzero(member >= 0)
    ones = np.ones(used.size, dtype=np.float32)
    pool = sparse.csr_matrix((ones, (member[used], used)), shape=(len(centres), cells.n_obs))
    names = pd.Index([f"spot_{i}" for i in range(len(centres))])
    obs = pd.DataFrame({"n_cells": np.diff(pool.indptr)}, index=names)
    spots = anndata.AnnData(sparse.csr_matrix(pool @ cells.X), obs=obs, var=cells.var.copy())
    spots.obsm["spatial"] = centres
    if cell_type_column in cells.obs:
        types, codes = np.unique(cells.obs[cell_type_column].astype(str), return_inverse=True)
        one_hot = sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
        shares = sparse.csr_matrix(pool @ one_hot).toarray().astype(np.float64)
        spots.obsm["composition"] = shares / shares.sum(axis=1, keepdims=True)
        spots.uns["composition_names"] = types.astype(object)
    return spots
