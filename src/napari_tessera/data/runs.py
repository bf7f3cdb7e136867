"""Runs of a store: listed, and read back from the store alone; the reading half of the format."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.contract.results import Placement, Provenance, Run, RunResult
from napari_tessera.data.commit import recover
from napari_tessera.data.keys import CELL_TABLE, CELLS, SPOT_TABLE, UNS, run_of_table
from napari_tessera.data.listing import ROOT, listed, listed_attributes
from napari_tessera.data.manifest import check_files
from napari_tessera.data.read import open_tissue
from napari_tessera.data.spot_table import colours_in, read_answers, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray
    from spatialdata import SpatialData

_LOG = logging.getLogger(__name__)
_ScalarT = TypeVar("_ScalarT", bound=np.generic)


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run in a list.

    Parameters
    ----------
    name, method : str
        The run and its method.
    created : str
        When it ended, as ISO 8601.
    n_cells, n_spots : int
        Sizes of what it answers; 0 where it does not.
    scores, baseline : mapping
        Held-out scores, and those of the baseline.
    answers : tuple of str
        Fields of `RunResult` that are there.
    """

    name: str
    method: str
    created: str
    n_cells: int
    n_spots: int
    scores: Mapping[str, float]
    baseline: Mapping[str, Any]
    answers: tuple[str, ...]


def list_runs(target: Path | SpatialData) -> tuple[RunSummary, ...]:
    """List the runs of a store, newest first; a run that cannot be read is left out and logged.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.

    Raises
    ------
    InputError, StoreError
        If the store cannot be read.
    """
    found = []
    for name in run_names(target):
        try:
            found.append(_summary(name, *_parts(target, name)))
        except (StoreError, OSError, KeyError, TypeError, ValueError):
            _LOG.warning("Run %s cannot be read and is not listed.", name, exc_info=True)
    return tuple(sorted(found, key=lambda s: (s.created, s.name), reverse=True))


def read_run(target: Path | SpatialData, name: str) -> Run:
    """Read a run back; of its run directory nothing is needed.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    name : str
        Name of the run.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    StoreError
        If what was written is damaged.
    """
    there = run_names(target)
    if name not in there:
        msg = f"Run {name}: expected one of the runs of this store, found none of that name."
        raise RunNotFoundError(msg, f"There are: {', '.join(there) or 'none'}.")
    if isinstance(target, Path | str):
        for place in run_places(target, name):
            check_files(Path(target) / place, listed_attributes(Path(target), place))
    try:
        cells, spots = _parts(target, name)
        record, history = _record(cells if cells is not None else spots)
        unit = str(record.pop("unit", ""))
        result = RunResult(
            placement=None if cells is None else _placement(cells, unit),
            **({} if spots is None else read_answers(spots)),
        )
        provenance = Provenance.from_json({**record, "history": history})
        colours = {c: v for part in (cells, spots) if part for c, v in colours_in(part).items()}
    except (OSError, KeyError, TypeError, ValueError) as error:
        msg = f"Run {name}: expected a result that can be read, found {error!r}."
        raise StoreError(msg, "Delete the run and map again, or restore the store.") from error
    return Run(name=name, result=result, provenance=provenance, colours=colours)


def run_names(target: Path | SpatialData) -> tuple[str, ...]:
    """Names of the runs of a store, sorted.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    """
    if isinstance(target, Path | str):
        store = Path(target)
        if not (store / ROOT).is_file():
            return run_names(open_tissue(store).sdata)
        recover(store)
        places = [place for place in listed(store) if place.startswith("tables/")]
        tables = [p.partition("/")[2] for p in places if (store / p / "uns" / UNS).is_dir()]
    else:
        tables = [name for name, table in target.tables.items() if UNS in table.uns]
    return tuple(sorted({run for table in tables if (run := run_of_table(table)) is not None}))


