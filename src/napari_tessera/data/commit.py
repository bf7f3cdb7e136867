"""The only way anything of ours gets into a store: staged, verified, journalled, renamed.

New elements are written into a folder inside the store, which readers do not see; they are read
back, flushed, and named in a journal. From then on there are only renames: the elements into place,
then the new list of elements over the old one. A crash before the journal leaves the store as it
was; a crash after it is finished by the next `recover`; in between, readers see the old list.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import StoreBusyError, StoreError
from napari_tessera.data.disk import exchange, flush_folder, flush_tree, write_whole
from napari_tessera.data.journal import (
    JOURNAL,
    STAGE,
    TRASH,
    Journal,
    identity,
    is_ours,
    read_journal,
    write_journal,
)
from napari_tessera.data.keys import KINDS, WORK, split_place
from napari_tessera.data.listing import ROOT, changed_listing
from napari_tessera.data.lock import store_lock, write_lease
from napari_tessera.data.staging import write_stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LISTING = "listing.json"
_AS_IT_WAS = "The store is as it was."


def commit_elements(
    store: Path, elements: Mapping[str, Any], *, remove: Sequence[str] = ()
) -> None:
    """Add elements to a store, and take some of ours out: all of it or nothing.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.
    elements : mapping of str to element
        By place, such as ``tables/stem_1a2b3c4d_cell_table``. Nothing may have one of the names,
        unless it is ours and in `remove`.
    remove : sequence of str
        Places of elements that were written by us.

    Raises
    ------
    StoreError
        If the store cannot be written, a name is taken, an element to remove is not ours, or
        writing fails; the store is as it was.
    StoreBusyError
        If another process is writing.
    """
    store = Path(store)
    check_writable(store)
    if not elements and not remove:
        return
    with store_lock(store):
        _recover(store)
        _check_names(store, elements, remove)
        try:
            journal = _prepare(store, elements, remove)
        except BaseException as error:
            _discard(store)
            if not isinstance(error, Exception):
                raise
            msg = f"{store}: expected to write {', '.join(elements) or 'nothing'}, found: {error}."
            hint = f"{_AS_IT_WAS} Check the space on the disk and your rights there."
            raise StoreError(msg, hint) from error
        _apply(store, journal)


def recover(store: Path) -> tuple[str, ...]:
    """Finish or undo what a crash left; a store that is being written is left alone.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.

    Returns
    -------
    tuple of str
        What was done, for people; empty where there was nothing to do.

    Raises
    ------
    StoreError
        If it could not be done; the next `recover` tries again.
    """
    store = Path(store)
    if not (store / WORK).is_dir() or not os.access(store, os.W_OK):
        return ()
    try:
        with store_lock(store, wait_s=0.0):
            return _recover(store)
    except StoreBusyError:
        return ()


def store_version(store: Path) -> str:
    """Say which state a store is in; another one after every commit, whoever made it.

    Whoever holds elements that are read lazily compares it, and reads anew when it has changed.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.
    """
    places = (Path(store) / ROOT, *(Path(store) / kind for kind in KINDS))
    found = [place.stat() for place in places if place.exists()]
    return "-".join(f"{f.st_ino:x}.{f.st_mtime_ns:x}" for f in found)


def check_writable(store: Path) -> None:
    """Refuse a store that must not or cannot be written.

    Raises
    ------
    StoreError
        If it is a link, holds links, is of an old format, or is read-only.
    """
    links = [p for p in (store, *(store / kind for kind in KINDS)) if p.is_symlink()]
    if links:
        msg = f"{store}: expected a store of folders, found that {links[0]} is a link."
        raise StoreError(msg, f"Open the store where it really lies: {links[0].resolve()}.")
    if not store.is_dir() or not (store / ROOT).is_file():
        found = "an older zarr format" if (store / ".zgroup").is_file() else "nothing of the kind"
        msg = f"{store}: expected a SpatialData store of zarr format 3, found {found}."
        raise StoreError(msg, "Write the results to a new store with --out OUT.zarr.")
    folders = [store, *(store / kind for kind in KINDS if (store / kind).is_dir())]
    if not all(os.access(folder, os.W_OK) for folder in folders):
        msg = f"{store}: expected a store that can be written, found a read-only one."
        raise StoreError(msg, "Write the results to another store with --out OUT.zarr.")


def _check_names(store: Path, elements: Mapping[str, Any], remove: Sequence[str]) -> None:
    """Refuse names that are taken, and removing what is not ours."""
    for place in remove:
        if not is_ours(store, place):
            msg = f"{store}: expected an element that a run has written, found {place}."
            raise StoreError(msg, f"Only results of runs can be deleted. {_AS_IT_WAS}")
    folders = (store / kind for kind in KINDS if (store / kind).is_dir())
    there = {p.name.lower(): p for f in folders for p in f.iterdir() if p.is_dir()}
    for place in elements:
        taken = there.get(split_place(place)[1].lower())
        if taken is not None and taken.relative_to(store).as_posix() not in remove:
            msg = f"{store}: expected a new element, found that {taken.name} exists already."
            raise StoreError(msg, f"Nothing is overwritten: delete the run first. {_AS_IT_WAS}")


def _prepare(store: Path, elements: Mapping[str, Any], remove: Sequence[str]) -> Journal:
    """Do all that can fail: write, read back, flush; the journal is the last of it."""
    work = store / WORK
    work.mkdir()
    write_lease(work)
    if elements:
        write_stage(work / STAGE, elements)
    staged = {place: work / STAGE / place for place in elements}
    listing = changed_listing(store, staged, remove)
    if listing is not None:
        (work / LISTING).write_text(listing)
    flush_tree(work)
    flush_folder(store)
    known = {place: identity(folder) or 0 for place, folder in staged.items()}
    journal = Journal(add=known, remove=tuple(remove))
    write_journal(store, journal)
    return journal


def _apply(store: Path, journal: Journal) -> None:
    """Rename into place; what fails before the list is renamed is undone."""
    work = store / WORK
    try:
        _move_in(store, journal)
        if (work / LISTING).is_file():
            (work / LISTING).replace(store / ROOT)
    except OSError as error:
        _undo(store, journal)
        msg = f"{store}: expected to add {', '.join(journal.add)}, found: {error}."
        raise StoreError(msg, _AS_IT_WAS) from error
    with contextlib.suppress(OSError):  # all is visible; the next recover clears up
        flush_folder(store)
        _clear_up(store, journal)


def _recover(store: Path) -> tuple[str, ...]:
    """Roll forward with a journal, back without one; the lock is held."""
    work = store / WORK
    if not work.is_dir():
        return ()
    journal = read_journal(store)
    if journal is None:
        _discard(store)
        return ("What an interrupted write had left was removed.",)
    try:
        _move_in(store, journal)
        added = {place: store / place for place in journal.add}
        gone = [place for place in journal.remove if place not in added]
        listing = changed_listing(store, added, gone)
        if listing is not None:
            write_whole(store / ROOT, listing)
        _clear_up(store, journal)
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{store}: expected to finish an interrupted write, found: {error}."
        hint = "Free some space and open the store again; all that was in it can be read."
        raise StoreError(msg, hint) from error
    return ("An interrupted write was completed.",)


def _move_in(store: Path, journal: Journal) -> None:
    """Put staged elements into place, those they replace aside; may be repeated."""
    for place in journal.add:
        staged, target = store / WORK / STAGE / place, store / place
        if not (target.parent / ROOT).is_file():
            target.parent.mkdir(exist_ok=True)
            (staged.parent / ROOT).rename(target.parent / ROOT)
        if staged.is_dir() and not journal.in_place(store, place):
            _move(store, place)
        flush_folder(target.parent)


def _move(store: Path, place: str) -> None:
    """Put one staged element into place; a reader finds the old or the new, if the system can."""
    staged, target = store / WORK / STAGE / place, store / place
    if target.is_dir():
        if exchange(staged, target):
            return
        _throw_away(store, place)
    staged.rename(target)


def _undo(store: Path, journal: Journal) -> None:
    """Give up a commit that failed before its list was in place.

    Raises
    ------
    StoreError
        If even that fails: the next `recover` completes the commit.
    """
    try:
        _move_back(store, journal)
    except OSError as error:
        msg = f"{store}: expected to undo a write that failed, found: {error}."
        hint = "All that was in it is there; the write is completed when the store is opened next."
        raise StoreError(msg, hint) from error
    _discard(store)


def _move_back(store: Path, journal: Journal) -> None:
    """Undo `_move_in`."""
    for place in journal.add:
        staged, target, trash = store / WORK / STAGE / place, store / place, _trash(store, place)
        if journal.in_place(store, place):
            former = staged if staged.is_dir() else trash
            if not (former.is_dir() and exchange(former, target)):
                target.rename(staged)
        if trash.is_dir() and not target.is_dir():
            trash.rename(target)
    for place in journal.add:
        kind, staging = (store / place).parent, (store / WORK / STAGE / place).parent
        if not (staging / ROOT).is_file() and (kind / ROOT).is_file():
            (kind / ROOT).rename(staging / ROOT)
            kind.rmdir()


def _clear_up(store: Path, journal: Journal) -> None:
    """Take out what is not listed any more, then forget the commit."""
    for place in journal.remove:
        if (store / place).is_dir() and place not in journal.add:
            _throw_away(store, place)
    _discard(store)


def _throw_away(store: Path, place: str) -> None:
    """Rename an element into the trash."""
    _trash(store, place).parent.mkdir(parents=True, exist_ok=True)
    (store / place).rename(_trash(store, place))


def _trash(store: Path, place: str) -> Path:
    """Where an element lies until the commit is over."""
    return store / WORK / TRASH / place


def _discard(store: Path) -> None:
    """Forget a commit: the journal first, for without it nothing is rolled forward."""
    work = store / WORK
    with contextlib.suppress(OSError):
        (work / JOURNAL).unlink(missing_ok=True)
        flush_folder(work)
        shutil.rmtree(work)
        flush_folder(store)
