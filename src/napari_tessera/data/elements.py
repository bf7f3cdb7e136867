"""A run as SpatialData elements: the writing half of ``docs/format.md``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import StoreError
from napari_tessera.data.geometry import affine_of, move, own_centres, systems_of
from napari_tessera.data.keys import CELL_TABLE, CELLS, FORMAT_VERSION, SPOT_TABLE, UNS
from napari_tessera.data.spot_table import categorical, fill_table, recolour, spot_names_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray
    from spatialdata import SpatialData

    from napari_tessera.contract.results import Placement, Run

CELL_RADIUS = 0.1
"""Radius of a placed cell's circle, in distances of neighbouring spots."""

REGION_KEY, CELL_ID, SPOT_ID = "region", "cell_id", "spot_id"


def run_elements(sdata: SpatialData, run: Run) -> dict[str, Any]:
    """Elements of a run by place; all of them are new.

    Parameters
    ----------
    sdata : SpatialData
        The tissue that the run was fitted to.
    run : Run
        The run.

    Raises
    ------
    StoreError
        If the tissue does not have the table, the element or the spots that the run speaks of.
    """
    elements: dict[str, Any] = {}
    _, region = _source(sdata, run)
    if run.result.placement is not None:
        elements[f"shapes/{run.name}{CELLS}"] = _circles(sdata[region], run, run.result.placement)
    tables = run_tables(sdata, run)
    return elements | {f"tables/{name}": table for name, table in tables.items()}


def run_tables(sdata: SpatialData, run: Run) -> dict[str, AnnData]:
    """Tables of a run by name: that of its cells, and that of its spots.

    Parameters
    ----------
    sdata : SpatialData
        The tissue that the run was fitted to.
    run : Run
        The run.

    Raises
    ------
    StoreError
        If the tissue does not have the table, the element or the spots that the run speaks of.
    """
    tables: dict[str, AnnData] = {}
    source, region = _source(sdata, run)
    if run.result.placement is not None:
        tables[f"{run.name}{CELL_TABLE}"] = _cells(run, run.result.placement, _types(run))
    spot_names = spot_names_of(run.result)
    if spot_names is not None:
        tables[f"{run.name}{SPOT_TABLE}"] = _spots(source, region, run, spot_names)
    return tables


def _source(sdata: SpatialData, run: Run) -> tuple[AnnData, str]:
    """Table of the spots, and the element that it annotates."""
    selection = run.provenance.origin.selection
    names = [selection.table] if selection.table is not None else list(sdata.tables)[:1]
    if not names or names[0] not in sdata.tables:
        there = ", ".join(sdata.tables) or "none"
        msg = f"Run {run.name}: expected a table {selection.table} in the tissue, found {there}."
        raise StoreError(msg, "Write it to the tissue that it was fitted to.")
    table = sdata.tables[names[0]]
    regions = table.uns.get("spatialdata_attrs", {}).get("region")
    region = selection.region or (
        regions if isinstance(regions, str) else str((regions or [""])[0])
    )
    if region not in sdata:
        msg = f"Run {run.name}: expected an element {region!r} in the tissue, found none."
        raise StoreError(msg, "Write it to the tissue that it was fitted to.")
    return table, region


def _types(run: Run) -> NDArray[np.str_]:
    """All cell types of a run, sorted: both tables have the same categories and colours."""
    placement, composition = run.result.placement, run.result.composition
    found = [np.empty(0, dtype=np.str_)]
    if placement is not None and placement.cell_types is not None:
        found.append(placement.cell_types)
    if composition is not None:
        found.append(composition.types)
    return np.unique(np.concatenate(found))


def _circles(element: Any, run: Run, placement: Placement) -> Any:  # noqa: ANN401 - elements
    """Circles in the coordinates of the spots' element, moved by its own transformations."""
    from spatialdata.models import ShapesModel
    from spatialdata.transformations import get_transformation

    system = run.provenance.origin.selection.coordinate_system
    systems = systems_of(element)
    if system is None and len(systems) == 1:
        system = systems[0]
    if system not in systems:
        there = ", ".join(systems)
        msg = f"Run {run.name}: expected spots in coordinate system {system!r}, found {there}."
        raise StoreError(msg, "Write it to the tissue that it was fitted to.")
    own = move(np.asarray(np.linalg.inv(affine_of(element, system))), placement.xy)
    return ShapesModel.parse(
        own,
        geometry=0,
        radius=CELL_RADIUS * _spacing(own_centres(element)[1]),
        index=np.arange(len(own)),
        transformations=get_transformation(element, get_all=True),
    )


