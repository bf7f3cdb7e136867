"""Who lies inside a drawn outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORNERS = 3
"""Fewest corners that enclose anything."""


def inside(outline: NDArray[np.floating], xy: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Say which points lie inside an outline; where it crosses itself, inside is every odd part.

    Points outside its bounding box are sorted out first; the others are looked up in the index that
    shapely makes of the outline's edges.

    Parameters
    ----------
    outline : ndarray, shape (n_corners, 2)
        Corners in their order; the last is joined to the first.
    xy : ndarray, shape (n, 2)
        Points; those that are not finite are outside.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    import shapely

    found = np.zeros(len(xy), dtype=np.bool_)
    corners = np.asarray(outline, dtype=np.float64)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(np.unique(corners, axis=0)) < CORNERS:
        return found
    shape = shapely.make_valid(shapely.Polygon(corners))
    shapely.prepare(shape)
    (left, below), (right, above) = corners.min(axis=0), corners.max(axis=0)
    x, y = xy[:, 0], xy[:, 1]
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= below) & (y <= above))
    found[near] = shapely.intersects_xy(shape, x[near], y[near])
    return found
