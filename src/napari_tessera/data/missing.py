"""Pieces of counts that are missing on disk: zarr reads zeros there and says nothing."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from napari_tessera.data.problems import refusal
from napari_tessera.data.store_claims import read_metadata

if TYPE_CHECKING:
    from pathlib import Path

MOST_PIECES = 100_000


def check_pieces(store: Path) -> None:
    """Refuse a store in which a piece of a table's counts is not there.

    Arrays of counts are those called X or below ``layers``. A piece that holds only zeros may be
    left out by zarr; of a sparse matrix no piece ever does, and of a dense one hardly.

    Parameters
    ----------
    store : Path
        Root of a zarr store.

    Raises
    ------
    RefusedError
        It names the file.
    """
    for table in sorted((store / "tables").glob("*")):
        for top in (table / "X", *sorted((table / "layers").glob("*"))):
            for file in sorted(top.rglob("zarr.json")):
                _check_array(store, file)


def _check_array(store: Path, file: Path) -> None:
    """Look for the pieces of one array."""
    meta = read_metadata(file)
    grid = meta.get("chunk_grid", {}).get("configuration", {}).get("chunk_shape")
    encoding = meta.get("chunk_key_encoding", {"name": "default"})
    if not meta.get("shape") or not grid or encoding.get("name") != "default":
        return
    counts = [math.ceil(n / c) if c else 0 for n, c in zip(meta["shape"], grid, strict=False)]
    if math.prod(counts) > MOST_PIECES:
        return
    mark = encoding.get("configuration", {}).get("separator", "/")
    for at in itertools.product(*(range(n) for n in counts)):
        piece = file.parent / mark.join(("c", *map(str, at)))
        if not piece.is_file():
            place = piece.relative_to(store).as_posix()
            raise refusal(
                store,
                place,
                code="piece-missing",
                expected="every piece of the counts",
                found="no such file, so that its values would be read as zeros",
                hint="Restore it from a copy of the store.",
            )
        if piece.stat().st_size == 0:
            place = piece.relative_to(store).as_posix()
            raise refusal(
                store,
                place,
                code="piece-empty",
                expected="every piece of the counts",
                found="an empty file",
                hint="Restore it from a copy of the store.",
            )


def damaged_piece(store: Path) -> str:
    """Name the first array of a table that cannot be read; empty where all can."""
    import zarr

    for file in sorted((store / "tables").rglob("zarr.json")):
        try:
            if read_metadata(file).get("node_type") == "array":
                zarr.open_array(file.parent, mode="r")[...]
        except Exception:  # noqa: BLE001 - whatever it is, this is the one
            return file.parent.relative_to(store).as_posix()
    return ""
