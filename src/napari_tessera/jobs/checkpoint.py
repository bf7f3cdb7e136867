"""States on disk: one safetensors file for arrays, one JSON file for the rest; never half of one.

Each file is written beside its target, flushed to the disk and renamed. The JSON part is written
last and carries the checksum of the other, so a pair that does not belong together is noticed.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import StoreError
from napari_tessera.contract.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_BLOCK = 1 << 20


def save_state(path: Path, state: State) -> None:
    """Write ``<path>.safetensors`` and ``<path>.json``; what stood there stays until both are done.

    Parameters
    ----------
    path : Path
        Target without a suffix.
    state : State
        Arrays of any numeric dtype and plain values.

    Raises
    ------
    StoreError
        If the disk refuses.
    """
    from safetensors.numpy import save_file

    arrays = {name: np.asarray(a, order="C") for name, a in state.arrays.items()}
    target = path.with_name(f"{path.name}.safetensors")
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(arrays, temporary)
        temporary.chmod(path.parent.stat().st_mode & 0o666)  # as readable as its folder
        checksum = _checksum(temporary)
        _flush(temporary)
        temporary.replace(target)
        write_json(
            path.with_name(f"{path.name}.json"),
            {"crc32": checksum, "values": dict(state.values)},
        )
    except OSError as error:
        temporary.unlink(missing_ok=True)
        msg = f"{target}: expected to write it, found: {error}."
        raise StoreError(msg, "Make room on the disk or choose another run directory.") from error


def load_state(path: Path) -> State:
    """Read what `save_state` wrote.

    Parameters
    ----------
    path : Path
        Target without a suffix.

    Raises
    ------
    StoreError
        If a file is missing, damaged, or the two do not belong together.
    """
    target = path.with_name(f"{path.name}.safetensors")
    head = read_json(path.with_name(f"{path.name}.json"))
    try:
        if _checksum(target) != head["crc32"]:
            msg = f"{target}: expected the arrays that belong to its JSON file, found others."
            raise StoreError(msg, "The file is damaged; use a copy or run again.")
        return State(arrays=_load_arrays(target), values=head["values"])
    except (OSError, KeyError, TypeError) as error:
        msg = f"{target}: expected a readable state, found: {error!r}."
        raise StoreError(msg, "The file is damaged or missing; run again.") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file at once or not at all.

    Parameters
    ----------
    path : Path
        Target.
    values : mapping
        Plain types.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _flush_folder(path.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    StoreError
        If the file is missing or is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path}: expected a JSON file, found: {error}."
        raise StoreError(msg, "The file is damaged or missing; run again.") from error
    if not isinstance(values, dict):
        msg = f"{path}: expected a JSON object, found {type(values).__name__}."
        raise StoreError(msg, "The file is damaged; run again.")
    return values


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        msg = f"{path}: expected a safetensors file, found: {error}."
        raise StoreError(msg, "The file is damaged; run again.") from error


def _checksum(path: Path) -> int:
    """CRC-32 of a file, read in blocks."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _flush(path: Path) -> None:
    """Bring a file's content to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
