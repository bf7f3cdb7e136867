"""What a zarr store claims before it is opened: kind, version, sizes, links, codecs."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import RefusedError
from napari_tessera.data.claims import GIB, free_memory, refuse_claim
from napari_tessera.data.problems import refusal, refuse, remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatialdata import SpatialData

    from napari_tessera.contract.report import Problem

METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata")
KINDS = ("images", "labels", "points", "shapes", "tables")
EAGER = ("tables", "table")
"""Folders whose arrays are read at once; pictures stay on the disk."""

HOLLOW = 1000
"""A picture that claims more than the memory, and this many times its bytes on disk, is a claim."""

FORMATS = ("0.1", "0.2")
TEXT_BYTES = 16
MOST_FILES = 200_000


def check_store(store: Path) -> list[Problem]:
    """Judge a store by its metadata alone.

    Parameters
    ----------
    store : Path
        Root of a zarr store.

    Returns
    -------
    list of Problem
        Remarks.

    Raises
    ------
    RefusedError
        For what must not be opened; it names the file or the array.
    """
    known: dict[str, dict[str, Any]] = {}
    for file, meta in _metadata(store):
        known.update(_nodes(store, file, meta))
    totals = dict.fromkeys(EAGER, 0)
    for place, meta in sorted(known.items()):
        claimed = _judge_node(store, place, meta)
        if place.split("/")[0] in EAGER:
            refuse_claim(f"{store}, {place}", claimed)
            totals[place.split("/")[0]] += claimed
        elif place.split("/")[0] in {"images", "labels"}:
            _judge_picture(store, place, claimed)
    refuse_claim(str(store), sum(totals.values()), "all tables together")
    return _hidden(store)


def check_kind(store: Path) -> None:
    """Refuse a zarr store that another program or version wrote.

    Raises
    ------
    RefusedError
        It says what the store is.
    """
    root = read_metadata(store / "zarr.json") if (store / "zarr.json").is_file() else {}
    if (store / ".zarray").is_file() or root.get("node_type") == "array":
        raise refusal(
            store,
            code="store-array",
            expected="a SpatialData store",
            found="a single zarr array",
            hint="Choose the store that holds it.",
        )
    attributes = root.get("attributes", {})
    if (store / ".zattrs").is_file():
        attributes = read_metadata(store / ".zattrs")
    for kind, (code, found, hint) in _OTHERS.items():
        if attributes.get("encoding-type") == kind or kind in attributes:
            raise refusal(store, code=code, expected="a SpatialData store", found=found, hint=hint)
    version = attributes.get("spatialdata_attrs", {})
    version = version.get("version") if isinstance(version, dict) else None
    if version is not None and version not in FORMATS:
        raise refusal(
            store,
            "version",
            code="store-version",
            expected=f"SpatialData format {' or '.join(FORMATS)}",
            found=f"{version!r}",
            hint="Write it with a SpatialData that knows an older format.",
        )


_OTHERS = {
    "anndata": (
        "store-anndata",
        "a plain AnnData store",
        "Write it as .h5ad, or wrap the table in a SpatialData object.",
    ),
    "MuData": ("store-mudata", "a MuData store", "Write its rna modality as .h5ad."),
    "ome": (
        "store-ome",
        "a picture (OME-Zarr) without spots",
        "Put it into a SpatialData object beside the spots.",
    ),
    "multiscales": (
        "store-ngff",
        "a picture (OME-NGFF 0.4) without spots",
        "Put it into a SpatialData object beside the spots.",
    ),
}


def read_metadata(file: Path) -> dict[str, Any]:
    """Read one metadata file of zarr.

    Raises
    ------
    RefusedError
        If it is not a JSON object of zarr format 2 or 3.
    """
    expected, hint = "a JSON object", "Restore this file from a copy of the store."
    try:
        found = json.loads(file.read_text())
    except RecursionError as error:
        raise refusal(
            file, code="metadata-deep", expected=expected, found="brackets without end", hint=hint
        ) from error
    except (OSError, ValueError) as error:
        empty = file.is_file() and file.stat().st_size == 0
        code, what = ("empty", "an empty file") if empty else ("damaged", f"damage ({error})")
        raise refusal(
            file, code=f"metadata-{code}", expected=expected, found=what, hint=hint
        ) from error
    if not isinstance(found, dict):
        raise refusal(
            file, code="metadata-other", expected=expected, found=type(found).__name__, hint=hint
        )
    if found.get("zarr_format", 3) not in (2, 3):
        raise refusal(
            file,
            "zarr_format",
            code="metadata-format",
            expected="a group of zarr format 2 or 3",
            found=f"{found['zarr_format']!r}",
            hint=hint,
        )
    return found


def _metadata(store: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Metadata of every group and array; refuses links, and does not go into pieces of arrays."""
    for folder, inner, files in os.walk(store):
        here = Path(folder)
        _refuse_links(store, [here / name for name in (*inner, *files)])
        inner[:] = [name for name in inner if not name.startswith(".")]
        for file in (here / name for name in METADATA if name in files):
            try:
                meta = read_metadata(file)
            except RefusedError:
                if not file.exists():  # another process has just replaced it
                    continue
                raise
            if file.name == ".zarray" or meta.get("node_type") == "array":
                inner[:] = []
            yield file, meta


