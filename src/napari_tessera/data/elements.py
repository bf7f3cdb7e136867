"""A run as SpatialData elements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.palette import colours_of
from napari_tessera.data.geometry import affine_of, move, scale_of

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.results import Composition, Placement, Run

CELL_RADIUS = 0.1
"""Radius of a placed cell's circle in pitches."""

UNS = "tessera"


def run_elements(sdata: SpatialData, run: Run) -> dict[str, Any]:
    """Elements of a run by place, new ones only.

    Parameters
    ----------
    sdata : SpatialData
        The tissue that the run was fitted to.
    run : Run
        The run.
    """
    elements: dict[str, Any] = {}
    if run.result.placement is not None:
        circles, table = _cells(sdata, run, run.result.placement)
        elements[f"shapes/{run.name}_cells"] = circles
        elements[f"tables/{run.name}_cell_table"] = table
    if run.result.composition is not None:
        elements[f"tables/{run.name}_spot_table"] = _spots(sdata, run, run.result.composition)
    return elements


def _cells(sdata: SpatialData, run: Run, placement: Placement) -> tuple[Any, AnnData]:
    """Circles in the spots' own coordinates, and the table that annotates them."""
    import anndata
    import pandas as pd
    from spatialdata.models import ShapesModel, TableModel
    from spatialdata.transformations import get_transformation

    selection = run.provenance.origin.selection
    element = sdata[str(selection.region)]
    world = affine_of(element, str(selection.coordinate_system))
    own = move(np.asarray(np.linalg.inv(world)), placement.xy)
    name = f"{run.name}_cells"
    ids = np.arange(len(own))
    radius = CELL_RADIUS * _pitch(placement) / scale_of(world)
    circles = ShapesModel.parse(
        own,
        geometry=0,
        radius=radius,
        index=ids,
        transformations=get_transformation(element, get_all=True),
    )
    obs = pd.DataFrame(
        {
            "confidence": placement.confidence,
            "entropy": placement.entropy,
            "modal_spot": placement.spot_names[placement.modal_spot],
            "map_residual": placement.map_residual,
            "region": pd.Categorical([name] * len(own)),
            "cell_id": ids,
        },
        index=pd.Index(placement.cell_names.astype(object), name="cell"),
    )
    table = anndata.AnnData(obs=obs)
    table.uns[UNS] = _provenance(run, placement.unit)
    table.uns["spot_names"] = placement.spot_names.astype(object)
    if placement.cell_types is not None:
        _categorical(table, "cell_type", placement.cell_types)
    table.obsm["spatial"] = placement.xy
    table.obsm["mean_xy"] = placement.mean_xy
    table.obsm["covariance"] = placement.covariance.reshape(-1, 4)
    table.obsm["spatial_sd"] = np.sqrt(np.diagonal(placement.covariance, axis1=1, axis2=2))
    table.obsm["map"] = placement.map
    for key in ("embedding", "neighbours"):
        if getattr(placement, key) is not None:
            table.obsm[key] = getattr(placement, key)
    parsed = TableModel.parse(table, region=name, region_key="region", instance_key="cell_id")
    return circles, parsed


def _spots(sdata: SpatialData, run: Run, composition: Composition) -> AnnData:
    """Table that annotates the same element as the spots' own table."""
    import anndata
    import pandas as pd
    from spatialdata.models import TableModel

    selection = run.provenance.origin.selection
    source = sdata.tables[str(selection.table)]
    keys = source.uns["spatialdata_attrs"]
    rows = source.obs_names.get_indexer(composition.spot_names)
    instances = source.obs[keys["instance_key"]].to_numpy()[rows]
    obs = pd.DataFrame(
        {
            "map_entropy": composition.entropy,
            "region": pd.Categorical([str(selection.region)] * len(rows)),
            "spot_id": instances,
        },
        index=pd.Index(composition.spot_names.astype(object), name="spot"),
    )
    table = anndata.AnnData(obs=obs)
    _categorical(table, "dominant_type", composition.dominant_type, composition.types)
    table.obsm["composition"] = composition.values
    table.uns["composition_names"] = composition.types.astype(object)
    table.uns[UNS] = _provenance(run, "")
    if composition.embedding is not None:
        table.obsm["embedding"] = composition.embedding
    return TableModel.parse(
        table, region=str(selection.region), region_key="region", instance_key="spot_id"
    )


def _categorical(
    table: AnnData, key: str, values: np.ndarray, names: np.ndarray | None = None
) -> None:
    """Categories with their colours, as scanpy keeps them."""
    import pandas as pd

    table.obs[key] = pd.Categorical(values.astype(object))
    colours = colours_of(values if names is None else names)
    table.uns[f"{key}_colors"] = np.array(
        [colours[c] for c in table.obs[key].cat.categories], dtype=object
    )


def _pitch(placement: Placement) -> float:
    """Distance of neighbouring spots, judged by the modal spots' spread; see `_cells`."""
    from scipy.spatial import cKDTree

    modal = np.unique(np.round(placement.mean_xy, 3), axis=0)
    if len(modal) < 2:
        return 1.0
    box = np.ptp(modal, axis=0)
    spacing = float(np.sqrt(max(box.prod(), 1e-12) / max(placement.spot_names.size, 1)))
    nearest = float(np.median(np.asarray(cKDTree(modal).query(modal, k=2)[0])[:, 1]))
    return max(spacing, nearest)


def _provenance(run: Run, unit: str) -> dict[str, Any]:
    """Provenance as one JSON string, and the loss history as plain arrays."""
    record = run.provenance.to_json() | {"run": run.name, "unit": unit}
    history = record.pop("history")
    return {
        "provenance": json.dumps(record),
        "history": {k: np.asarray(v, dtype=np.float64) for k, v in history.items()},
    }
