"""Ranked genes in the store: ``tables["<run>_genes_<n>"]``, one row per gene."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.data.commit import commit_elements, recover
from napari_tessera.data.keys import FORMAT_VERSION, UNS
from napari_tessera.data.listing import ROOT, listed, listed_attributes
from napari_tessera.data.manifest import check_files

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

_NAME = re.compile(r"^(?P<run>.+)_genes_(?P<number>\d+)$")


def ranking_names(target: Path | SpatialData, run: str | None = None) -> tuple[str, ...]:
    """Names of the rankings in a store, by run and number.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    run : str, optional
        Of this run only.
    """
    if isinstance(target, Path | str):
        store = Path(target)
        if not (store / ROOT).is_file():
            return ()
        recover(store)
        places = [p for p in listed(store) if p.startswith("tables/")]
        tables = [p.partition("/")[2] for p in places if (store / p / "uns" / UNS).is_dir()]
    else:
        tables = [name for name, table in target.tables.items() if UNS in table.uns]
    split = [(m["run"], int(m["number"]), t) for t in tables if (m := _NAME.match(t)) is not None]
    return tuple(name for of, _, name in sorted(split) if run is None or of == run)


def write_ranking(target: Path | SpatialData, ranking: GeneRanking) -> str:
    """Add a ranking as a new table.

    Parameters
    ----------
    target : Path or SpatialData
        A store; or an object, which gets the table, as does its store if it has one.
    ranking : GeneRanking
        Its contrast names the run.

    Returns
    -------
    str
        Name of the table.

    Raises
    ------
    StoreError
        If the store cannot be written; it is as it was.
    """
    run = ranking.contrast.run
    names = ranking_names(target, run)
    taken = [int(m["number"]) for n in names if (m := _NAME.match(n)) is not None]
    name = f"{run}_genes_{max(taken, default=0) + 1}"
    path = target if isinstance(target, Path | str) else target.path
    if path is not None:
        commit_elements(Path(path), {f"tables/{name}": _table(ranking)})
    if not isinstance(target, Path | str):
        target[name] = _table(ranking)
    return name


def read_ranking(target: Path | SpatialData, name: str) -> GeneRanking:
    """Read a ranking back.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    name : str
        Such as ``stem_1a2b3c4d_genes_1``.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    StoreError
        If what was written is damaged.
    """
    import anndata

    there = ranking_names(target)
    if name not in there:
        msg = (
            f"Ranking {name}: expected one of the rankings of this store, found none of that name."
        )
        raise RunNotFoundError(msg, f"There are: {', '.join(there) or 'none'}.")
    if isinstance(target, Path | str):
        place = Path(target) / "tables" / name
        check_files(place, listed_attributes(Path(target), f"tables/{name}"))
        return _ranking(anndata.read_zarr(place), name)
    return _ranking(target.tables[name], name)


def delete_ranking(target: Path | SpatialData, name: str) -> None:
    """Take a ranking out of a store.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    StoreError
        If the store cannot be written; it is as it was.
    """
    read_ranking(target, name)
    path = target if isinstance(target, Path | str) else target.path
    if path is not None:
        commit_elements(Path(path), {}, remove=[f"tables/{name}"])
    if not isinstance(target, Path | str):
        del target[name]


def labelled_tables(sdata: SpatialData, column: str) -> tuple[AnnData, ...]:
    """Tables with a column of labels: those of others first, then those of runs, newest first.

    Parameters
    ----------
    sdata : SpatialData
        Open tissue.
    column : str
        Column of ``obs``.
    """
    found = [table for table in sdata.tables.values() if column in table.obs]
    return tuple(sorted(found, key=_age))


def _age(table: AnnData) -> tuple[bool, float]:
    """Order tables: without provenance first, then by the time of their run, newest first."""
    if UNS not in table.uns:
        return False, 0.0
    created = json.loads(str(table.uns[UNS]["provenance"])).get("created", "")
    try:
        return True, -dt.datetime.fromisoformat(created).timestamp()
    except ValueError:
        return True, 0.0


def _table(ranking: GeneRanking) -> AnnData:
    """One row per gene; what was compared stands in ``uns``."""
    import anndata
    import pandas as pd
    from spatialdata.models import TableModel

    index = pd.Index(ranking.gene_names.astype(object), name="gene")
    table = anndata.AnnData(obs=pd.DataFrame(ranking.columns(), index=index))
    record = {
        "format": FORMAT_VERSION,
        "contrast": ranking.contrast.to_json(),
        "warnings": list(ranking.warnings),
        "versions": dict(ranking.versions),
        "created": ranking.created,
    }
    table.uns[UNS] = {"provenance": json.dumps(record)}
    return TableModel.parse(table)


def _ranking(table: AnnData, name: str) -> GeneRanking:
    """Inverse of `_table`."""
    try:
        record: dict[str, Any] = json.loads(str(table.uns[UNS]["provenance"]))
        frame = table.obs.sort_values("rank", kind="stable")
        return GeneRanking(
            gene_names=np.asarray(frame.index, dtype=np.str_),
            values={str(c): frame[c].to_numpy() for c in frame.columns if c != "rank"},
            contrast=Contrast.from_json(record["contrast"]),
            warnings=tuple(record["warnings"]),
            versions=record["versions"],
            created=record["created"],
        )
    except (KeyError, TypeError, ValueError) as error:
        msg = f"Ranking {name}: expected a result that can be read, found {error!r}."
        raise StoreError(msg, "Delete it and explain again, or restore the store.") from error
