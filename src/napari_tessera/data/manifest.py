"""What files an element of ours is made of: zarr reads a missing chunk as zeros, we do not."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import StoreError
from napari_tessera.data.keys import FILES

if TYPE_CHECKING:
    from pathlib import Path

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
    meta.setdefault("attributes", {})[FILES] = noted
    (element / _ROOT).write_text(json.dumps(meta, indent=2))


def is_stamped(element: Path) -> bool:
    """Whether the element carries our note."""
    return FILES in _attributes(element)


def check_files(element: Path) -> None:
    """Compare an element's files with the note; an element without one passes.

    Parameters
    ----------
    element : Path
        Folder of the element.

    Raises
    ------
    StoreError
        If a file is missing or is not what was written; it names the file.
    """
    for name, (size, checksum) in _attributes(element).get(FILES, {}).items():
        path = element / name
        found = "none" if not path.is_file() else f"{path.stat().st_size} bytes"
        if found == f"{size} bytes":
            if _checksum(path) == checksum:
                continue
            found = "other content"
        msg = f"{element.name}, {name}: expected the {size} bytes that were written, found {found}."
        hint = "The result is damaged: delete the run and map again, or restore it from a copy."
        raise StoreError(msg, hint)


def _attributes(element: Path) -> dict[str, Any]:
    """Attributes of the element's group; empty where they cannot be read."""
    try:
        meta = json.loads((element / _ROOT).read_text())
    except (OSError, ValueError):
        return {}
    return dict(meta.get("attributes", {}))


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value
