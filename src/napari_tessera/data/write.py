"""Runs in a store: written, listed, read back, deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.contract.results import Composition, Placement, Provenance, Run, RunResult
from napari_tessera.data.commit import commit_elements
from napari_tessera.data.elements import UNS, run_elements
from napari_tessera.data.read import open_tissue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray
    from spatialdata import SpatialData

CELL_TABLE, SPOT_TABLE = "_cell_table", "_spot_table"


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run in a list."""

    name: str
    method: str
    created: str
    n_cells: int
    n_spots: int
    scores: Mapping[str, float]
    baseline: Mapping[str, Any]
    answers: tuple[str, ...]


def write_run(target: Path | SpatialData, run: Run) -> None:
    """Write a run as new elements; `docs/format.md` says which.

    Parameters
    ----------
    target : Path or SpatialData
        Store, or an object: it gets the elements, and so does its store if it has one.
    run : Run
        The run.

    Raises
    ------
    StoreError
        If the run is there already, or the store cannot be written; it is as it was.
    """
    if isinstance(target, Path | str):
        store = Path(target)
        commit_elements(store, run_elements(open_tissue(store).sdata, run))
        return
    elements = run_elements(target, run)
    for place in elements:
        if place.split("/")[1] in target:
            msg = f"{place}: expected a new element, found that it exists."
            raise StoreError(msg, "Existing elements are never overwritten: delete the run first.")
    if target.path is not None:
        commit_elements(Path(target.path), elements)
    for place, element in elements.items():
        target[place.split("/")[1]] = element


def list_runs(target: Path | SpatialData) -> tuple[RunSummary, ...]:
    """List the runs of a store, newest first."""
    tables = _tables(target)
    names = dict.fromkeys(n for n in map(_run_of, tables) if n)
    found = [_summary(name, _parts(tables, name)) for name in names]
    return tuple(sorted(found, key=lambda s: s.created, reverse=True))


def read_run(target: Path | SpatialData, name: str) -> Run:
    """Read a run back from the store alone.

    Parameters
    ----------
    target : Path or SpatialData
        Where it is.
    name : str
        Its name.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    """
    cells, spots = _found(target, name)
    record, history = _record(cells if cells is not None else spots)
    unit = str(record.pop("unit", ""))
    provenance = Provenance.from_json({**record, "history": history})
    result = RunResult(
        placement=None if cells is None else _placement(cells, unit),
        composition=None if spots is None else _composition(spots),
    )
    return Run(name=name, result=result, provenance=provenance)


def delete_run(target: Path | SpatialData, name: str) -> None:
    """Take a run's elements out of the store; nothing else is touched.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    StoreError
        If the store cannot be written.
    """
    cells, spots = _found(target, name)
    places = [f"tables/{name}{SPOT_TABLE}"] if spots is not None else []
    if cells is not None:
        places += [f"tables/{name}{CELL_TABLE}", f"shapes/{name}_cells"]
    store = Path(target) if isinstance(target, Path | str) else target.path
    if store is not None:
        commit_elements(Path(store), {}, remove=places)
    if not isinstance(target, Path | str):
        for place in places:
            if place.split("/")[1] in target:
                del target[place.split("/")[1]]


def _tables(target: Path | SpatialData) -> Mapping[str, AnnData]:
    """Tables of a store or an object."""
    sdata = open_tissue(target).sdata if isinstance(target, Path | str) else target
    return sdata.tables  # type: ignore[no-any-return]


def _run_of(table: str) -> str | None:
    """Name of the run that a table belongs to."""
    for ending in (CELL_TABLE, SPOT_TABLE):
        if table.endswith(ending):
            return table.removesuffix(ending)
    return None


def _parts(tables: Mapping[str, AnnData], name: str) -> tuple[AnnData | None, AnnData | None]:
    """Tables of a run: cells and spots."""
    return tables.get(f"{name}{CELL_TABLE}"), tables.get(f"{name}{SPOT_TABLE}")


def _found(target: Path | SpatialData, name: str) -> tuple[AnnData | None, AnnData | None]:
    """Tables of a run that must be there."""
    tables = _tables(target)
    parts = _parts(tables, name)
    if all(part is None for part in parts):
        there = ", ".join(dict.fromkeys(n for n in map(_run_of, tables) if n)) or "none"
        msg = f"Run {name}: expected one of the runs of this store, found none of that name."
        raise RunNotFoundError(msg, f"There are: {there}.")
    return parts


def _record(table: AnnData | None) -> tuple[dict[str, Any], dict[str, tuple[float, ...]]]:
    """Provenance and history of a table of ours."""
    kept = {} if table is None else table.uns[UNS]
    record = json.loads(str(kept["provenance"]))
    record.pop("run", None)
    history = {k: tuple(np.asarray(v).tolist()) for k, v in kept.get("history", {}).items()}
    return record, history


def _summary(name: str, parts: tuple[AnnData | None, AnnData | None]) -> RunSummary:
    """Row of the list."""
    cells, spots = parts
    record, _ = _record(cells if cells is not None else spots)
    answers = [a for a, t in (("placement", cells), ("composition", spots)) if t is not None]
    return RunSummary(
        name=name,
        method=record["method"],
        created=record.get("created", ""),
        n_cells=0 if cells is None else cells.n_obs,
        n_spots=0 if spots is None else spots.n_obs,
        scores=record["scores"],
        baseline=record["baseline"],
        answers=tuple(answers),
    )


def _placement(table: AnnData, unit: str) -> Placement:
    """Read the cells' table back."""
    spot_names = _text(table.uns["spot_names"])
    place = {name: i for i, name in enumerate(spot_names.tolist())}
    modal = [place[str(n)] for n in table.obs["modal_spot"]]
    types = table.obs.get("cell_type")
    return Placement(
        cell_names=np.asarray(table.obs_names, dtype=np.str_),
        cell_types=None if types is None else np.asarray(types.astype(str), dtype=np.str_),
        spot_names=spot_names,
        xy=np.asarray(table.obsm["spatial"], dtype=np.float64),
        mean_xy=np.asarray(table.obsm["mean_xy"], dtype=np.float64),
        covariance=np.asarray(table.obsm["covariance"], dtype=np.float32).reshape(-1, 2, 2),
        entropy=table.obs["entropy"].to_numpy(np.float32),
        confidence=table.obs["confidence"].to_numpy(np.float32),
        modal_spot=np.asarray(modal, dtype=np.int64),
        map=sparse.csr_matrix(table.obsm["map"], dtype=np.float32),
        map_residual=table.obs["map_residual"].to_numpy(np.float32),
        neighbours=_optional(table, "neighbours", np.int64),
        embedding=_optional(table, "embedding", np.float32),
        unit=unit,
    )


def _composition(table: AnnData) -> Composition:
    """Read the spots' table back."""
    return Composition(
        spot_names=np.asarray(table.obs_names, dtype=np.str_),
        types=_text(table.uns["composition_names"]),
        values=np.asarray(table.obsm["composition"], dtype=np.float32),
        entropy=table.obs["map_entropy"].to_numpy(np.float32),
        embedding=_optional(table, "embedding", np.float32),
    )


def _text(names: Any) -> NDArray[np.str_]:  # noqa: ANN401 - zarr gives strings of its own kind
    """Turn strings into numpy's own."""
    return np.asarray([str(name) for name in names], dtype=np.str_)


def _optional(table: AnnData, key: str, kind: type) -> Any:  # noqa: ANN401 - array or None
    """Entry of obsm, or None."""
    return np.asarray(table.obsm[key], dtype=kind) if key in table.obsm else None
