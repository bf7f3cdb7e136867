"""A crowd of dots as a picture of what the camera sees: its cost follows the pixels, not the crowd.

In a pixel colours are averaged, weighted by their alpha, and the alpha of the pixel grows with what
lies in it. Dots have the size that napari's points would have, and a light rim when they are large.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.frames import pixel_affine
from napari_tessera.viewer.scatter import Frame, pixels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_tessera.viewer.tiles import Tiles

MOST_POINTS = 200_000
"""More dots than these are drawn as a raster unless a person wants points."""

RADII = (0.5, 20.0)
"""Smallest and greatest radius of a dot in pixels; the smallest is one pixel."""

MARGIN = 0.12
"""What is painted around the view on each side, in parts of it, so that a move finds it there."""

_MOST_MARKS = 2_000_000
"""Pixels that are painted for all dots together; beyond, dots are painted smaller."""

_SMALLER = (6.0, 4.0, 3.0, 2.0, 1.0)
"""Radii that are tried then, before one pixel."""

_LEAST_COVER = 0.1
"""Pixels of which a dot covers less than that are left alone."""

_ALONE = 0.7
"""Alpha of a pixel with one opaque dot in it, when dots are one pixel large."""

_RIM_FROM, _RIM_WIDTH, _RIM_ALPHA = 4.0, 0.16, 0.7
"""Radius from which dots have a rim, its width in radii, and how light it is."""


class DrawAs(StrEnum):
    """How a crowd of dots is drawn."""

    AUTO = "automatic"
    POINTS = "points"
    RASTER = "raster"


@dataclass(frozen=True, kw_only=True)
class Dots:
    """A crowd that is drawn as a raster; what costs time is asked for in another thread.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        World coordinates.
    diameter : callable
        Gives the diameter of a dot in world units.
    words : callable
        Takes a row, gives what the mouse tells over that dot, by name.
    arguments : dict
        Name, metadata and unit of the layer.
    hollow : bool
        Whether they are rings where they are large.
    """

    xy: NDArray[np.float64]
    diameter: Callable[[], float]
    words: Callable[[int], Mapping[str, object]]
    arguments: dict[str, Any]
    hollow: bool = False


def as_raster(how: DrawAs, n: int) -> bool:
    """Whether so many dots are drawn as a raster.

    Parameters
    ----------
    how : DrawAs
        What a person wants.
    n : int
        Number of dots.
    """
    return how is DrawAs.RASTER or (how is DrawAs.AUTO and n > MOST_POINTS)


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What one dot leaves on the pixels around its own.

    Parameters
    ----------
    dy, dx : ndarray, shape (n,), int64
        Steps from the dot's own pixel.
    cover : ndarray, shape (n,), float64
        Part of the pixel that is covered.
    rim : ndarray, shape (n,), float64
        Part of that which is rim.
    """

    dy: NDArray[np.int64]
    dx: NDArray[np.int64]
    cover: NDArray[np.float64]
    rim: NDArray[np.float64]


def stamp_of(radius: float, *, hollow: bool = False) -> Stamp:
    """Disc or ring with soft edges.

    Parameters
    ----------
    radius : float
        In pixels; 0.5 gives the one pixel alone.
    hollow : bool
        Whether only the rim is painted, in the colour of the dot; small dots are fainter then.
    """
    reach = int(np.ceil(radius - 0.5))
    steps = np.arange(-reach, reach + 1)
    dy, dx = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    distance = np.hypot(dy, dx)
    cover = np.clip(radius + 0.5 - distance, 0, 1)
    rim = np.zeros(len(cover))
    outer = np.clip(distance - (1 - _RIM_WIDTH) * radius + 0.5, 0, 1)
    if radius >= _RIM_FROM and hollow:
        cover *= outer
    elif hollow:  # what a ring covers of its disc
        cover *= 1 - (1 - _RIM_WIDTH) ** 2
    elif radius >= _RIM_FROM:
        rim = _RIM_ALPHA * outer
    seen = cover > _LEAST_COVER * cover.max()
    return Stamp(dy=dy[seen], dx=dx[seen], cover=cover[seen], rim=rim[seen])


def radius_for(n: int, diameter: float) -> float:
    """Radius in pixels with which so many dots are painted.

    Parameters
    ----------
    n : int
        Dots in view.
    diameter : float
        What a dot would measure in pixels; one is never smaller than two, as with napari's points.
    """
    least, most = RADII
    wanted = min(max(diameter / 2, 2 * least), most)
    smaller = [radius for radius in _SMALLER if radius < wanted]
    return next((r for r in (wanted, *smaller) if n * stamp_of(r).dx.size <= _MOST_MARKS), least)


def view_frame(
    tiles: Tiles,
    centre: tuple[float, float],
    zoom: float,
    size: tuple[float, float],
    *,
    margin: float = MARGIN,
) -> Frame:
    """Take what is painted for a camera: the view and a margin, as far as there are points.

    Parameters
    ----------
    tiles : Tiles
        The points.
    centre : tuple of float
        World x and y in the middle of the view.
    zoom : float
        Pixels per world unit.
    size : tuple of float
        Width and height of the view in pixels.
    margin : float
        What is added on each side, in parts of the view.
    """
    half = np.array(size) * (0.5 + margin) / zoom
    room = 2 * RADII[1] / zoom
    low = np.maximum(np.array(centre) - half, tiles.low - room)
    high = np.minimum(np.array(centre) + half, tiles.high + room)
    if (high <= low).any():  # there is nobody in view
        low = np.array(centre) - 0.5 / zoom
        high = low + 1 / zoom
    width, height = (int(n) for n in np.ceil((high - low) * zoom))
    right, top = low + np.array([width, height]) / zoom
    return Frame(
        left=float(low[0]), right=float(right), bottom=float(low[1]), top=float(top),
        width=width, height=height,
    )  # fmt: skip


