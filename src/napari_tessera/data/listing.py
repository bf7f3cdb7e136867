"""The list of a store's elements, zarr's consolidated metadata: changed only where it must be.

Writing the list anew from the disk would also list what somebody's crash left half-written, and a
store that lists half an element cannot be read at all. So entries of others stay as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ROOT = "zarr.json"
_EMPTY = {"kind": "inline", "must_understand": False, "metadata": {}}


def listed(store: Path) -> frozenset[str]:
    """Places of the elements that readers see, such as ``tables/table``.

    Parameters
    ----------
    store : Path
        A zarr 3 store.
    """
    root = json.loads((store / ROOT).read_text())
    known = (root.get("consolidated_metadata") or {}).get("metadata")
    if known is None:
        folders = (p for kind in store.iterdir() if kind.is_dir() for p in kind.iterdir())
        return frozenset(p.relative_to(store).as_posix() for p in folders if (p / ROOT).is_file())
    return frozenset(place for place in known if place.count("/") == 1)


def listed_attributes(store: Path, place: str) -> dict[str, Any] | None:
    """Attributes of an element as the list has them; None where there is no list, or not of it.

    Parameters
    ----------
    store : Path
        A zarr 3 store.
    place : str
        Such as ``tables/table``.
    """
    root = json.loads((store / ROOT).read_text())
    known = (root.get("consolidated_metadata") or {}).get("metadata", {})
    return dict(known[place].get("attributes", {})) if place in known else None


def changed_listing(store: Path, added: dict[str, Path], removed: Iterable[str]) -> str | None:
    """Text of the store's root metadata with elements added and removed.

    Parameters
    ----------
    store : Path
        A zarr 3 store.
    added : dict of str to Path
        Place of every new element, and the folder that it lies in now.
    removed : iterable of str
        Places to take out.

    Returns
    -------
    str or None
        None where the store has no consolidated metadata: readers look at its folders.
    """
    root = json.loads((store / ROOT).read_text())
    if not root.get("consolidated_metadata"):
        return None
    entries: dict[str, Any] = root["consolidated_metadata"]["metadata"]
    for place in removed:
        gone = [key for key in entries if key == place or key.startswith(f"{place}/")]
        for key in gone:
            del entries[key]
    for place, folder in added.items():
        kind = place.partition("/")[0]
        entries.setdefault(kind, _entry(_group()))
        for path in sorted(folder.rglob(ROOT)):
            inner = path.parent.relative_to(folder).as_posix()
            key = place if inner == "." else f"{place}/{inner}"
            entries[key] = _entry(json.loads(path.read_text()))
    # zarr reads the list right only where members of a group stand together
    order = sorted(entries, key=lambda key: (key.count("/"), key))
    root["consolidated_metadata"]["metadata"] = {key: entries[key] for key in order}
    return json.dumps(root, indent=2)


def _group() -> dict[str, Any]:
    return {"attributes": {}, "zarr_format": 3, "node_type": "group"}


def _entry(meta: dict[str, Any]) -> dict[str, Any]:
    """Entry of the list for one array or group."""
    return {**meta, "consolidated_metadata": _EMPTY} if meta["node_type"] == "group" else meta
