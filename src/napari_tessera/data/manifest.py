"""What files an element of ours is made of: zarr reads a missing chunk as zeros, we do not."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import StoreError
from napari_tessera.data.keys import FILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DAMAGED = "The result is damaged: delete the run and map again, or restore it from a copy."
_ROOT = "zarr.json"
_BLOCK = 1 << 20


def stamp(element: Path) -> None:
    """Note size and checksum of every file of an element in the attributes of its group.

    Parameters
    ----------
    element : Path
        Folder of the element, complete.
    """
    files = {path.relative_to(element).as_posix(): path for path in sorted(element.rglob("*"))}
    noted = {
        name: [path.stat().st_size, _checksum(path)]
        for name, path in files.items()
        if path.is_file() and name != _ROOT
    }
    meta = json.loads((element / _ROOT).read_text())
    noted[_ROOT] = _own_note(meta)
    meta.setdefault("attributes", {})[FILES] = noted
    (element / _ROOT).write_text(json.dumps(meta, indent=2))


def _own_note(meta: dict[str, Any]) -> list[int]:
    """Size and checksum of the file that holds the note, without the note."""
    attributes = {k: v for k, v in meta.get("attributes", {}).items() if k != FILES}
    text = json.dumps({**meta, "attributes": attributes}, sort_keys=True).encode()
    return [len(text), zlib.crc32(text)]


def is_stamped(element: Path) -> bool:
    """Whether the element carries our note."""
    return FILES in _meta(element).get("attributes", {})


def check_files(element: Path, listed: Mapping[str, Any] | None = None) -> None:
    """Compare an element's files with the note; an element without one passes.

    Parameters
    ----------
    element : Path
        Folder of the element.
    listed : mapping, optional
        Attributes of the element in the store's list: a note that stands there must stand in the
        element too.

    Raises
    ------
    StoreError
        If a file is missing or is not what was written; it names the file.
    """
    meta = _meta(element)
    noted = dict(meta.get("attributes", {}).get(FILES, {}))
    known = noted if listed is None else listed.get(FILES, noted)
    own = noted.get(_ROOT)
    if known != noted or (own is not None and own != _own_note(meta)):
        msg = f"{element.name}, {_ROOT}: expected what was written, found other content."
        raise StoreError(msg, DAMAGED)
    for name, (size, checksum) in noted.items():
        if name == _ROOT:
            continue
        path = element / name
        found = "none" if not path.is_file() else f"{path.stat().st_size} bytes"
        if found == f"{size} bytes":
            if _checksum(path) == checksum:
                continue
            found = "other content"
        msg = f"{element.name}, {name}: expected the {size} bytes that were written, found {found}."
        raise StoreError(msg, DAMAGED)


def _meta(element: Path) -> dict[str, Any]:
    """Metadata of the element's group; empty where they cannot be read."""
    try:
        meta = json.loads((element / _ROOT).read_text())
    except (OSError, ValueError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value
