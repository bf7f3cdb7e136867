"""Edges of dots: soft where they can be told, hard where a crowd of small ones is seen.

A soft edge makes every dot a pixel wider on all sides. Of a dot that is two or three pixels wide
that is most of it: without a graphics card a crowd is drawn in half the time without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.layer_data import MARK
from napari_tessera.widgets.scale_bar import camera_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

CROWD = 50_000
"""Dots from which on drawing them takes longer than a person likes to wait."""

TOLD = 6.0
"""Width of a dot in pixels at which a hard edge can be told from a soft one."""

HARD, SOFT = 0.0, 1.0


def fit_edges(viewer: Viewer) -> None:
    """Give the dots of every layer of ours the edges that fit how they are seen.

    Parameters
    ----------
    viewer : napari.Viewer
        Its layers, and how near they are. Small ones, and those of others, are left alone.
    """
    zoom = camera_of(viewer).zoom
    for layer in viewer.layers:
        if MARK in layer.metadata and hasattr(layer, "antialiasing") and len(layer.data) >= CROWD:
            wanted = SOFT if float(np.median(layer.size)) * zoom >= TOLD else HARD
            if layer.antialiasing != wanted:
                layer.antialiasing = wanted