def _refuse_links(store: Path, paths: list[Path]) -> None:
    """Refuse links that lead out of a store."""
    for path in paths:
        if path.is_symlink() and not path.resolve().is_relative_to(store.resolve()):
            where = path.relative_to(store).as_posix()
            raise refusal(
                store,
                where,
                code="store-link",
                expected="files inside the store",
                found=f"a link that leads outside of it, to {path.readlink()}",
                hint="Copy what it leads to into the store.",
            )


def _nodes(store: Path, file: Path, meta: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Nodes that a metadata file describes, by their place in the store."""
    at = file.parent.relative_to(store).as_posix().removeprefix(".")
    nodes = {} if file.name in {".zattrs", ".zgroup", ".zmetadata"} else {at: meta}
    listed = meta.get("metadata") if file.name == ".zmetadata" else None
    inline = meta.get("consolidated_metadata")
    if isinstance(inline, dict):
        listed = inline.get("metadata")
    for place, node in (listed if isinstance(listed, dict) else {}).items():
        if isinstance(node, dict) and (inline or place.endswith(".zarray")):
            key = f"{at}/{place}".strip("/").removesuffix("/.zarray")
            nodes[f"{key}#listed"] = node
    return nodes


def _judge_node(store: Path, place: str, meta: dict[str, Any]) -> int:
    """Bytes that an array claims; refuses pickles and shapes that are none."""
    place = place.removesuffix("#listed")
    if "shape" not in meta:
        return 0
    codecs = [meta.get("codecs"), meta.get("filters"), meta.get("compressor")]
    if "pickle" in json.dumps(codecs).lower():
        raise refusal(
            store,
            place,
            code="store-pickle",
            expected="plain arrays",
            found="an array that is decoded by a pickle",
            hint="Such files can run code when they are read, so they are not.",
        )
    shape = meta["shape"]
    if not isinstance(shape, list) or any(not isinstance(n, int) or n < 0 for n in shape):
        raise refusal(
            store,
            place,
            code="store-shape",
            expected="a shape of whole numbers",
            found=f"{shape!r}",
            hint="Restore this array from a copy.",
        )
    try:
        size = np.dtype(meta.get("data_type", meta.get("dtype", ""))).itemsize
    except TypeError:
        size = TEXT_BYTES
    return math.prod(shape) * (size or TEXT_BYTES)


def _judge_picture(store: Path, place: str, claimed: int) -> None:
    """Refuse a picture that claims more than the memory and has next to nothing on disk."""
    free = free_memory()
    if claimed <= free:
        return
    place = place.removesuffix("#listed")
    files = (p for p in (store / place).rglob("*") if p.is_file())
    there = 0
    for n, file in enumerate(files):
        there += file.stat().st_size
        if n > MOST_FILES or there * HOLLOW >= claimed:
            return
    raise refusal(
        store,
        place,
        code=f"claims-{place.split('/')[0]}",
        expected=f"a picture that its {there:,} bytes on disk can hold",
        found=f"one that claims {claimed / GIB:,.0f} GiB, where "
        f"{free / GIB:.1f} GiB of memory are free",
        hint="Check that the file is what you think it is.",
    )


def _hidden(store: Path) -> list[Problem]:
    """Elements whose names keep every reader from seeing them."""
    hidden = sorted(f"{k}/{p.name}" for k in KINDS for p in (store / k).glob(".*") if p.is_dir())
    if not hidden:
        return []
    return [
        remark(
            "element-hidden",
            str(store),
            hidden[0],
            expected="names that do not begin with a dot",
            found=f"{len(hidden)} elements that no reader sees",
            hint="Rename the folder if the element is wanted.",
        )
    ]


def unread(store: Path, sdata: SpatialData) -> list[Problem]:
    """Say which tables lie in the store and were not read.

    Parameters
    ----------
    store : Path
        Root of the store.
    sdata : SpatialData
        What was read from it.
    """
    there = {p.name for p in (store / "tables").glob("[!.]*") if p.is_dir()}
    lost = sorted(there - set(sdata.tables))
    if not lost:
        return []
    say = remark if sdata.tables else refuse
    return [
        say(
            "element-unread",
            str(store),
            f"tables/{lost[0]}",
            expected="tables that SpatialData wrote",
            found=f"{len(lost)} that it does not read, such as those that anndata wrote by itself",
            hint="Link them to their spots with TableModel.parse and write them with SpatialData.",
        )
    ]


def plain_tables(store: Path) -> list[str]:
    """Names of tables in a store that lack the marks of SpatialData."""
    found = []
    for file in sorted((store / "tables").glob("[!.]*/zarr.json")):
        marks = read_metadata(file).get("attributes", {})
        if marks.get("encoding-type") == "anndata" and "spatialdata-encoding-type" not in marks:
            found.append(file.parent.name)
    return found
