"""Layers put into the viewer's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_tessera.viewer.layer_data import LayerData


def insert_layer(
    viewer: Viewer,
    made: LayerData | Layer,
    index: int | None = None,
    *,
    metadata: Mapping[str, object] | None = None,
) -> Layer:
    """Make a layer of a layer tuple, unless it is one, and put it into a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it goes.
    made : LayerData or napari.layers.Layer
        Data, arguments, type.
    index : int or None
        Place in the list, 0 lowest; on top where None.
    metadata : mapping, optional
        What it carries besides; other plugins look when a layer is put in, and not again.
    """
    from napari.layers import Layer

    if isinstance(made, tuple):
        data, arguments, kind = made
        given = {name: value for name, value in arguments.items() if value is not None}
        layer = Layer.create(data, given, kind)
    else:
        layer = made
    layer.metadata.update(metadata or {})
    viewer.layers.insert(len(viewer.layers) if index is None else index, layer)
    return layer
