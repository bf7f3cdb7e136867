"""From x, y to napari's row, column, and from one coordinate frame to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SWAP = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def row_col(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn x, y into napari's row, column.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Points.
    """
    return np.ascontiguousarray(np.asarray(xy, dtype=np.float64)[:, ::-1])


def pixel_affine(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Affine of a picture in napari's order and with napari's idea of where a pixel is.

    SpatialData counts from the corner of the first pixel, whose centre is (0.5, 0.5); napari counts
    from the centre of the first pixel.

    Parameters
    ----------
    affine : ndarray, shape (3, 3), float64
        Pixel (x, y, 1), counted from the corner, to world (x, y, 1).

    Returns
    -------
    ndarray, shape (3, 3), float64
        Pixel (row, column, 1), counted from the centre, to world (row, column, 1).
    """
    half = np.eye(3)
    half[:2, 2] = 0.5
    return np.asarray(_SWAP @ np.asarray(affine, dtype=np.float64) @ half @ _SWAP)


def fit_affine(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Affine that takes source points to target points, by least squares.

    Parameters
    ----------
    source, target : ndarray, shape (n, 2), float64
        The same points in two frames.

    Returns
    -------
    ndarray, shape (3, 3), float64
        Exact where an affine relates the two; points on one line give the smallest solution.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    origin, aim = source.mean(axis=0), target.mean(axis=0)
    linear = np.linalg.lstsq(source - origin, target - aim, rcond=None)[0].T
    affine = np.eye(3)
    affine[:2, :2] = linear
    affine[:2, 2] = aim - linear @ origin
    return affine


def apply_affine(affine: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points.

    Parameters
    ----------
    affine : ndarray, shape (3, 3), float64
        Acts on (x, y, 1).
    xy : ndarray, shape (n, 2), float64
        Points.
    """
    return np.asarray(xy @ affine[:2, :2].T + affine[:2, 2], dtype=np.float64)
