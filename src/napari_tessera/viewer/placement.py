"""Placed cells: one layer of points, coloured by type or by how sure their place is.

Cells are drawn where the map puts them; nothing is spread out for show, so cells that share a place
cover one another.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.colours import (
    Categories,
    categories,
    faded,
    limits_of,
    value_rgba,
)
from napari_tessera.viewer.frames import apply_affine, fit_affine, row_col
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Painting, category_legend, ramp_legend
from napari_tessera.viewer.raster import Dots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.results import Placement, Run
    from napari_tessera.contract.views import TissueView

_RIM = np.array([1.0, 1.0, 1.0, 0.7], dtype=np.float32)

NO_TYPE = "cells"
"""What cells are called when the reference gave no types."""


class CellColour(StrEnum):
    """What the colour of a placed cell says."""

    TYPE = "cell type"
    CONFIDENCE = "confidence"
    ENTROPY = "entropy"
    SPREAD = "spread"


def type_names(run: Run) -> tuple[str, ...]:
    """All types that a run speaks of, sorted: what its layers share a palette over."""
    placement, composition = run.result.placement, run.result.composition
    names = set() if composition is None else set(composition.types.tolist())
    if placement is not None:
        names |= set(placement.type_names)
    if run.result.annotation is not None:
        names |= set(run.result.annotation.types.tolist())
    return tuple(sorted(names))


def cell_categories(
    placement: Placement, names: tuple[str, ...] = (), colours: Mapping[str, str] | None = None
) -> Categories:
    """Types of the placed cells, encoded; one category where the reference named none.

    Parameters
    ----------
    placement : Placement
        Placed cells.
    names : tuple of str
        What `type_names` gave.
    colours : mapping of str to str, optional
        Colours of some types that a person has chosen.
    """
    labels = placement.cell_types
    if labels is None:
        labels = np.full(placement.cell_names.size, NO_TYPE)
    return categories(labels, names, colours)


def paint_cells(
    placement: Placement,
    types: Categories,
    how: CellColour,
    *,
    fade: bool = False,
    hidden: frozenset[str] = frozenset(),
) -> Painting:
    """Colour every placed cell.

    Parameters
    ----------
    placement : Placement
        Cells and how sure their places are.
    types : Categories
        What `cell_categories` gave.
    how : CellColour
        What the colour says.
    fade : bool
        Whether cells fade with their confidence.
    hidden : frozenset of str
        Types whose cells are transparent: napari 0.9 draws points of a flat layer whether or not
        their ``shown`` is set.
    """
    if how is CellColour.TYPE:
        rgba = types.rgba()
        legend = category_legend("Cells by type", types)
    else:
        values, title = _numbers(placement, how)
        limits = (0.0, 1.0) if how is CellColour.CONFIDENCE else limits_of(values)
        rgba = value_rgba(values, limits)
        legend = ramp_legend(title, limits)
    if fade:
        rgba = faded(rgba, placement.confidence)
    if hidden:
        rgba[~types.shown(hidden), 3] = 0
    return Painting(rgba=rgba, legend=legend)


def placement_layers(
    run: Run, view: TissueView, xy: NDArray[np.float64], *, painting: Painting | None = None
) -> list[LayerData]:
    """One layer of points for the placed cells of a run; none where it placed no cells.

    Parameters
    ----------
    run : Run
        A finished run.
    view : TissueView
        Tissue on the screen.
    xy : ndarray, shape (n_cells, 2), float64
        Places of the cells in world coordinates of `view`.
    painting : Painting or None
        Colours; by type where None.
    """
    placement = run.result.placement
    if placement is None:
        return []
    if painting is None:
        types = cell_categories(placement, type_names(run), run.colours)
        painting = paint_cells(placement, types, CellColour.TYPE)
    arguments = {
        "name": f"{run.name} cells",
        "features": cell_features(placement),
        "metadata": mark(Role.CELLS, run.name),
        **_points_style(view, xy),
    }
    paint = {"face_color": painting.rgba, "border_color": rim_of(painting)}
    return [(row_col(xy), {**arguments, **paint}, "points")]


def cell_dots(run: Run, view: TissueView, xy: NDArray[np.float64]) -> Dots:
    """Placed cells of a run as a crowd that is drawn as a raster.

    Parameters
    ----------
    run : Run
        A finished run that placed cells.
    view : TissueView
        Tissue on the screen.
    xy : ndarray, shape (n_cells, 2), float64
        Places of the cells in world coordinates of `view`.
    """
    placement = run.result.placement
    if placement is None:
        msg = f"run {run.name} placed no cells"
        raise ValueError(msg)

    def words(row: int) -> dict[str, Any]:
        told = cell_features(placement, np.array([row]))
        return {name: values[0] for name, values in told.items()}

    arguments = {
        "name": f"{run.name} cells",
        "metadata": mark(Role.CELLS, run.name),
        **world_units(view.unit),
    }
    return Dots(xy=xy, diameter=lambda: _dot_size(view, xy), words=words, arguments=arguments)


def rim_of(painting: Painting) -> NDArray[np.float32]:
    """Light rim around the dots, as faint as the dots; one colour for all where none is faint.

    Parameters
    ----------
    painting : Painting
        Colours of the dots.

    Returns
    -------
    ndarray, shape (4,) or (n, 4), float32
    """
    alpha = painting.rgba[:, 3]
    if (alpha == 1).all():
        return _RIM
    rim = np.tile(_RIM, (len(alpha), 1))
    rim[:, 3] *= alpha
    return rim


def preview_layer(
    view: TissueView, xy: NDArray[np.float64], rgba: NDArray[np.float32]
) -> LayerData:
    """Cells on their way, while a fit runs.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    xy : ndarray, shape (n_cells, 2), float64
        World coordinates.
    rgba : ndarray, shape (n_cells, 4) or (4,), float32
        Colours; where none is seen, no rim is either.
    """
    arguments = {
        "name": "placed cells",
        "metadata": mark(Role.PREVIEW),
        "face_color": rgba,
        **_points_style(view, xy),
    }
    if not np.any(rgba[..., 3]):
        arguments["border_color"] = np.zeros(4, dtype=np.float32)
    return row_col(xy), arguments, "points"


def cell_features(
    placement: Placement, rows: NDArray[np.int64] | slice = slice(None)
) -> dict[str, Any]:
    """Columns that the mouse tells over a cell.

    Parameters
    ----------
    placement : Placement
        Placed cells.
    rows : ndarray of int64 or slice
        Which of them.
    """
    features: dict[str, Any] = {"cell": placement.cell_names[rows]}
    if placement.cell_types is not None:
        features["type"] = placement.cell_types[rows]
    return features | {
        "confidence": np.round(placement.confidence[rows], 3),
        "spot": placement.spot_names[placement.modal_spot[rows]],
    }


def _numbers(placement: Placement, how: CellColour) -> tuple[NDArray[np.floating], str]:
    if how is CellColour.CONFIDENCE:
        return placement.confidence, "Confidence (mass within three pitches)"
    if how is CellColour.ENTROPY:
        return placement.entropy, "Entropy of the place (nats)"
    variance = np.trace(placement.covariance, axis1=1, axis2=2)
    unit = f" ({placement.unit})" if placement.unit else ""
    return np.sqrt(np.maximum(variance, 0)), f"Spread of the place{unit}"


def _dot_size(view: TissueView, xy: NDArray[np.float64]) -> float:
    """Diameter of small dots; it follows the pitch of the spots and how many dots there are."""
    around = xy if view.spots is None else view.spots.xy
    crowd = len(xy) / max(len(around), 1)
    return view.pitch_of(xy) * float(np.clip(0.7 / np.sqrt(max(crowd, 1)), 0.08, 0.4))


def _points_style(view: TissueView, xy: NDArray[np.float64]) -> dict[str, Any]:
    """Look of small dots."""
    return {
        "size": _dot_size(view, xy),
        "border_color": _RIM,
        "border_width": 0.08,
        "symbol": "disc",
        "antialiasing": 1,
        "canvas_size_limits": (2, 40),
        **world_units(view.unit),
    }


def world_xy(placement: Placement, view: TissueView, coordinate_system: str) -> NDArray[np.float64]:
    """Places of the cells in the coordinate system on the screen.

    Where the run was made in another coordinate system, the affine between the two is found from
    the map: the expectation of every cell is known in the run's frame, and follows from the map and
    the spots in the view's.

    Parameters
    ----------
    placement : Placement
        Places in the coordinate system of the run.
    view : TissueView
        Tissue on the screen.
    coordinate_system : str
        Coordinate system of the run.

    Returns
    -------
    ndarray, shape (n_cells, 2), float64
    """
    if coordinate_system in ("", view.coordinate_system) or view.spots is None:
        return placement.xy
    rows = view.spots.rows_in(placement.spot_names)
    known = placement.map[:, rows[rows >= 0]]
    mass = np.asarray(known.sum(axis=1)).ravel()
    sure = mass >= min(0.95, float(np.quantile(mass, 0.9)))
    expected = (known @ view.spots.xy[rows >= 0])[sure] / mass[sure, None]
    return apply_affine(fit_affine(placement.mean_xy[sure], expected), placement.xy)
