"""A scatter as a picture: a million dots painted in one go, whatever part of them is in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RADII = ((3_000, 4), (15_000, 3), (60_000, 2), (300_000, 1))
"""Dots in view up to which a dot has that radius in pixels; beyond, it is one pixel."""

DIMMED = 0.16
"""What is left of the opacity of those who are not selected."""

FIRST, SECOND, NEITHER = "#00b4d8", "#ff9f1c", "#8d99ae"
"""Colours of the selection, of the second one, and of all others."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What part of a plane is seen on how many pixels.

    Parameters
    ----------
    left, right, bottom, top : float
        Edges in the plane.
    width, height : int
        Pixels.
    """

    left: float
    right: float
    bottom: float
    top: float
    width: int
    height: int


def frame_of(xy: NDArray[np.floating], width: int, height: int) -> Frame:
    """Frame around all points that are finite, with a margin.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Points.
    width, height : int
        Pixels.
    """
    known = xy[np.isfinite(xy).all(axis=1)]
    if not len(known):
        return Frame(left=0, right=1, bottom=0, top=1, width=width, height=height)
    low, high = known.min(axis=0).astype(float), known.max(axis=0).astype(float)
    margin = 0.04 * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = low - margin, high + margin
    return Frame(left=left, right=right, bottom=bottom, top=top, width=width, height=height)


def paint_scatter(
    xy: NDArray[np.floating], rgba: NDArray[np.uint8], on_top: NDArray[np.bool_], frame: Frame
) -> NDArray[np.uint8]:
    """Paint dots; those of `on_top` cover the others.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Places; those that are not finite are not drawn.
    rgba : ndarray, shape (n, 4), uint8
        Colours.
    on_top : ndarray of bool, shape (n,)
        Who is painted last.
    frame : Frame
        What is seen.

    Returns
    -------
    ndarray, shape (height, width, 4), uint8
        Bottom row first; clear where there is no dot.
    """
    column = pixels_of(xy[:, 0], frame.left, frame.right, frame.width)
    row = pixels_of(xy[:, 1], frame.bottom, frame.top, frame.height)
    seen = (column >= 0) & (column < frame.width) & (row >= 0) & (row < frame.height)
    radius = next((r for most, r in RADII if seen.sum() <= most), 0)
    wide = frame.width + 2 * radius
    packed = np.ascontiguousarray(rgba).view(np.uint32).ravel()
    picture = np.zeros(wide * (frame.height + 2 * radius), dtype=np.uint32)
    for part in (seen & ~on_top, seen & on_top):
        at = (row[part] + radius) * wide + column[part] + radius
        for dy, dx in disc(radius):
            picture[at + dy * wide + dx] = packed[part]
    whole = picture.reshape(-1, wide)[radius : radius + frame.height, radius : wide - radius]
    pixels = np.ascontiguousarray(whole).view(np.uint8)
    return pixels.reshape(frame.height, frame.width, 4)


def disc(radius: int) -> list[tuple[int, int]]:
    """Offsets of the pixels of a disc."""
    steps = range(-radius, radius + 1)
    return [(dy, dx) for dy in steps for dx in steps if dy**2 + dx**2 <= (radius + 0.3) ** 2]


def colours_of_scatter(rgba: NDArray[np.float32], chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Colours as bytes; where some are chosen, the others step back.

    Parameters
    ----------
    rgba : ndarray, shape (n, 4), float32
        Colours from 0 to 1.
    chosen : ndarray of bool, shape (n,)
        Who is in front.
    """
    found = np.rint(rgba * 255).astype(np.uint8)
    if chosen.any():
        found[~chosen, 3] = (found[~chosen, 3] * DIMMED).astype(np.uint8)
    return found


def pixels_of(
    values: NDArray[np.floating], low: float, high: float, size: int
) -> NDArray[np.int64]:
    """Pixel of every value; -1 where it has none.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Places along one axis.
    low, high : float
        Edges of the pixels.
    size : int
        Number of pixels.
    """
    place = (values - low) * (size / (high - low))
    outside = ~((place >= 0) & (place < size))
    return np.where(outside, -1, place).astype(np.int64)
