"""Metadata by which the widgets of napari-spatialdata find data behind layers that we made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.spots import shape_of_spots

if TYPE_CHECKING:
    from napari_tessera.contract.views import SpotsView, TissueView


def spots_metadata(sdata: Any, view: TissueView) -> dict[str, Any]:  # noqa: ANN401 - a SpatialData
    """Metadata of the layer of spots; empty where the view has no spots.

    Their list of elements gives a layer that has ``sdata`` the transformation and the radii of its
    element: a layer that has not one point for every circle of it goes without.

    Parameters
    ----------
    sdata : SpatialData
        The opened object; only looked into.
    view : TissueView
        What is drawn of it.
    """
    spots = view.spots
    if spots is None or spots.table not in sdata.tables:
        return {}
    found = table_metadata(sdata.tables[spots.table], spots.element)
    found["indices"], found["_n_indices"] = spots.instances.tolist(), len(spots.instances)
    if not _is_whole(sdata, spots):
        return {**found, "table_names": [spots.table]}
    others = [name for name in sdata.tables if _annotates(sdata.tables[name], spots.element)]
    found["table_names"] = [spots.table, *(name for name in others if name != spots.table)]
    return {**found, **element_metadata(sdata, spots.element, view.coordinate_system)}


def table_metadata(table: Any, element: str) -> dict[str, Any]:  # noqa: ANN401 - an AnnData
    """Metadata of a layer that shows the rows of a table; nothing is said of where they lie.

    Parameters
    ----------
    table : AnnData
        A table of a SpatialData.
    element : str
        The element whose rows are shown.
    """
    keys = table.uns["spatialdata_attrs"]
    rows = (table.obs[keys["region_key"]].astype(str) == element).to_numpy()
    shown = table if rows.all() else table[rows]
    indices = shown.obs[keys["instance_key"]].tolist()
    return {
        "adata": shown,
        "region_key": keys["region_key"],
        "instance_key": keys["instance_key"],
        "indices": indices,
        "_n_indices": len(indices),
        "_columns_df": None,
    }


def element_metadata(
    sdata: Any,  # noqa: ANN401 - a SpatialData
    name: str,
    coordinate_system: str,
) -> dict[str, Any]:
    """Metadata that every element has, pictures included.

    Parameters
    ----------
    sdata : SpatialData
        The opened object.
    name : str
        Name of the element.
    coordinate_system : str
        Coordinate system in which it is drawn.
    """
    return {
        "sdata": sdata,
        "name": name,
        "_current_cs": coordinate_system,
        "_active_in_cs": {coordinate_system},
    }


def _is_whole(sdata: Any, spots: SpotsView) -> bool:  # noqa: ANN401 - a SpatialData
    """Whether the layer has the shape of the element, and dots for all of its circles in order."""
    if shape_of_spots(spots) != "points":
        return True
    element = sdata[spots.element]
    if "radius" not in getattr(element, "columns", ()):
        return False
    return bool(np.array_equal(np.asarray(element.index), spots.instances))


def _annotates(table: Any, element: str) -> bool:  # noqa: ANN401 - an AnnData
    """Whether a table has rows for an element."""
    said = table.uns.get("spatialdata_attrs", {}).get("region", ())
    return element == said if isinstance(said, str) else element in list(said)
