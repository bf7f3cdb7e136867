"""The tissue before any run: the picture, and where the spots are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.frames import pixel_affine
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Legend, Painting
from napari_tessera.viewer.raster import Dots, DrawAs, as_raster
from napari_tessera.viewer.spots import diameter_of, shape_of_spots, spots_layer

if TYPE_CHECKING:
    from napari_tessera.contract.views import ImageView, SpotsView, TissueView

_OUTLINE = (0.1, 0.9, 1.0, 0.9)
OUTLINE_OPACITY = 0.8
OUTLINE_BEHIND_CELLS = 0.3
"""Opacity of the outlines of spots, without and with something of a run above them."""


def tissue_layers(view: TissueView) -> list[LayerData]:
    """Layers of a tissue that was just opened, lowest first.

    Parameters
    ----------
    view : TissueView
        Pictures and spots. The first picture is visible, further ones are there but hidden.
    """
    layers = [
        _image_layer(image, view, visible=number == 0) for number, image in enumerate(view.images)
    ]
    layers.reverse()
    if view.spots is not None:
        layers.append(_outlines(view.spots, view))
    return layers


def outline_dots(view: TissueView) -> tuple[Dots, Painting] | None:
    """Outlines of spots that are too many for points; None where they are not.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    """
    spots = view.spots
    if spots is None or not many_dots(spots):
        return None
    arguments = {
        "name": spots.element,
        "opacity": OUTLINE_OPACITY,
        "metadata": mark(Role.SPOTS),
        **world_units(view.unit),
    }
    dots = Dots(
        xy=spots.xy,
        diameter=lambda: diameter_of(spots),
        words=lambda row: {"spot": spots.names[row]},
        arguments=arguments,
        hollow=True,
    )
    rgba = np.broadcast_to(np.array(_OUTLINE, dtype=np.float32), (len(spots.xy), 4))
    return dots, Painting(rgba=rgba, legend=Legend(title=""))


def many_dots(spots: SpotsView) -> bool:
    """Whether spots are drawn as dots and are too many for points.

    Parameters
    ----------
    spots : SpotsView
        Where and what they are.
    """
    return shape_of_spots(spots) == "points" and as_raster(DrawAs.AUTO, len(spots.xy))


def spot_features(spots: SpotsView) -> dict[str, Any]:
    """Columns that a layer of spots shows when the mouse is over it."""
    return {"spot": spots.names}


def _image_layer(image: ImageView, view: TissueView, *, visible: bool) -> LayerData:
    arguments = {
        "name": image.name,
        "rgb": True,
        "multiscale": len(image.levels) > 1,
        "affine": pixel_affine(image.affine),
        "visible": visible,
        "metadata": mark(Role.IMAGE),
        **world_units(view.unit),
    }
    data = list(image.levels) if len(image.levels) > 1 else image.levels[0]
    return data, arguments, "image"


def _outlines(spots: SpotsView, view: TissueView) -> LayerData:
    rgba = np.tile(np.array(_OUTLINE, dtype=np.float32), (len(spots.xy), 1))
    data, arguments, kind = spots_layer(spots, rgba, outline=True)
    arguments |= {
        "name": spots.element,
        "opacity": OUTLINE_OPACITY,
        "metadata": mark(Role.SPOTS),
        "features": spot_features(spots) if kind != "labels" else None,
        **world_units(view.unit),
    }
    return data, arguments, kind