def run_places(target: Path | SpatialData, name: str) -> tuple[str, ...]:
    """Places of a run's elements that are there, such as ``shapes/stem_1a2b3c4d_cells``.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    name : str
        Name of the run.
    """
    wanted = (f"shapes/{name}{CELLS}", f"tables/{name}{CELL_TABLE}", f"tables/{name}{SPOT_TABLE}")
    if isinstance(target, Path | str):
        return tuple(place for place in wanted if (Path(target) / place).is_dir())
    return tuple(place for place in wanted if place.partition("/")[2] in target)


def _parts(target: Path | SpatialData, name: str) -> tuple[AnnData | None, AnnData | None]:
    """Tables of a run: cells and spots; those of others are not read."""
    import anndata

    places = run_places(target, name)

    def table(ending: str) -> AnnData | None:
        place = f"tables/{name}{ending}"
        if place not in places:
            return None
        if isinstance(target, Path | str):
            return anndata.read_zarr(Path(target) / place)
        return target.tables[f"{name}{ending}"]

    return table(CELL_TABLE), table(SPOT_TABLE)


def _record(table: AnnData | None) -> tuple[dict[str, Any], dict[str, tuple[float, ...]]]:
    """Provenance and history of a table of ours; keys of the format itself are taken off."""
    kept = {} if table is None else table.uns[UNS]
    record = json.loads(str(kept["provenance"]))
    for key in ("run", "format"):
        record.pop(key, None)
    rows = zip(text(kept["history_names"]), kept["history_lengths"], kept["history"], strict=True)
    history = {str(term): tuple(values[: int(n)].tolist()) for term, n, values in rows}
    return record, history


def _summary(name: str, cells: AnnData | None, spots: AnnData | None) -> RunSummary:
    """Row of the list."""
    record, _ = _record(cells if cells is not None else spots)
    answers = ["placement"] if cells is not None else []
    answers += [] if spots is None else list(read_answers(spots))
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
    spot_names = text(table.uns["spot_names"])
    place = {name: i for i, name in enumerate(spot_names.tolist())}
    modal = table.obs["modal_spot"].astype("category").cat
    position = np.array([place[str(n)] for n in modal.categories], dtype=np.int64)
    types = table.obs.get("cell_type")
    return Placement(
        cell_names=np.asarray(table.obs_names, dtype=np.str_),
        cell_types=None if types is None else np.asarray(types.astype(str), dtype=np.str_),
        spot_names=spot_names,
        xy=_array(table, "spatial", np.float64),
        mean_xy=_array(table, "spatial_mean", np.float64),
        covariance=_array(table, "spatial_covariance", np.float32).reshape(-1, 2, 2),
        entropy=table.obs["entropy"].to_numpy(np.float32),
        confidence=table.obs["confidence"].to_numpy(np.float32),
        modal_spot=position[modal.codes.to_numpy()],
        map=sparse.csr_matrix(table.obsm["map"], dtype=np.float32),
        map_residual=table.obs["map_residual"].to_numpy(np.float32),
        neighbours=_array(table, "neighbours", np.int64) if "neighbours" in table.obsm else None,
        embedding=_array(table, "embedding", np.float32) if "embedding" in table.obsm else None,
        unit=unit,
        **_calibrated(table),
    )


def _calibrated(table: AnnData) -> dict[str, Any]:
    """Read back what was calibrated, as far as the run says it."""
    found: dict[str, Any] = {}
    if "modes" in table.obsm:
        found["modes"] = _array(table, "modes", np.float64).reshape(-1, 2, 2)
        found["mode_mass"] = _array(table, "mode_mass", np.float32)
    for name in ("radius", "absence"):
        if name in table.obs:
            found[name] = table.obs[name].to_numpy(np.float32)
    return found


def _array(table: AnnData, key: str, kind: type[_ScalarT]) -> NDArray[_ScalarT]:
    """Entry of obsm."""
    return np.asarray(table.obsm[key], dtype=kind)
