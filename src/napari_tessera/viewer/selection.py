"""Selected cells or spots on the tissue: rings around them, or a picture where they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.frames import pixel_affine, row_col
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
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    faces: NDArray[np.float32] | None,
    view: TissueView,
) -> LayerData | None:
    """One layer that shows both selections on the tissue; None where nobody is selected.

    Parameters
    ----------
    population : Population
        Whose places are shown.
    sides : two ndarrays of bool, each (n,)
        The two selections.
    faces : ndarray or None, shape (n, 4), float32
        Colours inside the rings; those of the selections where None.
    view : TissueView
        Tissue on the screen.
    """
    chosen, rgba = group_rgba(*sides)
    if not chosen.any():
        return None
    xy = population.xy[chosen]
    arguments = {"name": LAYER, "metadata": mark(Role.SELECTION), **world_units(view.unit)}
    if len(xy) > MOST_RINGS:
        picture, affine = _picture(xy, rgba, population.xy)
        more = {"rgb": True, "affine": affine, "opacity": 0.75, "interpolation2d": "nearest"}
        return picture, {**arguments, **more}, "image"
    look = _ring(view, population.xy)
    colours = {"face_color": rgba if faces is None else faces[chosen], "border_color": rgba}
    return row_col(xy), {**arguments, **look, **colours}, "points"


def _ring(view: TissueView, everybody: NDArray[np.float64]) -> dict[str, object]:
    """Look of a dot with a broad rim, larger than the dot of a placed cell."""
    around = everybody if view.spots is None else view.spots.xy
    crowd = len(everybody) / max(len(around), 1)
    size = view.pitch_of(everybody) * float(np.clip(0.95 / np.sqrt(max(crowd, 1)), 0.12, 0.6))
    return {
        "size": size,
        "border_width": 0.25,
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
