"""The only way anything is written into a store: staged, verified, journalled, renamed.

Elements are new ones. They are written into a staging store inside the same store, read back,
flushed to disk and named in a journal; only then are they renamed into place and the consolidated
metadata written anew. A crash leaves the store as it was, or is finished by the next `recover`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatialdata import SpatialData

STAGE, JOURNAL = ".tessera_stage", ".tessera_journal.json"
LOCK = ".tessera_lock"
OURS = ("_spot_table", "_cell_table", "_cells")
"""Endings of element names that runs own, besides drawn regions."""


def commit_elements(
    store: Path, elements: Mapping[str, Any], *, remove: Sequence[str] = ()
) -> None:
    """Add elements to a store, and take some of ours out: all of it or nothing.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.
    elements : mapping of str to element
        By place, such as ``tables/stem_1a2b3c4d_cell_table``. None of them may exist.
    remove : sequence of str
        Places of elements that runs own.

    Raises
    ------
    StoreError
        If the store is read-only, a name is taken or not ours, or writing fails; the store is as
        it was.
    StoreBusyError
        If another process is writing.
    """
    store = Path(store)
    _check(store, elements, remove)
    with _locked(store):
        _recover(store)
        _check(store, elements, remove)
        stage = store / STAGE / uuid.uuid4().hex[:8]
        try:
            if elements:
                _write_stage(stage, elements)
                _flush(stage)
            journal = {"stage": stage.name, "add": sorted(elements), "remove": sorted(remove)}
            _write_file(store / JOURNAL, json.dumps(journal))
        except OSError as error:
            shutil.rmtree(store / STAGE, ignore_errors=True)
            (store / JOURNAL).unlink(missing_ok=True)
            msg = f"{store}: expected to write {', '.join(elements) or 'nothing'}, found {error}."
            raise StoreError(msg, "The store is as it was; check the disk's space.") from error
        _roll_forward(store)


def recover(store: Path) -> tuple[str, ...]:
    """Finish or undo what a crash left; a store that cannot be written is left alone.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.

    Returns
    -------
    tuple of str
        What was done, for people; empty where there was nothing to do.
    """
    store = Path(store)
    if not (store / JOURNAL).exists() and not (store / STAGE).exists():
        return ()
    if not os.access(store, os.W_OK):
        return ()
    try:
        with _locked(store):
            return _recover(store)
    except StoreBusyError:
        return ()


def _recover(store: Path) -> tuple[str, ...]:
    """Roll forward with a journal, back without one; the lock is held."""
    if (store / JOURNAL).exists():
        _roll_forward(store)
        return ("An interrupted write was completed.",)
    if (store / STAGE).exists():
        shutil.rmtree(store / STAGE)
        return ("An interrupted write was undone.",)
    return ()


def _check(store: Path, elements: Mapping[str, Any], remove: Sequence[str]) -> None:
    """Refuse what must not be written."""
    if store.is_symlink() or not store.is_dir():
        msg = f"{store}: expected a folder that holds a store, found a link or nothing."
        raise StoreError(msg, "Choose the store itself.")
    if not os.access(store, os.W_OK):
        msg = f"{store}: expected a store that can be written, found a read-only one."
        raise StoreError(msg, "Write to another store with --out.")
    taken = _names(store)
    for place in elements:
        name = place.split("/")[1].lower()
        if name in taken:
            msg = f"{store}: expected a new element, found that {place} exists."
            raise StoreError(msg, "Existing elements are never overwritten: delete the run first.")
    for place in remove:
        if not place.endswith(OURS):
            msg = f"{store}: expected an element that a run made, found {place}."
            raise StoreError(msg, "Only results of runs can be deleted.")


def _names(store: Path) -> set[str]:
    """Names of all elements on disk, without regard to case."""
    kinds = ("images", "labels", "points", "shapes", "tables")
    folders = (store / kind for kind in kinds)
    return {p.name.lower() for f in folders if f.is_dir() for p in f.iterdir() if p.is_dir()}


def _write_stage(stage: Path, elements: Mapping[str, Any]) -> None:
    """Write the elements as a store of their own, and read it back."""
    import warnings

    import spatialdata

    parts: dict[str, dict[str, Any]] = {}
    for place, element in elements.items():
        kind, name = place.split("/")
        parts.setdefault(kind, {})[name] = element
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a table may annotate an element that stays in the store
        stage.parent.mkdir(exist_ok=True)
        spatialdata.SpatialData(**parts).write(stage, update_sdata_path=False)
        _verify(spatialdata.read_zarr(stage), elements)


def _verify(written: SpatialData, elements: Mapping[str, Any]) -> None:
    """Compare sizes of what was written with what was meant."""
    for place, element in elements.items():
        found = written[place.split("/")[1]]
        if len(found) != len(element):
            msg = f"{place}: expected {len(element)} rows after writing, found {len(found)}."
            raise OSError(msg)


def _roll_forward(store: Path) -> None:
    """Rename into place what the journal names; may be repeated."""
    journal = json.loads((store / JOURNAL).read_text())
    stage = store / STAGE / journal["stage"]
    for place in journal["add"]:
        kind, name = place.split("/")
        target = store / kind / name
        if (stage / kind / name).exists():
            if not (store / kind).exists():
                (store / kind).mkdir()
                shutil.copy2(stage / kind / "zarr.json", store / kind / "zarr.json")
            (stage / kind / name).rename(target)
            _sync_folder(store / kind)
    trash = store / STAGE / "trash"
    for place in journal["remove"]:
        if (store / place).exists():
            trash.mkdir(parents=True, exist_ok=True)
            (store / place).rename(trash / place.replace("/", "__"))
    _consolidate(store)
    (store / JOURNAL).unlink()
    _sync_folder(store)
    shutil.rmtree(store / STAGE, ignore_errors=True)


def _consolidate(store: Path) -> None:
    """Write the consolidated metadata anew, so that readers see what is there."""
    import warnings

    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(store))


@contextlib.contextmanager
def _locked(store: Path) -> Iterator[None]:
    """Hold the store's lock, or say that somebody else does."""
    path = store.with_name(f".{store.name}{LOCK}")
    try:
        file = path.open("a")
    except OSError as error:
        msg = f"{store}: expected to lock the store, found {error}."
        raise StoreError(msg, "Write to another store with --out.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{store}: expected to be the only writer, found another process writing."
            raise StoreBusyError(msg, "Wait for it to end and try again.") from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _write_file(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def _flush(folder: Path) -> None:
    """Flush every file and folder below to disk."""
    for root, _, files in os.walk(folder):
        for name in files:
            fd = os.open(Path(root) / name, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
