"""Hostile files: pickles that would run code, links and names that lead out, absurd sizes."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import tarfile
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.testing.bad_inputs import BadInput, Ground, Row, both, flags, listed
from napari_tessera.testing.bad_inputs_files import vendor

if TYPE_CHECKING:
    from pathlib import Path

TERA = 10**12


class Payload:
    """Pickles to a call that makes a file: whoever unpickles it has run code."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str, int]]:
        return os.open, (str(self.marker), os.O_CREAT | os.O_WRONLY)


def payload(ground: Ground) -> bytes:
    """Pickle that makes the marker."""
    return pickle.dumps(Payload(ground.marker))


def tissue_file(name: str, wrap: Any = None) -> Any:  # noqa: ANN401
    """Give the payload, wrapped, as the tissue."""

    def make(ground: Ground) -> None:
        ground.tissue = ground.folder / name
        ground.tissue.write_bytes((wrap or bytes)(payload(ground)))
        ground.flags += ["--out", str(ground.folder / "out.zarr")]

    return make


def reference_file(name: str, wrap: Any = None) -> Any:  # noqa: ANN401
    """Give the payload, wrapped, as the reference."""

    def make(ground: Ground) -> None:
        ground.reference = ground.folder / name
        ground.reference.write_bytes((wrap or bytes)(payload(ground)))

    return make


def numpy_object(raw: bytes) -> bytes:
    """Array file of numpy that holds a pickle."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    return head.getvalue() + raw


def zipped(name: str, raw: bytes) -> bytes:
    """Zip with one file of such a name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, raw)
    return out.getvalue()


