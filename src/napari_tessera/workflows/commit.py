"""Bring the result of a run into its store, and refuse early where that could not work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError
from napari_tessera.workflows.prepare import store_of

if TYPE_CHECKING:
    import numpy as np

    from napari_tessera.contract.inputs import PairedData, RunSpec
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.jobs.run_dir import RunDir


BESIDE = "_results.zarr"
"""Ending of the store that takes the results of one that is read-only."""


def _read_only(store: Path) -> bool:
    """Whether a store must not be written, while its folder may."""
    return store.is_dir() and not os.access(store, os.W_OK) and os.access(store.parent, os.W_OK)


def commit_run(run_dir: RunDir) -> Path:
    """Write the result that lies in a run directory as new elements into its store.

    A store that does not exist yet is made from the tissue first. A run that the store holds
    already is left as it is.

    Parameters
    ----------
    run_dir : RunDir
        Directory of a finished run.

    Returns
    -------
    Path
        The store.

    Raises
    ------
    InputError
        If the recipe names no store.
    StoreError
        If the result is missing or the store cannot be written; it is as it was.
    """
    from napari_tessera.data.convert import import_tissue
    from napari_tessera.data.write import list_runs, write_run

    spec = run_dir.spec
    run = run_dir.load_result()
    store = checked_store(spec)
    if not store.exists():
        image = Path(spec.image) if spec.image else None
        import_tissue(Path(spec.tissue), store, image=image, image_scale=spec.image_scale)
    if run.name not in {summary.name for summary in list_runs(store)}:
        write_run(store, run)
    return store


def checked_store(spec: RunSpec) -> Path:
    """Store that takes the result; one beside the tissue where that is read-only.

    Raises
    ------
    InputError
        If there is none, or what lies there is something else.
    """
    store = store_of(spec)
    if store is not None and not spec.out and _read_only(store):
        store = store.with_name(f"{store.stem}{BESIDE}")
    if store is None:
        found = spec.tissue or "a tissue in memory"
        msg = f"{found}: expected a .zarr store that takes the result, found none."
        raise InputError(msg, "Say where to write with --out OUT.zarr.")
    if store.suffix != ".zarr":
        msg = f"{store}: expected a path that ends in .zarr, found {store.suffix or 'no suffix'}."
        raise InputError(msg, "Choose a name such as OUT.zarr.")
    if store.exists() and not any((store / name).is_file() for name in ("zarr.json", ".zgroup")):
        msg = f"{store}: expected a SpatialData store or nothing, found something else."
        raise InputError(msg, "Choose another --out.")
    if store.exists() and not os.access(store, os.W_OK):
        msg = f"{store}: expected a store that can be written, found a read-only one."
        raise InputError(msg, "Write the result elsewhere with --out OUT.zarr.")
    if not store.exists() and not store.absolute().parent.is_dir():
        msg = f"{store}: expected a folder to write into, found none."
        raise InputError(msg, "Make the folder first, or choose another --out.")
    return store


def check_same_spots(spec: RunSpec, inputs: PairedData | SectionData) -> None:
    """Refuse a store that exists, is not the tissue itself, and holds other spots.

    Parameters
    ----------
    spec : RunSpec
        Recipe with every default filled in.
    inputs : PairedData
        What was read from the tissue.

    Raises
    ------
    InputError
        If the store holds other spots under the table's name, or no such table.
    """
    store = checked_store(spec)
    if not store.exists() or store.absolute() == Path(spec.tissue).absolute():
        return
    table = spec.selection.table
    names = _row_names(store, str(table))
    wanted = set(inputs.spots.obs_names.tolist())
    if names is None or not wanted <= set(names.tolist()):
        found = "no such table" if names is None else "other spots"
        msg = f"{store}: expected the spots of {spec.tissue} in table {table}, found {found}."
        raise InputError(msg, "Choose another --out.")


def _row_names(store: Path, table: str) -> np.ndarray | None:
    """Row names of a table in a store; None where there is none of that name."""
    import numpy as np

    from napari_tessera.data.read import open_tissue

    tables = open_tissue(store).sdata.tables
    return np.asarray(tables[table].obs_names, dtype=np.str_) if table in tables else None
