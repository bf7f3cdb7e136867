"""Layers of points that stay and get other colours or other places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_tessera.viewer.layer_data import LayerData


def recolour_points(layer: Layer, faces: NDArray[np.float32], rims: NDArray[np.float32]) -> None:
    """Give points other colours with one redrawing.

    Setting ``face_color`` and ``border_color`` has napari send all points to the screen four times.
    Writing into the arrays that it holds and refreshing once gives the same picture.

    Parameters
    ----------
    layer : napari.layers.Points
        Coloured directly, one colour per point.
    faces : ndarray, shape (n, 4), float32
        Colours of the dots.
    rims : ndarray, shape (n, 4) or (4,), float32
        Colours of their rims.
    """
    for name, colours in (("face_color", faces), ("border_color", rims)):
        held = getattr(layer, name)
        if held.flags.writeable and len(held) == len(faces):
            held[:] = colours
        else:
            setattr(layer, name, colours)
    layer.refresh(extent=False, highlight=False)


def refill_points(layer: Layer, made: LayerData) -> None:
    """Make a layer of points show other points, refreshed thrice in place of seven times.

    A layer that is hidden, and whose events are blocked, takes sizes and colours without a word.

    Parameters
    ----------
    layer : napari.layers.Points
        Coloured directly.
    made : LayerData
        What a new layer would be made of; look, name, features and metadata are taken over too.
    """
    data, arguments, _ = made
    colours = [
        np.broadcast_to(arguments[name], (len(data), 4)) for name in ("face_color", "border_color")
    ]
    with layer.events.blocker_all():
        seen = layer.visible
        if not seen:
            layer.visible = True  # a hidden layer forgets to count its points anew
        layer.data = data
        layer.visible = False
        layer.size = arguments["size"]
        layer.face_color, layer.border_color = (np.array(c, dtype=np.float32) for c in colours)
        layer.visible = seen
    layer.features = arguments.get("features", {})
    layer.name = arguments["name"]
    layer.metadata.update(arguments["metadata"])
    layer.refresh()
