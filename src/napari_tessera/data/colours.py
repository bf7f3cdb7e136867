"""Colours of types and domains that a person has chosen, in the tables of a run.

They stand where scanpy keeps colours, ``uns["<key>_colors"]``; a colour that is not the palette's
own was chosen. Tables of others are never written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError, RunNotFoundError
from napari_tessera.contract.palette import is_colour
from napari_tessera.data.commit import commit_elements
from napari_tessera.data.runs import run_names, run_places
from napari_tessera.data.spot_table import COLOURED, chosen_colours, colours_in, recolour, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from spatialdata import SpatialData


def read_colours(target: Path | SpatialData, run: str) -> dict[str, str]:
    """Read the colours that a person chose for a run; nothing else of its tables is read.

    Parameters
    ----------
    target : Path or SpatialData
        Store or object.
    run : str
        Name of the run; one that is not there has none.

    Returns
    -------
    dict of str to str
        ``#rrggbb`` by name of the type or domain.
    """
    found: dict[str, str] = {}
    for place in _tables(target, run):
        if isinstance(target, Path | str):
            found |= _colours_on_disk(Path(target) / place)
        else:
            found |= colours_in(target.tables[place.partition("/")[2]])
    return found


def write_colours(target: Path | SpatialData, run: str, colours: Mapping[str, str]) -> None:
    """Keep the colours that a person chose for a run, in place of those chosen before.

    Parameters
    ----------
    target : Path or SpatialData
        A store; or an object, which is changed, as is its store if it has one.
    run : str
        Name of the run.
    colours : mapping of str to str
        ``#rrggbb`` by name of the type or domain; what is left out has the palette's colour.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    InputError
        If a name or a colour is none; nothing was written.
    StoreError
        If the store cannot be written; it is as it was.
    """
    from napari_tessera.data.read import open_tissue

    if run not in run_names(target):
        there = ", ".join(run_names(target)) or "none"
        msg = f"Run {run}: expected one of the runs of this store, found none of that name."
        raise RunNotFoundError(msg, f"There are: {there}.")
    sdata = open_tissue(target).sdata
    names = [place.partition("/")[2] for place in _tables(target, run)]
    fresh = {name: sdata.tables[name].copy() for name in names}
    _check(run, list(fresh.values()), colours)
    changed = {name: table for name, table in fresh.items() if _recolour_all(table, colours)}
    path = Path(target) if isinstance(target, Path | str) else sdata.path
    if path is not None and changed:
        places = {f"tables/{name}": table for name, table in changed.items()}
        commit_elements(Path(path), places, remove=list(places))
    if not isinstance(target, Path | str):
        for name, table in changed.items():
            target.tables[name].uns.update(table.uns)


def _check(run: str, tables: list[AnnData], colours: Mapping[str, str]) -> None:
    """Refuse names that a run does not know, and what is no colour."""
    frames = [table.obs[key] for table in tables for key in COLOURED if key in table.obs]
    known = {str(name) for column in frames for name in column.cat.categories}
    unknown = sorted(set(colours) - known)
    if unknown:
        msg = f"Run {run}: expected its types or domains, found {', '.join(unknown)}."
        raise InputError(msg, f"There are: {', '.join(sorted(known)) or 'none'}.")
    wrong = sorted(colour for colour in colours.values() if not is_colour(colour))
    if wrong:
        msg = f"Run {run}: expected colours such as #1f77b4, found {', '.join(wrong)}."
        raise InputError(msg, "Write red, green and blue as two hexadecimal digits each.")


def _recolour_all(table: AnnData, colours: Mapping[str, str]) -> bool:
    """Give a table its colours; whether that changed anything."""
    changed = False
    for key in COLOURED:
        if key in table.obs:
            before = text(table.uns.get(f"{key}_colors", ())).tolist()
            recolour(table, key, colours)
            changed |= before != table.uns[f"{key}_colors"].tolist()
    return changed


def _tables(target: Path | SpatialData, run: str) -> tuple[str, ...]:
    return tuple(place for place in run_places(target, run) if place.startswith("tables/"))


def _colours_on_disk(table: Path) -> dict[str, str]:
    """Colours of a table, of which only names and colours are read."""
    import zarr
    from anndata.io import read_elem

    group = zarr.open_group(str(table), mode="r")
    found: dict[str, str] = {}
    for key in COLOURED:
        names, colours = f"obs/{key}/categories", f"uns/{key}_colors"
        if names in group and colours in group:
            found |= chosen_colours(
                text(read_elem(group[names])).tolist(), read_elem(group[colours])
            )
    return found
