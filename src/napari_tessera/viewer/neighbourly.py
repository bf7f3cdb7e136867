"""Metadata by which the widgets of napari-spatialdata find data behind layers that we made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_tessera.contract.views import TissueView


def spots_metadata(sdata: Any, view: TissueView) -> dict[str, Any]:  # noqa: ANN401 - a SpatialData
    """Metadata of the layer of spots; empty where the view has no spots.

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
    table = sdata.tables[spots.table]
    keys = table.uns["spatialdata_attrs"]
    rows = table.obs[keys["region_key"]].astype(str) == spots.element
    return {
        **element_metadata(sdata, spots.element, view.coordinate_system),
        "adata": table if rows.all() else table[rows.to_numpy()],
        "region_key": keys["region_key"],
        "instance_key": keys["instance_key"],
        "table_names": [spots.table],
        "indices": spots.instances.tolist(),
        "_n_indices": len(spots.instances),
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
