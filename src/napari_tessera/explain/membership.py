"""Which spots lie in what was drawn, and how much of a cell's map lies there."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import shapely

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import RegionKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Placement
    from napari_tessera.numerics.map_encoder import MapEncoder


def area_of(region: Region) -> shapely.Geometry:
    """Area that a region covers, by the even-odd rule within each of its polygons.

    A lasso that crosses itself leaves out what it circles twice; several polygons count together.

    Parameters
    ----------
    region : Region
        An area.

    Raises
    ------
    InputError
        If it is a path.
    """
    if region.kind is not RegionKind.AREA:
        msg = f"Region {region.name}: expected an area, found a path."
        raise InputError(msg, "Choose a region that was drawn as a polygon or with the lasso.")
    parts = []
    for rings in region.polygons:
        areas = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
        parts.append(reduce(shapely.symmetric_difference, areas))
    return shapely.union_all(parts)


def spots_inside(region: Region, spot_xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Spots whose centre lies in a region; its edge belongs to it.

    Parameters
    ----------
    region : Region
        An area, in the coordinates of the spots.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Centres.

    Returns
    -------
    ndarray of bool, shape (n_spots,)
    """
    area = area_of(region)
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, spot_xy[:, 0], spot_xy[:, 1]), dtype=np.bool_)


def mass_inside(source: MapEncoder | Placement, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of every cell's map that lies at some spots, shape (n_cells,), float64.

    Parameters
    ----------
    source : MapEncoder or Placement
        The map: exact from an encoder; from a placement by the entries that it keeps.
    inside : ndarray of bool, shape (n_spots,)
        The spots.
    """
    if hasattr(source, "cell_map"):
        return np.clip(source.cell_map().to_cells(inside[:, None].astype(np.float64))[:, 0], 0, 1)
    return np.asarray(source.map @ inside.astype(np.float64)).ravel()
