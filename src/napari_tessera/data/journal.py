"""What a commit is about to rename: written whole before the first rename, read after a crash.

A journal that lies in a store may come from anybody who made the store. So nothing is done that it
says before it is clear that it speaks of elements of ours, in this store and nowhere else.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import StoreError
from napari_tessera.data.disk import write_whole
from napari_tessera.data.keys import CELL_TABLE, CELLS, KINDS, UNS, WORK, split_place
from napari_tessera.data.listing import ROOT
from napari_tessera.data.manifest import is_stamped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JOURNAL, STAGE, TRASH = "journal.json", "stage", "trash"


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What is to be renamed.

    Parameters
    ----------
    add : mapping of str to int
        Place of every new element, and the CRC-32 of its ``zarr.json``, which holds the checksums
        of all its other files: so it is known again wherever it lies.
    remove : tuple of str
        Places of elements that go.
    """

    add: Mapping[str, int]
    remove: tuple[str, ...]

    def in_place(self, store: Path, place: str) -> bool:
        """Whether the new element of a place lies there already."""
        return identity(store / place) == self.add[place]


def identity(element: Path) -> int | None:
    """CRC-32 of an element's ``zarr.json``; None where there is none.

    Parameters
    ----------
    element : Path
        Folder of the element.
    """
    path = element / ROOT
    return zlib.crc32(path.read_bytes()) if path.is_file() else None


def write_journal(store: Path, journal: Journal) -> None:
    """Write it whole; from then on the commit will be completed.

    Parameters
    ----------
    store : Path
        A store in which all that is to be added is staged.
    journal : Journal
        What is to be done.
    """
    content = {"add": dict(journal.add), "remove": list(journal.remove)}
    write_whole(store / WORK / JOURNAL, json.dumps(content))


def read_journal(store: Path) -> Journal | None:
    """Read the journal of an interrupted write, and trust nothing that it says.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr`` with a work folder.

    Returns
    -------
    Journal or None
        None where there is none.

    Raises
    ------
    StoreError
        If it is not a journal of ours, leads out of the store, or would replace or remove what is
        not ours; nothing was touched.
    """
    work = store / WORK
    folders = [work, work / STAGE, work / TRASH, work / JOURNAL]
    folders += [root / kind for root in (store, work / STAGE, work / TRASH) for kind in KINDS]
    linked = [path for path in folders if path.is_symlink()]
    if linked:
        raise _refusal(store, f"that {linked[0].relative_to(store)} is a link")
    if not (work / JOURNAL).is_file():
        return None
    try:
        said = json.loads((work / JOURNAL).read_text())
        add = {str(place): int(number) for place, number in said["add"].items()}
        journal = Journal(add=add, remove=tuple(str(place) for place in said["remove"]))
        for place in (*journal.add, *journal.remove):
            split_place(place)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refusal(store, f"something else ({error!r})") from error
    for place in (*journal.add, *journal.remove):
        if not _may_move(store, place, journal):
            raise _refusal(store, f"one that would move {place}, which no run has written")
    return journal


def is_ours(store: Path, place: str) -> bool:
    """Whether an element of a store was written by us.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.
    place : str
        Such as ``tables/stem_1a2b3c4d_cell_table``.
    """
    kind, name = split_place(place)
    if kind == "shapes" and name.endswith(CELLS) and not is_stamped(store / place):
        place = f"tables/{name.removesuffix(CELLS)}{CELL_TABLE}"
    return is_stamped(store / place) or (store / place / "uns" / UNS).is_dir()


def _may_move(store: Path, place: str, journal: Journal) -> bool:
    """Whether what lies at a place is ours, new, or not there at all."""
    path = store / place
    if path.is_symlink():
        return False
    if not path.exists() or (place in journal.add and journal.in_place(store, place)):
        return True
    # circles without a note are known by their table, which may lie in the trash already
    return is_ours(store, place) or is_ours(store / WORK / TRASH, place)


def _refusal(store: Path, found: str) -> StoreError:
    """Say that a work folder is not one of ours."""
    msg = f"{store}: expected {WORK} to be what an interrupted write has left, found {found}."
    hint = f"Nothing was touched. If you do not know where it comes from, delete {store / WORK}."
    return StoreError(msg, hint)
