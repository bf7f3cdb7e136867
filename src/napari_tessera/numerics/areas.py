"""Areas of drawn regions, and back: outlines with holes to geometry and geometry to outlines."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import shapely

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import Region, RegionKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.regions import Rings


def area_of(region: Region) -> shapely.MultiPolygon:
    """Area that a region covers, by the even-odd rule within each of its polygons.

    A lasso that crosses itself leaves out what it circles twice; several polygons count together.

    Parameters
    ----------
    region : Region
        An area.

    Raises
    ------
    InputError
        If it is a path, or covers nothing.
    """
    if region.kind is not RegionKind.AREA:
        msg = f"Region {region.name}: expected an area, found a path."
        raise InputError(msg, "Choose a region that was drawn as a polygon or with the lasso.")
    parts = []
    for rings in region.polygons:
        areas = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
        parts.append(reduce(shapely.symmetric_difference, areas))
    found = shapely.union_all(parts)
    pieces = [p for p in shapely.get_parts(found).ravel() if isinstance(p, shapely.Polygon)]
    if not pieces:
        msg = f"Region {region.name}: expected an outline around some area, found none."
        raise InputError(msg, "Draw it again.")
    return shapely.MultiPolygon(pieces)


def outlines_of(area: shapely.Geometry) -> tuple[Rings, ...]:
    """Polygons of an area as arrays, each its outline and its holes, rings not closed.

    Parameters
    ----------
    area : shapely geometry
        A polygon or several.
    """
    pieces = [p for p in shapely.get_parts(area).ravel() if isinstance(p, shapely.Polygon)]
    return tuple(
        tuple(np.asarray(ring.coords, dtype=np.float64)[:-1, :2] for ring in rings)
        for rings in ((p.exterior, *p.interiors) for p in pieces)
    )


def points_inside(region: Region, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in a region; its edge belongs to it.

    Parameters
    ----------
    region : Region
        An area, in the coordinates of the points.
    xy : ndarray, shape (n, 2), float64
        Points, such as centres of spots.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    area = area_of(region)
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, xy[:, 0], xy[:, 1]), dtype=np.bool_)