def frame_affine(frame: Frame) -> NDArray[np.float64]:
    """Affine, in napari's order, that puts a painted frame into its place; shape (3, 3)."""
    wide, high = frame.right - frame.left, frame.top - frame.bottom
    return pixel_affine(
        np.array([
            [wide / frame.width, 0, frame.left], [0, high / frame.height, frame.bottom], [0, 0, 1],
        ])
    )  # fmt: skip


def paint_raster(
    tiles: Tiles,
    rgba: NDArray[np.uint8],
    frame: Frame,
    diameter: float,
    *,
    hollow: bool = False,
) -> NDArray[np.uint8]:
    """Paint the dots that a frame shows.

    Parameters
    ----------
    tiles : Tiles
        The points.
    rgba : ndarray, shape (n, 4), uint8
        Colour of every point, in the order in which they were before they were sorted.
    frame : Frame
        What is seen.
    diameter : float
        Of a dot, in world units.
    hollow : bool
        Whether large dots are rings.

    Returns
    -------
    ndarray, shape (height, width, 4), uint8
        Lowest y first; clear where there is no dot.
    """
    wanted = diameter * frame.width / (frame.right - frame.left)
    found = tiles.within(_padded(frame, int(np.ceil(radius_for(0, wanted)))))
    x, y, rows = tiles.x[found], tiles.y[found], tiles.rows[found]
    radius = radius_for(len(x), wanted)
    stamp = stamp_of(radius, hollow=hollow)
    pad = int(stamp.dy.max())
    around = _padded(frame, pad)
    at, colours = _dots(x, y, rgba.view(np.uint32).ravel()[rows], around)
    filled, sums = _sums(at, colours, stamp, around)
    picture = np.zeros(around.width * around.height, dtype=np.uint32)
    picture[filled] = _mixed(sums, _opacity(radius)).view(np.uint32).ravel()
    whole = picture.reshape(around.height, around.width)
    part = np.ascontiguousarray(whole[pad : pad + frame.height, pad : pad + frame.width])
    return part.view(np.uint8).reshape(frame.height, frame.width, 4)


def _padded(frame: Frame, pad: int) -> Frame:
    """Add so many pixels to a frame on each side."""
    x = pad * (frame.right - frame.left) / frame.width
    y = pad * (frame.top - frame.bottom) / frame.height
    return Frame(
        left=frame.left - x, right=frame.right + x, bottom=frame.bottom - y, top=frame.top + y,
        width=frame.width + 2 * pad, height=frame.height + 2 * pad,
    )  # fmt: skip


def _dots(
    x: NDArray[np.float64], y: NDArray[np.float64], packed: NDArray[np.uint32], frame: Frame
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Pixel and colour of every dot that is in the frame and not hidden."""
    column = pixels_of(x, frame.left, frame.right, frame.width)
    row = pixels_of(y, frame.bottom, frame.top, frame.height)
    seen = (np.minimum(column, row) >= 0) & (packed.view(np.uint8)[3::4] > 0)
    row *= frame.width
    row += column
    if not seen.all():
        kept = np.flatnonzero(seen)
        row, packed = row[kept], packed[kept]
    return row, packed.view(np.uint8).reshape(-1, 4)


def _sums(
    at: NDArray[np.int64], colours: NDArray[np.uint8], stamp: Stamp, frame: Frame
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which pixels have something in them, and of each the sums of red, green, blue and alpha.

    Red, green and blue count as much as their alpha; shapes (n_filled,) and (4, n_filled). Stamps
    near the edge may reach over it to the other side: that is within the padding.
    """
    size = frame.width * frame.height
    places = (at + (stamp.dy * frame.width + stamp.dx)[:, None]).ravel()
    np.clip(places, 0, size - 1, out=places)
    alpha = colours[:, 3] * (1 / 255)
    covers = np.multiply.outer(stamp.cover, alpha).ravel()
    amount = np.bincount(places, covers, minlength=size)
    filled = np.flatnonzero(amount > 0)
    number = np.empty(size, dtype=np.int64)
    number[filled] = np.arange(len(filled))
    compact = number[places]
    sums = np.empty((4, len(filled)))
    sums[3] = amount[filled]
    inner, light = stamp.cover * (1 - stamp.rim), stamp.cover * stamp.rim
    for channel in range(3):
        weights = np.multiply.outer(inner, colours[:, channel] * alpha)
        if light.any():
            weights += np.multiply.outer(light, 255 * alpha)
        sums[channel] = np.bincount(compact, weights.ravel(), minlength=len(filled))
    return filled, sums


def _opacity(radius: float) -> float:
    """Alpha of a pixel that one opaque dot covers: the larger dots are, the less they must mix."""
    return min(1.0, _ALONE + 0.1 * (radius - RADII[0]))


def _mixed(sums: NDArray[np.float64], alone: float) -> NDArray[np.uint8]:
    """Colours and alphas of the pixels: `alone` for one opaque dot, halfway to 1 with each more."""
    amount = sums[3]
    more = 1 - (1 - alone) * np.exp2(1 - np.maximum(amount, 1))
    colours = np.empty((len(amount), 4), dtype=np.uint8)
    for channel in range(3):
        colours[:, channel] = sums[channel] / amount + 0.5
    colours[:, 3] = 255 * np.where(amount < 1, alone * amount, more) + 0.5
    return colours
