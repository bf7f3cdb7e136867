"""Points of a plane sorted into tiles: who is in view, and who is nearest, without asking all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.viewer.scatter import Frame

SIDE = 256
"""Tiles along each side; their numbers fit into 16 bits, which numpy sorts in one sweep."""


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Points in the order of their tiles, row of tiles by row of tiles.

    Parameters
    ----------
    x, y : ndarray, shape (n,), float64
        Places that are finite, sorted.
    rows : ndarray, shape (n,), int64
        Where each of them was before sorting.
    starts : ndarray, shape (SIDE * SIDE + 1,), int64
        Position of the first point of every tile, and n.
    low, high : ndarray, shape (2,), float64
        Corners of the smallest box around all points.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def within(self, frame: Frame) -> NDArray[np.int64] | slice:
        """Positions in `x` and `y` of the points of all tiles that a frame touches.

        Parameters
        ----------
        frame : Frame
            Part of the plane; its pixels do not matter.

        Returns
        -------
        ndarray, shape (n_found,), int64, or slice
            All points in the frame, and some that lie near it.
        """
        left, bottom = self._tile(np.array([frame.left, frame.bottom]))
        right, top = self._tile(np.array([frame.right, frame.top]))
        return self._positions((left, right), (bottom, top))

    def nearest(self, x: float, y: float, reach: float) -> NDArray[np.int64]:
        """Rows of the points within a distance, nearest first.

        Parameters
        ----------
        x, y : float
            Where to look.
        reach : float
            Largest distance.
        """
        place = np.array([x, y])
        left, bottom = self._tile(place - reach)
        right, top = self._tile(place + reach)
        found = self._positions((left, right), (bottom, top))
        rows, distance = self.rows[found], np.hypot(self.x[found] - x, self.y[found] - y)
        order = np.argsort(distance, kind="stable")
        return rows[order[distance[order] <= reach]]

    def _tile(self, place: NDArray[np.float64]) -> tuple[int, int]:
        """Column and row of the tile of a place, or of the tile nearest to it."""
        column, row = (
            int(_numbers(place[axis : axis + 1], self.low[axis], self.high[axis])[0])
            for axis in range(2)
        )
        return column, row

    def _positions(
        self, columns: tuple[int, int], rows: tuple[int, int]
    ) -> NDArray[np.int64] | slice:
        """Positions of the points in a block of tiles, both ends included."""
        if columns == rows == (0, SIDE - 1):
            return slice(None)
        heads = np.arange(rows[0], rows[1] + 1) * SIDE
        ends = zip(
            self.starts[heads + columns[0]], self.starts[heads + columns[1] + 1], strict=True
        )
        return np.concatenate([np.arange(first, last) for first, last in ends])


def tiles_of(xy: NDArray[np.floating]) -> Tiles:
    """Sort points into tiles; those that are not finite are left out.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Points.
    """
    x, y = (np.ascontiguousarray(xy[:, axis], dtype=np.float64) for axis in range(2))
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(rows) < len(x):
        x, y = x[rows], y[rows]
    low, high = box_of(xy)
    number = _numbers(y, low[1], high[1]) * SIDE + _numbers(x, low[0], high[0])
    order = np.argsort(number, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=SIDE * SIDE))])
    return Tiles(x=x[order], y=y[order], rows=rows[order], starts=starts, low=low, high=high)


def box_of(xy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lowest and highest x and y of points, those that are not finite left out; shape (2, 2).

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Points; where none is finite, the box is the origin.
    """
    known = [column[np.isfinite(column)] for column in (xy[:, 0], xy[:, 1])]
    if not all(column.size for column in known):
        return np.zeros((2, 2))
    return np.array([[float(edge(column)) for column in known] for edge in (np.min, np.max)])


def _numbers(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint16]:
    """Tile of every value along one axis, kept to those that there are."""
    place = (values - low) * (SIDE / max(high - low, 1e-12))
    return np.clip(place, 0, SIDE - 1).astype(np.uint16)
