"""Selected cells or spots on the tissue: rings around them, or a picture where they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.frames import pixel_affine, row_col, typical_distance
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.scatter import FIRST, SECOND, frame_of, paint_scatter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.population import Population
    from napari_tessera.contract.views import TissueView

LAYER = "Selection"
"""Name of the layer."""

MOST_RINGS = 20_000
"""Of more, a picture is drawn: napari takes a second for a million points."""

SIDE = 1600
"""Pixels of the longer side of that picture."""


def group_rgba(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Who is in a selection, and the colour of each of those: of the first where in both.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n,)
        The two selections.

    Returns
    -------
    ndarray of bool, shape (n,)
    ndarray, shape (n_selected, 4), float32
    """
    chosen = first | second
    colours = np.array([rgba_of(SECOND), rgba_of(FIRST)], dtype=np.float32)
    return chosen, colours[first[chosen].astype(np.int64)]


def selection_layer(
    population: Population,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    view: TissueView,
) -> LayerData | None:
    """One layer that shows both selections on the tissue; None where nobody is selected.

    Parameters
    ----------
    population : Population
        Whose places are shown.
    first, second : ndarray of bool, shape (n,)
        The two selections.
    view : TissueView
        Tissue on the screen.
    """
    chosen, rgba = group_rgba(first, second)
    if not chosen.any():
        return None
    xy = population.xy[chosen]
    arguments = {"name": LAYER, "metadata": mark(Role.SELECTION), **world_units(view.unit)}
    if len(xy) > MOST_RINGS:
        picture, affine = _picture(xy, rgba, population.xy)
        more = {"rgb": True, "affine": affine, "opacity": 0.75, "interpolation2d": "nearest"}
        return picture, {**arguments, **more}, "image"
    return row_col(xy), {**arguments, **_ring(population.xy, rgba)}, "points"


def _ring(everybody: NDArray[np.float64], rgba: NDArray[np.float32]) -> dict[str, object]:
    """Look of a ring around a cell or a spot."""
    faces = rgba.copy()
    faces[:, 3] = 0.25
    return {
        "size": 0.75 * typical_distance(everybody),
        "face_color": faces,
        "border_color": rgba,
        "border_width": 0.22,
        "symbol": "disc",
        "antialiasing": 1,
        "canvas_size_limits": (5, 60),
    }


def _picture(
    xy: NDArray[np.float64], rgba: NDArray[np.float32], everybody: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Dots as a picture over the whole crowd, and the affine that puts it there."""
    around = frame_of(everybody, 1, 1)
    wide, high = around.right - around.left, around.top - around.bottom
    pixel = max(wide, high) / SIDE
    frame = frame_of(everybody, max(int(wide / pixel), 1), max(int(high / pixel), 1))
    colours = np.rint(rgba * 255).astype(np.uint8)
    affine = np.array([
        [wide / frame.width, 0, frame.left], [0, high / frame.height, frame.bottom], [0, 0, 1]
    ])  # fmt: skip
    return paint_scatter(xy, colours, np.zeros(len(xy), np.bool_), frame), pixel_affine(affine)