def tarred(name: str, raw: bytes) -> bytes:
    """Tar with one file of such a name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))
    return out.getvalue()


def old_array(where: str, entry: dict[str, Any]) -> Any:  # noqa: ANN401
    """Put a zarr 2 array with the payload as its piece into the store."""

    def make(ground: Ground) -> None:
        folder = ground.store / where
        folder.mkdir(parents=True)
        meta = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "order": "C",
                "compressor": None, "fill_value": 0, "filters": None}  # fmt: skip
        (folder / ".zarray").write_text(json.dumps({**meta, **entry}))
        (folder / "0").write_bytes(payload(ground))

    return make


def codec(ground: Ground) -> None:
    """Let a pickle decode the counts."""
    ground.edit_json(
        "tables/table/X/data", lambda m: m.update(codecs=[{"name": "numcodecs.pickle"}])
    )


def claim(where: str, shape: list[int]) -> Any:  # noqa: ANN401
    """Let an array of the store claim a shape."""
    return lambda ground: ground.edit_json(where, lambda meta: meta.update(shape=shape))


def tiny(kind: str) -> Any:  # noqa: ANN401
    """Add a picture or labels of a few hundred bytes that claim 4 TB."""

    def make(ground: Ground) -> None:
        folder = ground.store / kind / "huge" / "0"
        folder.mkdir(parents=True)
        meta = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [2 * 10**6, 2 * 10**6],
            "data_type": "uint8",
        }
        (folder / "zarr.json").write_text(json.dumps(meta))

    return make


def big_dataset(where: str, shape: tuple[int, ...]) -> Any:  # noqa: ANN401
    """Let an array of the reference claim a shape."""

    def make(ground: Ground) -> None:
        import h5py

        with h5py.File(ground.reference, "a") as file:
            if where in file:
                del file[where]
            file.create_dataset(where, shape=shape, dtype="f4", chunks=True)

    return make


def linked(where: str, make_link: Any) -> Any:  # noqa: ANN401
    """Put a link into the reference."""

    def make(ground: Ground) -> None:
        import h5py

        with h5py.File(ground.reference, "a") as file:
            if where in file:
                del file[where]
            file[where] = make_link(h5py, file)

    return make


def elsewhere(ground: Ground) -> None:
    """Let an array of the reference keep its values in another file."""
    import h5py

    with h5py.File(ground.reference, "a") as file:
        file.create_dataset("uns/x", (10,), "u1", external=[("/etc/hostname", 0, 10)])


def virtual(ground: Ground) -> None:
    """Let an array of the reference be put together from another file."""
    import h5py

    layout = h5py.VirtualLayout(shape=(10,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", shape=(10,))
    with h5py.File(ground.reference, "a") as file:
        file.create_virtual_dataset("uns/x", layout)


def symlink(where: str, target: str) -> Any:  # noqa: ANN401
    """Replace a part of the store by a link."""

    def make(ground: Ground) -> None:
        path = ground.store / where
        outside = ground.folder / "outside"
        if path.is_dir():
            shutil.move(path, outside)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(outside if target == "moved" else target)

    return make


def circle(ground: Ground) -> None:
    """Give a link that leads to itself."""
    ground.tissue = ground.folder / "loop.zarr"
    ground.tissue.symlink_to(ground.tissue)


def pipe(ground: Ground) -> None:
    """Give a named pipe, which would be waited for without end."""
    ground.reference = ground.folder / "pipe.h5ad"
    os.mkfifo(ground.reference)


def evil_indices(ground: Ground) -> None:
    """Let the sparse indices of the reference point far outside."""
    import h5py

    with h5py.File(ground.reference, "a") as file:
        values = file["X/indices"][:]
        values[0] = 2**30
        file["X/indices"][:] = values


def deep(ground: Ground) -> None:
    """Write brackets without end as the root."""
    (ground.store / "zarr.json").write_text("[" * 100_000)


WRAPPED: tuple[tuple[str, str, Any], ...] = (
    ("x.pkl", "file-pickle", None),
    ("x.joblib", "file-joblib", None),
    ("x.pt", "file-torch", partial(zipped, "archive/data.pkl")),
    ("x.npy", "file-npy", numpy_object),
    ("x.npz", "file-npz", lambda raw: zipped("a.npy", numpy_object(raw))),
    ("x.h5ad", "h5ad-pickled", None),
)
"""Names for a pickle, and what is put around it."""


def pickles() -> list[Row]:
    """Files whose code must not run."""
    pickled = {"filters": [{"id": "pickle"}]}
    given: tuple[tuple[str, Any], ...] = (("tissue", tissue_file), ("reference", reference_file))
    named: list[Row] = [
        (f"a pickle called {name} ({side})", code, "refuse", make(name, wrap))
        for side, make in given
        for name, code, wrap in WRAPPED
    ]
    return [
        *named,
        ("a pickle as a table's filter", "store-pickle", "refuse", old_array("tables/evil", pickled)),
        ("a pickle as object codec", "store-pickle", "refuse", old_array("tables/table/uns/evil", {"object_codec": "pickle", **pickled})),
        ("a pickle as a picture's filter", "store-pickle", "refuse", old_array("images/evil", pickled)),
        ("a pickle as compressor", "store-pickle", "refuse", old_array("labels/evil", {"compressor": {"id": "pickle"}})),
        ("a pickle as codec of zarr 3", "store-pickle", "refuse", codec),
        ("a pickle in a Xenium folder", "vendor-xenium", "refuse", both(
            vendor("run1", "experiment.xenium"), lambda g: (g.tissue / "cells.npy").write_bytes(payload(g)))),
        ("a pickle in a Visium folder", "vendor-visium", "refuse", both(
            vendor("run1"), lambda g: (g.tissue / "filtered_feature_bc_matrix.h5").write_bytes(payload(g)))),
    ]  # fmt: skip


def leading_out() -> list[Row]:
    """Names and links that lead out."""
    return [
        ("a zip with ../ in a name", "file-zip", "refuse", tissue_file("x.zip", partial(zipped, "../code_ran"))),
        ("a tar with ../ in a name", "file-tar", "refuse", tissue_file("x.tar", partial(tarred, "../code_ran"))),
        ("a tar with an absolute name", "file-tar", "refuse", tissue_file("x.tgz", partial(tarred, "/tmp/code_ran"))),  # noqa: S108
        ("a table called ../../evil", "table-missing", "refuse", flags("--table", "../../evil")),
        ("an image called ../../evil", "image-missing", "refuse", flags("--image", "../../evil")),
        ("a table that is a link out", "store-link", "refuse", symlink("tables/table", "moved")),
        ("shapes that are a link out", "store-link", "refuse", symlink("shapes/spots", "moved")),
        ("a picture that is a link out", "store-link", "refuse", symlink("images/he", "moved")),
        ("an element linked to /etc", "store-link", "refuse", symlink("tables/etc", "/etc")),
        ("a link that leads to itself", "path-link", "refuse", circle),
        ("a named pipe", "path-device", "refuse", pipe),
        ("an HDF5 link to another file", "h5ad-link", "refuse", linked("uns/x", lambda h, _f: h.ExternalLink("/etc/passwd", "/"))),
        ("an HDF5 link inside the file", "h5ad-link", "refuse", linked("uns/x", lambda h, _f: h.SoftLink("/X"))),
        ("an HDF5 group that holds itself", "h5ad-circle", "refuse", linked("uns/x", lambda _h, f: f["/"])),
        ("an HDF5 array kept in another file", "h5ad-elsewhere", "refuse", elsewhere),
        ("an HDF5 array put together from others", "h5ad-elsewhere", "refuse", virtual),
    ]  # fmt: skip


def sizes() -> list[Row]:
    """Claims that no memory holds, and numbers that point outside."""
    return [
        ("counts that claim 4 TB", "claims-memory", "refuse", claim("tables/table/X/data", [TERA])),
        ("names that claim 16 TB", "claims-memory", "refuse", claim("tables/table/obs/_index", [TERA])),
        ("labels that claim 4 TB in 100 bytes", "claims-labels", "refuse", tiny("labels")),
        ("a picture that claims 4 TB in 100 bytes", "claims-images", "refuse", tiny("images")),
        ("a dense .h5ad that claims 4 TB", "claims-memory", "refuse", big_dataset("X", (10**6, 10**6))),
        ("an embedding that claims 4 TB", "claims-memory", "refuse", big_dataset("obsm/x", (10**6, 10**6))),
        ("a shape below 0", "store-shape", "refuse", claim("tables/table/X/data", [-5])),
        ("a shape beyond 64 bits", "claims-memory", "refuse", claim("tables/table/X/data", [10**30])),
        ("sparse indices that point outside", "counts-indices", "refuse", evil_indices),
        ("metadata nested without end", "metadata-deep", "refuse", deep),
    ]  # fmt: skip


def cases() -> tuple[BadInput, ...]:
    """Give all of this room."""
    return (
        *listed("Hostile: code", pickles()),
        *listed("Hostile: ways out", leading_out()),
        *listed("Hostile: sizes", sizes()),
    )
