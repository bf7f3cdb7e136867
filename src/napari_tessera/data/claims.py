"""How much memory a file claims to need, asked before any of it is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

EAGER = ("tables", "table")
"""Folders of a store whose arrays are read at once; pictures stay on the disk."""

MOST_PIXELS = 2**36
"""Labels with more pixels than this are not walked through."""

_TEXT_BYTES = 16
"""Taken for an entry whose size its type does not tell."""


def check_store_claims(store: Path) -> None:
    """Refuse a store whose tables say that they are larger than the memory.

    Parameters
    ----------
    store : Path
        A zarr store.

    Raises
    ------
    InputError
        It names the array, what it claims and what there is.
    """
    for meta in sorted(p for top in EAGER for p in (store / top).rglob("zarr.json")):
        where = meta.parent.relative_to(store).as_posix()
        refuse_claim(f"{store}, {where}", _claimed(_json(meta)))
    for place, known in _listed(store).items():
        if place.split("/")[0] in EAGER:
            refuse_claim(f"{store}, {place}", _claimed(known))
        elif place.startswith("labels/") and _pixels(known) > MOST_PIXELS:
            most, found = f"{MOST_PIXELS:.0e}", f"{_pixels(known):.0e}"
            msg = f"{store}, {place}: expected labels of {most} pixels at most, found {found}."
            raise InputError(msg, "Crop the labels.")


def check_h5ad_claims(path: Path) -> None:
    """Refuse an ``.h5ad`` whose arrays say that they are larger than the memory.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        It names the array, what it claims and what there is; or the array that is only a link to
        another file.
    """
    import h5py

    found: list[tuple[str, int]] = []

    def look(name: str, thing: Any) -> None:  # noqa: ANN401 - a group or a dataset
        if isinstance(thing, h5py.Dataset) and thing.shape is not None:
            found.append((name, int(np.prod(thing.shape, dtype=float)) * thing.dtype.itemsize))
        if isinstance(thing, h5py.Dataset) and (thing.external or thing.is_virtual):
            refuse_link(f"{path}, {name}")
        if isinstance(thing, h5py.Group):
            for key in thing:
                if isinstance(thing.get(key, getlink=True), h5py.ExternalLink):
                    refuse_link(f"{path}, {name}/{key}".replace(", /", ", "))

    with h5py.File(path, "r") as file:
        look("", file)
        file.visititems(look)
    for name, claimed in found:
        refuse_claim(f"{path}, {name}", claimed)


def refuse_link(where: str) -> None:
    """Refuse an array that lies in another file."""
    msg = f"{where}: expected values in this file, found a link to another one."
    raise InputError(msg, "Write the table anew, so that it holds its own values.")


def refuse_claim(where: str, claimed: int) -> None:
    """Refuse what does not fit into the memory that is free."""
    free = psutil.virtual_memory().available
    if claimed > free:
        msg = (
            f"{where}: expected an array that fits into the {free / 2**30:.1f} GiB of free memory, "
            f"found one that claims {claimed / 2**30:,.0f} GiB."
        )
        raise InputError(msg, "Subset it, or check that the file is what you think it is.")


def _claimed(meta: dict[str, Any]) -> int:
    """Bytes of an array by its metadata; 0 for a group."""
    if meta.get("node_type") != "array":
        return 0
    try:
        size = np.dtype(meta.get("data_type", "")).itemsize
    except TypeError:
        size = _TEXT_BYTES
    return int(_pixels(meta) * size)


def _pixels(meta: dict[str, Any]) -> float:
    """Entries of an array."""
    shape = meta.get("shape") or (0,)
    return float(np.prod([float(n) for n in shape]))


def _json(path: Path) -> dict[str, Any]:
    """Metadata of one node; empty where they cannot be read, which the reader will say."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(store: Path) -> dict[str, dict[str, Any]]:
    """Consolidated metadata of a store."""
    listed = (_json(store / "zarr.json").get("consolidated_metadata") or {}).get("metadata", {})
    return listed if isinstance(listed, dict) else {}
