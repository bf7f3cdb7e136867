"""Runs go into a store and out of it; what they leave there is described in ``docs/format.md``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.data.commit import check_writable, commit_elements
from napari_tessera.data.elements import run_elements
from napari_tessera.data.genes import ranking_names
from napari_tessera.data.read import open_tissue
from napari_tessera.data.runs import RunSummary, list_runs, read_run, run_names, run_places

if TYPE_CHECKING:
    from spatialdata import SpatialData

    from napari_tessera.contract.results import Run

__all__ = ["RunSummary", "delete_run", "list_runs", "read_run", "write_run"]


def write_run(target: Path | SpatialData, run: Run) -> None:
    """Write a run as new elements.

    Parameters
    ----------
    target : Path or SpatialData
        A store; or an object, which gets the elements, as does its store if it has one.
    run : Run
        The run.

    Raises
    ------
    StoreError
        If the run is there already, does not belong to this tissue, or the store cannot be
        written; store and object are as they were.
    StoreBusyError
        If another process is writing into the store.
    """
    if isinstance(target, Path | str):
        store = Path(target)
        check_writable(store)
        commit_elements(store, run_elements(open_tissue(store).sdata, run))
        return
    elements = {place.partition("/")[2]: e for place, e in run_elements(target, run).items()}
    there = {name.lower(): name for _, name, _ in target.gen_elements()}
    for name in elements:
        if name.lower() in there:
            msg = f"Tissue: expected a new element, found that {there[name.lower()]} exists."
            raise StoreError(msg, "Nothing is overwritten: delete the run first.")
    if target.path is not None:
        commit_elements(Path(target.path), run_elements(target, run))
    for name, element in elements.items():
        target[name] = element


def delete_run(target: Path | SpatialData, name: str) -> None:
    """Take a run's elements out of a store, its ranked genes included; nothing else is touched.

    Parameters
    ----------
    target : Path or SpatialData
        A store; or an object, which loses the elements, as does its store if it has one.
    name : str
        Name of the run.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    StoreError
        If the store cannot be written; it is as it was.
    """
    if name not in run_names(target):
        there = ", ".join(run_names(target)) or "none"
        msg = f"Run {name}: expected one of the runs of this store, found none of that name."
        raise RunNotFoundError(msg, f"There are: {there}.")
    path = target if isinstance(target, Path | str) else target.path
    if path is not None:
        rankings = [f"tables/{table}" for table in ranking_names(Path(path), name)]
        commit_elements(Path(path), {}, remove=[*run_places(Path(path), name), *rankings])
    if not isinstance(target, Path | str):
        places = run_places(target, name)
        for element in (*(p.partition("/")[2] for p in places), *ranking_names(target, name)):
            del target[element]
