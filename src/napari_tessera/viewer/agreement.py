"""A comparison as layers: one side, the other side, and where they agree, each over the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import categories, limits_of, value_rgba
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.spots import spots_layer
from napari_tessera.viewer.tissue import tissue_layers

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from napari_tessera.contract.agreement import Agreement
    from napari_tessera.contract.views import TissueView

BROAD = 0.9
"""Size of a dot, in distances of neighbours: three views beside each other are small."""

FAINT = 0.5
"""Opacity of the picture behind the dots."""


def agreement_layers(agreement: Agreement, view: TissueView) -> list[LayerData]:
    """Layers from the bottom up, as many for each of the three views; the first side comes first.

    The lowest layers are the first view of napari's grid.

    Parameters
    ----------
    agreement : Agreement
        Two sides and how far they agree.
    view : TissueView
        Tissue on the screen.
    """
    if view.spots is None:
        return []
    made = tissue_layers(view)
    pictures = [each for each in made if each[2] == "image" and each[1]["visible"]]
    first, second = agreement.titles
    found: list[LayerData] = []
    for title, rgba in (
        (first, _colours(agreement.first, agreement)),
        (second, _colours(agreement.second, agreement)),
        ("agreement", value_rgba(agreement.values, (0.0, 1.0))),
    ):
        found += [_again(picture, title) for picture in pictures]
        found.append(_spots(agreement, view, title, rgba))
    return found


def _colours(side: NDArray[Any], agreement: Agreement) -> NDArray[np.float32]:
    """Colours of labels, from one palette for both sides, or of values."""
    if agreement.names:
        return categories(side, agreement.names).rgba()
    return value_rgba(side, limits_of(side))


def _spots(
    agreement: Agreement, view: TissueView, title: str, rgba: NDArray[np.float32]
) -> LayerData:
    """Spots in these colours; those of which neither side speaks are clear."""
    if view.spots is None:
        raise ValueError(title)
    rows = view.spots.rows_in(agreement.spot_names)
    clear = np.concatenate([rgba, np.zeros((1, 4), np.float32)])
    data, arguments, kind = spots_layer(view.spots, clear[rows])
    arguments |= {
        "name": title, "metadata": mark(Role.AGREEMENT, detail=title), **world_units(view.unit)
    }  # fmt: skip
    arguments["opacity"] = 1.0
    if kind == "points":
        arguments["size"] = BROAD * view.spots.pitch
    if kind != "labels":
        words = [np.append(side.astype(object), "")[rows] for side in _told(agreement)]
        arguments["features"] = dict(
            zip(("spot", "first", "second", "agreement"), (view.spots.names, *words), strict=True)
        )
    return data, arguments, kind


def _told(agreement: Agreement) -> tuple[NDArray[Any], ...]:
    """Columns that the mouse tells."""
    return agreement.first, agreement.second, np.round(agreement.values, 3)


def _again(made: LayerData, title: str) -> LayerData:
    """Let a picture be drawn once more; its pixels are shared."""
    data, arguments, kind = made
    name = f"{arguments['name']} ({title})"
    more = {"name": name, "metadata": mark(Role.AGREEMENT, detail=name), "opacity": FAINT}
    return data, {**arguments, **more}, kind
