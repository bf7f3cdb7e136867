"""Circles cut into sectors, as triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAGITTA = 0.15


@dataclass(frozen=True, kw_only=True)
class PieMesh:
    """Triangles of pies; every three vertices are one.

    Parameters
    ----------
    vertices : ndarray, shape (n, 2), float64
        x and y.
    types : ndarray, shape (n,), int64
        Type of the sector.
    owners : ndarray, shape (n,), int64
        Pie that the vertex belongs to.
    """

    vertices: NDArray[np.float64]
    types: NDArray[np.int64]
    owners: NDArray[np.int64]


def pie_mesh(
    xy: NDArray[np.float64],
    radius: NDArray[np.float64],
    shares: NDArray[np.float32],
    *,
    corners: int,
) -> PieMesh:
    """Cut circles into sectors as large as the shares, clockwise from the top, types in order.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Centres; y grows downwards.
    radius : ndarray, shape (n,), float64
        Radii.
    shares : ndarray, shape (n, n_types), float32
        Fractions; they are taken relative to their sum.
    corners : int
        Corners of the polygon that stands for a circle, besides those between sectors.
    """
    ends = np.cumsum(shares, axis=1, dtype=np.float64)
    ends /= np.maximum(ends[:, -1:], 1e-12)
    round_about = np.broadcast_to(np.linspace(0, 1, corners + 1), (len(xy), corners + 1))
    edges = np.sort(np.concatenate([round_about, ends[:, :-1]], axis=1), axis=1)
    middle = (edges[:, 1:] + edges[:, :-1]) / 2
    types = np.zeros(middle.shape, dtype=np.int64)
    for end in ends[:, :-1].T:
        types += middle >= end[:, None]
    owners, place = np.nonzero(edges[:, 1:] - edges[:, :-1] > 1e-9)
    turn = 2 * np.pi * np.stack([edges[owners, place], edges[owners, place + 1]], axis=1)
    rim = np.stack([np.sin(turn), -np.cos(turn)], axis=2) * radius[owners, None, None]
    triangles = np.repeat(xy[owners, None], 3, axis=1)
    triangles[:, 1:] += rim
    return PieMesh(
        vertices=triangles.reshape(-1, 2),
        types=np.repeat(types[owners, place], 3),
        owners=np.repeat(owners, 3),
    )


def round_enough(pixels: float) -> int:
    """Corners with which a circle of that radius on the screen looks round.

    Parameters
    ----------
    pixels : float
        Radius on the screen.
    """
    return int(np.clip(np.ceil(np.pi * np.sqrt(max(pixels, 1) / (2 * _SAGITTA))), 16, 180))
