"""Pseudo-spots: cells with known places pooled into spots (:cite:`hao2024stem`).

Two constructions. ``released`` is that of the authors' data: windows on a square grid, counts
summed without loss. ``realistic`` opens the gap between platforms that a sum of the very same
cells does not have: discs on a hexagonal lattice, every gene caught at a rate of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.errors import InputError
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

LEAST_CELLS = 3
"""A spot with fewer cells is dropped."""

POOLED = "st_spot"
"""Column of obs with the name of the spot that holds a cell; empty where none does."""


class Construction(StrEnum):
    """How cells become spots."""

    RELEASED = "released"
    REALISTIC = "realistic"


@dataclass(frozen=True, kw_only=True)
class PseudoSpots:
    """A construction of pseudo-spots.

    Parameters
    ----------
    construction : Construction
        Windows on a square grid without loss, or discs on a hexagonal lattice with loss.
    grid : tuple of int
        Grid points along x and y; the hexagonal lattice has as many points per area.
    window : float
        Side of a window, or diameter of a disc, in pitches, above 0 and at most 1.
    capture : float
        Realistic only: mean chance that a molecule is caught, above 0 and at most 1.
    platform : float
        Realistic only: standard deviation of the logarithm of the genes' capture.
    seed : int
        Realistic only: seed of the platform effect and of the loss.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    construction: Construction = Construction.RELEASED
    grid: tuple[int, int] = (30, 40)
    window: float = 0.55
    capture: float = 0.3
    platform: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.window <= 1 or min(self.grid) < 2:
            msg = (
                "--window, --grid: expected a window of 0 to 1 and two points or more, "
                f"found {self.window}, {self.grid}."
            )
            raise InputError(msg, "STEM uses --grid 30x40 --window 0.55.")
        if not 0 < self.capture <= 1 or not 0 <= self.platform <= 5 or self.seed < 0:
            msg = (
                "--capture, --platform, --seed: expected a capture of 0 to 1, a platform effect of "
                f"0 to 5 and a seed from 0, found {self.capture}, {self.platform}, {self.seed}."
            )
            raise InputError(msg, "A usual array: --capture 0.3 --platform 0.5.")

    def pool(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Assign cells to spots; see `pool_on_grid` and `pool_in_discs`."""
        way = pool_in_discs if self.construction is Construction.REALISTIC else pool_on_grid
        return way(xy, grid=self.grid, window=self.window)


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
    kept, member = _kept(np.where(inside, codes, -1))
    ix, iy = np.divmod(kept, grid[1])
    return np.column_stack([axes[0][ix], axes[1][iy]]), member


def pool_in_discs(
    xy: NDArray[np.float64], *, grid: tuple[int, int], window: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Assign cells to discs on a hexagonal lattice with as many points per area as the grid.

    Parameters
    ----------
    xy : ndarray, shape (n_cells, 2), float64
        Places.
    grid : tuple of int
        Grid points along x and y that set the number of points per area.
    window : float
        Diameter of a disc in pitches; 0.55 is that of Visium.

    Returns
    -------
    centres : ndarray, shape (n_spots, 2), float64
        Centres of the discs that hold three or more cells.
    member : ndarray of int, shape (n_cells,)
        Row in `centres`; -1 for a cell that is in none.
    """
    low, extent = xy.min(axis=0), np.ptp(xy, axis=0)
    step_x, step_y = extent / (np.array(grid) - 1)
    pitch = float(np.sqrt(step_x * step_y / np.sqrt(0.75)))
    n_columns, n_rows = np.ceil(extent / (pitch * np.array([1, np.sqrt(0.75)]))).astype(int) + 2
    row, column = (a.ravel() for a in np.mgrid[:n_rows, :n_columns])
    points = low + pitch * np.column_stack([column - 0.5 * (row % 2), row * np.sqrt(0.75)])
    away, nearest = cKDTree(points).query(xy)
    kept, member = _kept(np.where(np.asarray(away) <= window * pitch / 2, nearest, -1))
    return points[kept], member


def _kept(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes that three or more cells have, and each cell's row among them; -1 is no code."""
    kept, counts = np.unique(codes[codes >= 0], return_counts=True)
    kept = kept[counts >= LEAST_CELLS]
    row = {code: i for i, code in enumerate(kept.tolist())}
    return kept, np.array([row.get(code, -1) for code in codes.tolist()], dtype=np.int64)


def simulate_pseudospots(
    cells: AnnData, how: PseudoSpots | None = None, *, cell_type_column: str = "cell_type"
) -> tuple[AnnData, AnnData]:
    """Pool the counts of cells whose places are known.

    Parameters
    ----------
    cells : AnnData
        Counts, with ``obsm["spatial"]``.
    how : PseudoSpots, optional
        The construction; the released one where it is not given.
    cell_type_column : str
        Labels for the true composition; left out where there is no such column.

    Returns
    -------
    spots : AnnData
        ``obsm["composition"]`` true shares, ``uns["composition_names"]`` their types,
        ``obs["n_cells"]``; in the realistic construction ``var["capture"]``.
    marked : AnnData
        The cells with ``obs["st_spot"]``: the spot that holds each, empty where none does.

    Raises
    ------
    InputError
        If there are no coordinates, the grid leaves no spot, or what is to be lost are no counts.
    """
    import anndata
    import pandas as pd

    how = PseudoSpots() if how is None else how
    if "spatial" not in cells.obsm:
        msg = "CELLS, obsm: expected coordinates under 'spatial', found none."
        raise InputError(msg, "Give cells whose places are known.")
    centres, member = how.pool(np.asarray(cells.obsm["spatial"], dtype=np.float64)[:, :2])
    if not len(centres):
        grid = "x".join(map(str, how.grid))
        msg = f"--grid {grid}: expected windows with three cells or more, found none."
        raise InputError(msg, "Choose a coarser grid.")
    used = np.flatnonzero(member >= 0)
    ones = np.ones(used.size, dtype=np.float32)
    pool = sparse.csr_matrix((ones, (member[used], used)), shape=(len(centres), cells.n_obs))
    names = pd.Index([f"spot_{i}" for i in range(len(centres))])
    obs = pd.DataFrame({"n_cells": np.diff(pool.indptr)}, index=names)
    counts, capture = sparse.csr_matrix(pool @ cells.X), None
    if how.construction is Construction.REALISTIC:
        counts, capture = _caught(counts, how)
    spots = anndata.AnnData(counts, obs=obs, var=cells.var.copy())
    spots.obsm["spatial"] = centres
    if capture is not None:
        spots.var["capture"] = capture
    if cell_type_column in cells.obs:
        labels = np.asarray(cells.obs[cell_type_column].astype(str))
        types, spots.obsm["composition"] = _shares(pool, labels)
        spots.uns["composition_names"] = types.astype(object)
    marked = cells.copy()
    marked.obs[POOLED] = np.where(member >= 0, np.asarray(names, dtype=np.str_)[member], "")
    return spots, marked


def _caught(
    counts: sparse.csr_matrix, how: PseudoSpots
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Lose molecules, each gene at a rate of its own; counts that stay, and the rates."""
    whole = np.rint(counts.data)
    if (counts.data < 0).any() or not np.allclose(counts.data, whole):
        msg = "CELLS, X: expected whole counts, of which some can be lost, found other numbers."
        raise InputError(msg, "Give raw counts, or use the released construction.")
    rng = rng_for(how.seed, *counts.shape)
    factor = rng.lognormal(-(how.platform**2) / 2, how.platform, counts.shape[1])
    capture = np.minimum(how.capture * factor, 1.0)
    kept = rng.binomial(whole.astype(np.int64), capture[counts.indices]).astype(np.float32)
    left = sparse.csr_matrix((kept, counts.indices, counts.indptr), shape=counts.shape)
    left.eliminate_zeros()
    return left, capture


def _shares(
    pool: sparse.csr_matrix, labels: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Types, and their true shares of the cells in every spot."""
    types, codes = np.unique(labels, return_inverse=True)
    one_hot = sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
    shares = sparse.csr_matrix(pool @ one_hot).toarray().astype(np.float64)
    return types, shares / shares.sum(axis=1, keepdims=True)
