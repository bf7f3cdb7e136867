"""Density of one type of cells over the tissue, as a picture through which the H&E is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.palette import colours_of
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.frames import pixel_affine
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Legend, alpha_legend
from napari_tessera.viewer.placement import type_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView

_SIDE = 640
_MOST_ALPHA = 0.85


@dataclass(frozen=True, kw_only=True)
class Density:
    """Cells per area on a raster.

    Parameters
    ----------
    values : ndarray, shape (height, width), float64
        Cells per square pitch; the sum over the raster times the pixel's area is the number of
        cells, but for what the smoothing carries over the edge.
    affine : ndarray, shape (3, 3), float64
        Raster pixel (x, y, 1), counted from the corner, to world.
    pitch : float
        World length of one pitch.
    """

    values: NDArray[np.float64]
    affine: NDArray[np.float64]
    pitch: float


def rasterise(
    xy: NDArray[np.float64],
    frame: NDArray[np.float64],
    *,
    pitch: float,
    side: int = _SIDE,
    weights: NDArray[np.floating] | None = None,
) -> Density:
    """Count points on a raster and smooth them with a Gaussian of half a pitch.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        World coordinates.
    frame : ndarray, shape (m, 2), float64
        Points that the raster must cover, such as the spots; one pitch is added around them.
    pitch : float
        World length of one pitch.
    side : int
        Pixels of the longer side.
    weights : ndarray or None, shape (n,)
        What each point counts; 1 where None.
    """
    from scipy.ndimage import gaussian_filter

    low, high = frame.min(axis=0) - pitch, frame.max(axis=0) + pitch
    pixel = float((high - low).max()) / side
    width, height = (int(v) for v in np.maximum(np.ceil((high - low) / pixel), 1))
    col, row = np.floor((xy - low) / pixel).astype(np.int64).T
    inside = (col >= 0) & (col < width) & (row >= 0) & (row < height)
    counted = None if weights is None else weights[inside]
    flat = np.bincount(row[inside] * width + col[inside], counted, minlength=width * height)
    counts = flat.reshape(height, width).astype(np.float64)
    smooth = gaussian_filter(counts, sigma=0.5 * pitch / pixel, mode="constant")
    affine = np.diag([pixel, pixel, 1.0])
    affine[:2, 2] = low
    return Density(values=smooth * (pitch / pixel) ** 2, affine=affine, pitch=pitch)


def density_layer(
    run: Run, view: TissueView, cell_type: str, xy: NDArray[np.float64], *, fade: bool = False
) -> tuple[LayerData, Legend] | None:
    """Picture of where the cells of one type lie; None where the run placed no such cells.

    Parameters
    ----------
    run : Run
        A finished run.
    view : TissueView
        Tissue on the screen.
    cell_type : str
        Type to show.
    xy : ndarray, shape (n_cells, 2), float64
        Places of all cells of the run in world coordinates.
    fade : bool
        Whether a cell counts as much as its place is sure.
    """
    placement = run.result.placement
    if placement is None or placement.cell_types is None:
        return None
    is_type = placement.cell_types == cell_type
    chosen, sure = xy[is_type], placement.confidence[is_type] if fade else None
    if len(chosen) == 0:
        return None
    frame = xy if view.spots is None else view.spots.xy
    density = rasterise(chosen, frame, pitch=view.pitch_of(xy), weights=sure)
    colour = rgba_of(colours_of(type_names(run), run.colours)[cell_type])
    arguments = {
        "name": f"{run.name} density of {cell_type}",
        "rgb": True,
        "affine": pixel_affine(density.affine),
        "blending": "translucent",
        "metadata": mark(Role.DENSITY, run.name, cell_type),
        **world_units(view.unit),
    }
    most = float(density.values.max())
    counted = "sure cells" if fade else "cells"
    legend = alpha_legend(f"{cell_type}: {counted} per square pitch", colour, most)
    return (_veil(density.values, colour), arguments, "image"), legend


def _veil(values: NDArray[np.float64], colour: Collection[float]) -> NDArray[np.uint8]:
    """One colour whose alpha follows the values, shape (height, width, 4), uint8."""
    red, green, blue, _ = (round(255 * c) for c in colour)
    picture = np.empty((*values.shape, 4), dtype=np.uint8)
    picture[..., :3] = red, green, blue
    picture[..., 3] = np.rint(255 * _MOST_ALPHA * values / max(values.max(), 1e-300))
    return picture
