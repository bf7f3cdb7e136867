"""Spots as a layer: circles, polygons or a label picture, coloured by us.

One layer is made once and recoloured in place: `spots_layer` makes it, `colour_change` says which
attribute of it to set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.frames import pixel_affine, row_col
from napari_tessera.viewer.raster import Dots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.views import SpotsView
    from napari_tessera.viewer.layer_data import LayerData

MOST_SHAPES = 20_000
"""Above this number polygons are painted into a label picture: outlines get slow to triangulate."""

SPOT_OPACITY = 0.8
"""Opacity of coloured spots."""

_LABEL_SIDE = 4096


def shape_of_spots(spots: SpotsView) -> str:
    """Return the type of layer that `spots_layer` makes: points, shapes or labels."""
    if spots.labels is not None:
        return "labels"
    if spots.polygons is not None:
        return "shapes" if len(spots.polygons) <= MOST_SHAPES else "labels"
    return "points"


def spots_layer(spots: SpotsView, rgba: NDArray[np.float32], *, outline: bool = False) -> LayerData:
    """Spots in their places with the given colours.

    Parameters
    ----------
    spots : SpotsView
        Where and what they are.
    rgba : ndarray, shape (n_spots, 4), float32
        One colour per spot.
    outline : bool
        Whether to colour the borders rather than the faces (not for labels).
    """
    kind = shape_of_spots(spots)
    if kind == "labels":
        picture, affine, ids = _label_picture(spots)
        arguments = {"affine": affine, "colormap": label_colours(ids, rgba), "opacity": 0.7}
        return picture, arguments, kind
    clear = np.zeros_like(rgba)
    paint = {"face_color": clear if outline else rgba}
    if kind == "shapes":
        edge = {"edge_color": rgba, "edge_width": _border(spots)}
        data = [row_col(outline_xy) for outline_xy in spots.polygons or ()]
        return data, {"shape_type": "polygon", "opacity": SPOT_OPACITY, **paint, **edge}, kind
    border = {"border_color": rgba if outline else clear, "border_width": 0.09 if outline else 0}
    look = {"size": _diameters(spots), "opacity": SPOT_OPACITY}
    return row_col(spots.xy), {**look, **paint, **border}, kind


def colour_change(spots: SpotsView, rgba: NDArray[np.float32]) -> dict[str, Any]:
    """Attributes to set on a layer of `spots_layer` to give it other colours.

    Parameters
    ----------
    spots : SpotsView
        What the layer was made from.
    rgba : ndarray, shape (n_spots, 4), float32
        The new colours.
    """
    kind = shape_of_spots(spots)
    if kind == "labels":
        ids = _label_ids(spots)
        return {"colormap": label_colours(ids, rgba)}
    if kind == "shapes":
        return {"face_color": rgba, "edge_color": rgba}
    return {"face_color": rgba}


def label_colours(ids: NDArray[np.int64], rgba: NDArray[np.float32]) -> dict[int | None, Any]:
    """Colour by label; what has no row in the table is transparent.

    Parameters
    ----------
    ids : ndarray, shape (n_spots,), int64
        Label of every spot.
    rgba : ndarray, shape (n_spots, 4), float32
        Colour of every spot.
    """
    clear = np.zeros(4, np.float32)
    table: dict[int | None, Any] = dict(zip(ids.tolist(), rgba, strict=True))
    return {None: clear, 0: clear, **table}


def placed(
    values: NDArray[np.float32], names: NDArray[np.str_], spots: SpotsView, *, missing: float = 0.0
) -> NDArray[np.float32]:
    """Numbers or colours in the order of the view.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, 4), float32
        In the order of `names`.
    names : ndarray of str, shape (n,)
        Spots that they belong to.
    spots : SpotsView
        Spots on the screen; matched by name.
    missing : float
        What spots without a value get.
    """
    rows = spots.rows_in(names)
    if len(rows) == len(values) and np.array_equal(rows, np.arange(len(rows))):
        return values
    rest = np.full((1, *values.shape[1:]), missing, dtype=np.float32)
    return np.asarray(np.concatenate([values, rest])[rows])


def _border(spots: SpotsView) -> float:
    return 0.04 * spots.pitch


def spot_dots(
    spots: SpotsView,
    arguments: dict[str, Any],
    columns: Callable[[], Mapping[str, NDArray[np.generic]]],
) -> Dots:
    """Coloured spots as a crowd that is drawn as a raster.

    Parameters
    ----------
    spots : SpotsView
        Spots that are drawn as dots.
    arguments : dict
        Name, metadata and unit of the layer.
    columns : callable
        Gives what the mouse tells of every spot; asked once, when the mouse is first there.
    """
    known: dict[str, NDArray[np.generic]] = {}

    def words(row: int) -> dict[str, object]:
        if not known:
            known.update(columns())
        return {name: values[row] for name, values in known.items()}

    look = {"opacity": SPOT_OPACITY, **arguments}
    return Dots(xy=spots.xy, diameter=lambda: diameter_of(spots), words=words, arguments=look)


def diameter_of(spots: SpotsView) -> float:
    """One diameter for all spots, in world units: the middle one where they differ.

    Parameters
    ----------
    spots : SpotsView
        Spots that are drawn as dots.
    """
    return float(np.median(_diameters(spots)))


def _diameters(spots: SpotsView) -> Any:  # noqa: ANN401 - one number, or one per spot
    if spots.radius is None:
        return 0.6 * spots.pitch
    if np.ptp(spots.radius) == 0:
        return float(2 * spots.radius[0])
    return 2 * spots.radius


def _label_ids(spots: SpotsView) -> NDArray[np.int64]:
    if spots.labels is not None:
        return np.asarray(spots.instances, dtype=np.int64)
    return np.arange(1, len(spots.xy) + 1, dtype=np.int64)


def _label_picture(spots: SpotsView) -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    ids = _label_ids(spots)
    if spots.labels is not None:
        affine = np.eye(3) if spots.labels_affine is None else spots.labels_affine
        return spots.labels, pixel_affine(affine), ids
    picture, affine = paint_polygons(spots.polygons or ())
    return picture, pixel_affine(affine), ids


def paint_polygons(
    polygons: tuple[NDArray[np.float64], ...], *, side: int = _LABEL_SIDE
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Paint outlines into a label picture, the i-th with the number i + 1.

    Parameters
    ----------
    polygons : tuple of ndarray, each (n_vertices, 2)
        World outlines; at least one.
    side : int
        Pixels of the longer side.

    Returns
    -------
    picture : ndarray, shape (height, width), int32
    affine : ndarray, shape (3, 3), float64
        Picture pixel (x, y, 1), counted from the corner, to world.
    """
    from PIL import Image, ImageDraw

    low = np.min([p.min(axis=0) for p in polygons], axis=0)
    high = np.max([p.max(axis=0) for p in polygons], axis=0)
    pixel = max(float((high - low).max()) / side, 1e-9)
    width, height = (int(v) for v in np.ceil((high - low) / pixel) + 1)
    image = Image.new("I", (width, height))
    draw = ImageDraw.Draw(image)
    for number, outline in enumerate(polygons, start=1):
        corners = ((outline - low) / pixel - 0.5).ravel().tolist()
        draw.polygon(corners, fill=number)
    affine = np.diag([pixel, pixel, 1.0])
    affine[:2, 2] = low
    return np.asarray(image, dtype=np.int32), affine