def _spacing(centres: NDArray[np.float64]) -> float:
    """Typical distance of neighbouring spots in their own coordinates; 1 for a single spot."""
    from scipy.spatial import cKDTree

    distinct = np.unique(centres, axis=0)
    if len(distinct) < 2:
        return 1.0
    nearest = np.asarray(cKDTree(distinct).query(distinct, k=2)[0])[:, 1]
    return float(np.median(nearest))


def _cells(run: Run, placement: Placement, types: NDArray[np.str_]) -> AnnData:
    """Table that annotates the circles."""
    import anndata
    import pandas as pd
    from spatialdata.models import TableModel

    circles = f"{run.name}{CELLS}"
    spot_names = placement.spot_names.astype(object)
    obs = pd.DataFrame(
        {
            "confidence": placement.confidence.astype(np.float32),
            "entropy": placement.entropy.astype(np.float32),
            "modal_spot": pd.Categorical.from_codes(placement.modal_spot, pd.Index(spot_names)),
            "map_residual": placement.map_residual.astype(np.float32),
            REGION_KEY: pd.Categorical([circles] * len(placement.cell_names)),
            CELL_ID: np.arange(len(placement.cell_names)),
        },
        index=pd.Index(placement.cell_names.astype(object), name="cell"),
    )
    table = anndata.AnnData(obs=obs)
    table.uns[UNS] = _provenance(run, placement.unit)
    table.uns["spot_names"] = spot_names
    if placement.cell_types is not None:
        categorical(table, "cell_type", placement.cell_types, types)
        recolour(table, "cell_type", run.colours)
    table.obsm["spatial"] = placement.xy.astype(np.float64)
    table.obsm["spatial_mean"] = placement.mean_xy.astype(np.float64)
    table.obsm["spatial_covariance"] = placement.covariance.reshape(-1, 4).astype(np.float32)
    variance = np.diagonal(placement.covariance, axis1=1, axis2=2)
    table.obsm["spatial_sd"] = np.sqrt(np.maximum(variance, 0)).astype(np.float32)
    table.obsm["map"] = placement.map
    if placement.modes is not None:
        table.obsm["modes"] = placement.modes.reshape(-1, 4)
    for key in ("embedding", "neighbours", "mode_mass"):
        if getattr(placement, key) is not None:
            table.obsm[key] = getattr(placement, key)
    for key in ("radius", "absence"):
        if getattr(placement, key) is not None:
            table.obs[key] = getattr(placement, key)
    return TableModel.parse(table, region=circles, region_key=REGION_KEY, instance_key=CELL_ID)


def _spots(source: AnnData, region: str, run: Run, spot_names: NDArray[np.str_]) -> AnnData:
    """Table that annotates the same element as the spots' own table."""
    import pandas as pd
    from spatialdata.models import TableModel

    obs = pd.DataFrame(
        {
            REGION_KEY: pd.Categorical([region] * len(spot_names)),
            SPOT_ID: _instances(source, region, run, spot_names),
        },
        index=pd.Index(spot_names.astype(object), name="spot"),
    )
    table = fill_table(obs, run.result, _types(run), run.colours)
    table.uns[UNS] = _provenance(run, "")
    return TableModel.parse(table, region=region, region_key=REGION_KEY, instance_key=SPOT_ID)


def _instances(source: AnnData, region: str, run: Run, names: NDArray[np.str_]) -> NDArray[Any]:
    """Ids of the spots in their element, found by name in the spots' own table."""
    keys = source.uns["spatialdata_attrs"]
    of_region = (source.obs[keys["region_key"]].astype(str) == region).to_numpy()
    ids = source.obs[keys["instance_key"]].to_numpy()[of_region]
    row_of = {str(name): i for i, name in enumerate(source.obs_names[of_region])}
    rows = [row_of.get(name, -1) for name in names.tolist()]
    if -1 in rows:
        name = str(names[rows.index(-1)])
        msg = f"Run {run.name}: expected its {len(rows)} spots in the tissue, found no {name!r}."
        raise StoreError(msg, "Write it to the tissue that it was fitted to.")
    return np.asarray(ids[rows])


def _provenance(run: Run, unit: str) -> dict[str, Any]:
    """Provenance as one JSON string; the loss history as plain arrays.

    Names of terms stand in an array of their own: a name may hold a slash, a zarr key may not.
    """
    record = run.provenance.to_json()
    history = record.pop("history")
    record |= {"format": FORMAT_VERSION, "run": run.name, "unit": unit}
    lengths = [len(values) for values in history.values()]
    table = np.full((len(history), max(lengths, default=0)), np.nan)
    for row, values in zip(table, history.values(), strict=True):
        row[: len(values)] = values
    return {
        "provenance": json.dumps(record),
        "history": table,
        "history_names": np.array(list(history), dtype=object),
        "history_lengths": np.array(lengths, dtype=np.int64),
    }
