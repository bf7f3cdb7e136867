"""Drawn regions as outlines on the canvas, and outlines as regions again.

Outlines of one name are one region. An outline inside another of the same name cuts a hole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.regions import Region, RegionKind
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.frames import row_col
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.views import TissueView

LAYER = "Regions"
"""Name of the layer."""

PALETTE = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
"""Colours of new regions, one after the other."""

FILL = (1.0, 1.0, 1.0, 0.15)
"""The inside of a region is its colour times this: the tissue shines through."""


def regions_layer(regions: Sequence[Region], view: TissueView | None) -> LayerData:
    """One layer of shapes with all that is drawn.

    Parameters
    ----------
    regions : sequence of Region
        In world coordinates.
    view : TissueView or None
        Tissue on the screen.
    """
    rings = [(r, ring) for r in regions for polygon in r.polygons for ring in polygon]
    kinds = ["path" if r.kind is RegionKind.PATH else "polygon" for r, _ in rings]
    colours = np.array([rgba_of(r.colour) for r, _ in rings], dtype=np.float64).reshape(-1, 4)
    arguments: dict[str, Any] = {
        "name": LAYER,
        "metadata": mark(Role.REGIONS),
        "features": {"region": np.array([r.name for r, _ in rings], dtype=object)},
        "feature_defaults": {"region": ""},
        "edge_width": _width(view),
        "ndim": 2,
        **({} if view is None else world_units(view.unit)),
    }
    if rings:
        faces = colours * FILL
        arguments |= {"shape_type": kinds, "edge_color": colours, "face_color": faces}
    return [row_col(ring) for _, ring in rings], arguments, "shapes"


def regions_of(
    shapes: Sequence[NDArray[np.floating]],
    kinds: Sequence[str],
    names: Sequence[str],
    known: Sequence[Region],
) -> tuple[Region, ...]:
    """Regions that a layer of shapes shows.

    Parameters
    ----------
    shapes : sequence of ndarray, each (n, 2)
        World coordinates, row and column.
    kinds : sequence of str
        napari's shape types.
    names : sequence of str
        Name of every shape; empty for one that was just drawn, which gets a new name.
    known : sequence of Region
        What was drawn before: classes and colours are kept by name.

    Returns
    -------
    tuple of Region
        Shapes with too few points are left out.
    """
    before = {region.name: region for region in known}
    taken = {name for name in names if name}
    rings: dict[tuple[str, RegionKind], list[NDArray[np.float64]]] = {}
    for shape, word, given in zip(shapes, kinds, names, strict=True):
        kind = RegionKind.PATH if word in {"path", "line"} else RegionKind.AREA
        points = _corners(row_col(np.asarray(shape)[:, -2:]), word)
        if len(np.unique(points, axis=0)) < (3 if kind is RegionKind.AREA else 2):
            continue
        name = given or new_name(kind, taken)
        taken.add(name)
        rings.setdefault((name, kind), []).append(points)
    found = []
    for number, ((name, kind), drawn) in enumerate(rings.items()):
        old = before.get(name)
        colour = PALETTE[number % len(PALETTE)] if old is None else old.colour
        label = "" if old is None else old.label
        parts = drawn[-1:] if kind is RegionKind.PATH else drawn
        found.append(
            Region(name=name, polygons=(tuple(parts),), kind=kind, colour=colour, label=label)
        )
    return tuple(found)


def new_name(kind: RegionKind, taken: set[str]) -> str:
    """Give the next free name, such as ``region 3``."""
    word = "path" if kind is RegionKind.PATH else "region"
    number = 1
    while f"{word} {number}" in taken:
        number += 1
    return f"{word} {number}"


def _corners(points: NDArray[np.float64], word: str) -> NDArray[np.float64]:
    """Outline of a shape; an ellipse is given by the corners of its box."""
    if word != "ellipse":
        return points
    centre, across, down = points.mean(axis=0), points[1] - points[0], points[2] - points[1]
    angle = np.linspace(0, 2 * np.pi, 49)[:-1, None]
    return np.asarray(centre + np.cos(angle) * across / 2 + np.sin(angle) * down / 2)


def _width(view: TissueView | None) -> float:
    """Width of outlines in world units: a thin line whatever the zoom may be."""
    if view is None or view.spots is None or len(view.spots.xy) < 2:
        return 1.0
    return float(np.ptp(view.spots.xy, axis=0).max()) / 250
