"""Files of other kinds given by mistake, damaged files, pictures beside tables, recipes."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import Any

import numpy as np

from napari_tessera.testing.bad_inputs import BadInput, Ground, Row, both, flags, listed, spots

ENDINGS = (
    (".loom", "loom"), (".csv", "csv"), (".tsv", "tsv"), (".txt", "txt"), (".mtx", "mtx"),
    (".h5", "h5"), (".rds", "rds"), (".RData", "rdata"), (".h5seurat", "h5seurat"),
    (".h5mu", "h5mu"), (".zip", "zip"), (".tar", "tar"), (".gz", "gzip"), (".pkl", "pickle"),
    (".joblib", "joblib"), (".pt", "torch"), (".npy", "npy"), (".npz", "npz"),
    (".parquet", "parquet"), (".xlsx", "excel"), (".json", "json"), (".geojson", "geojson"),
    (".tif", "picture"), (".svs", "slide"), (".docx", "unknown"),
)  # fmt: skip


def tissue_called(ending: str, content: bytes = b"content") -> Any:  # noqa: ANN401
    """Give a file of another ending as the tissue."""

    def make(ground: Ground) -> None:
        ground.tissue = ground.folder / f"data{ending}"
        ground.tissue.write_bytes(content)
        ground.flags += ["--out", str(ground.folder / "out.zarr")]

    return make


def reference_called(ending: str, content: bytes = b"content") -> Any:  # noqa: ANN401
    """Give a file of another ending as the reference."""

    def make(ground: Ground) -> None:
        ground.reference = ground.folder / f"cells{ending}"
        ground.reference.write_bytes(content)

    return make


def reference_is(path: str) -> Any:  # noqa: ANN401
    """Give another path as the reference."""

    def make(ground: Ground) -> None:
        ground.reference = ground.folder / path

    return make


def tissue_is(path: str) -> Any:  # noqa: ANN401
    """Give another path, or an address, as the tissue."""

    def make(ground: Ground) -> None:
        ground.tissue = type(ground.tissue)(path) if ":" in path else ground.folder / path
        ground.flags += ["--out", str(ground.folder / "out.zarr")]

    return make


def kinds() -> list[Row]:
    """Files of other kinds."""
    given: list[Row] = [
        (f"a {ending} file as the tissue", f"file-{code}", "refuse", tissue_called(ending))
        for ending, code in ENDINGS
    ]
    given += [
        (f"a {ending} file as the reference", f"file-{code}", "refuse", reference_called(ending))
        for ending, code in ENDINGS[:8]
    ]
    return [
        *given,
        ("a store as the reference", "reference-store", "refuse", reference_is("tissue.zarr")),
        ("a folder as the reference", "reference-folder", "refuse", reference_is(".")),
        ("a reference that is not there", "path-missing", "refuse", reference_is("nowhere.h5ad")),
        ("a tissue that is not there", "path-missing", "refuse", tissue_is("nowhere.zarr")),
        ("an http address", "path-remote", "refuse", tissue_is("https://example.org/x.zarr")),
        ("an s3 address", "path-remote", "refuse", tissue_is("s3://bucket/x.zarr")),
        ("a folder called .h5ad", "folder-h5ad", "refuse", vendor("x.h5ad", "a.txt")),
        ("an empty vendor folder", "folder-empty", "refuse", vendor("run1")),
        ("a folder of no vendor", "folder-unknown", "refuse", vendor("run1", "notes.txt")),
        ("a Xenium folder with one file", "vendor-xenium", "refuse", vendor("run1", "experiment.xenium")),
        ("a Visium folder with one file", "vendor-visium", "refuse", vendor("run1", "filtered_feature_bc_matrix.h5")),
        ("a MERSCOPE folder with one file", "vendor-merscope", "refuse", vendor("run1", "cell_by_gene.csv")),
        ("a Visium HD folder with one part", "vendor-visium-hd", "refuse", vendor("run1", "binned_outputs")),
    ]  # fmt: skip


def vendor(folder: str, *names: str) -> Any:  # noqa: ANN401
    """Give a folder with such files as the tissue."""

    def make(ground: Ground) -> None:
        ground.tissue = ground.folder / folder
        ground.tissue.mkdir()
        for name in names:
            (ground.tissue / name).write_text("{}")
        ground.flags += ["--out", str(ground.folder / "out.zarr")]

    return make


def hdf5(*names: str) -> Any:  # noqa: ANN401
    """Write an HDF5 file with such groups as the reference."""

    def make(ground: Ground) -> None:
        import h5py

        with h5py.File(ground.reference, "w") as file:
            for name in names:
                file.create_group(name)

    return make


def cut_cells(keep: float) -> Any:  # noqa: ANN401
    """Cut the reference off."""

    def make(ground: Ground) -> None:
        raw = ground.reference.read_bytes()
        ground.reference.write_bytes(raw[: int(len(raw) * keep)])

    return make


def contents() -> list[Row]:
    """Files called .h5ad that are none, and damaged ones."""
    called = partial(reference_called, ".h5ad")
    return [
        ("text called .h5ad", "h5ad-text", "refuse", called(b"gene,count\nA,1\n")),
        ("an empty .h5ad", "h5ad-empty", "refuse", called(b"")),
        ("a Git LFS pointer", "h5ad-lfs", "refuse", called(b"version https://git-lfs.github.com/spec/v1\n")),
        ("a web page saved as .h5ad", "h5ad-html", "refuse", called(b"<!DOCTYPE html><html>")),
        ("a zip called .h5ad", "h5ad-zipped", "refuse", called(b"PK\x03\x04rest")),
        ("a gzip called .h5ad", "h5ad-gzipped", "refuse", called(b"\x1f\x8b\x08rest")),
        ("a Parquet file called .h5ad", "h5ad-parquet", "refuse", called(b"PAR1rest")),
        ("JSON called .h5ad", "h5ad-json", "refuse", called(b'{"a": 1}')),
        ("unknown bytes called .h5ad", "h5ad-bytes", "refuse", called(b"\x00\x01\x02\x03")),
        ("an .h5ad cut off", "h5ad-damaged", "refuse", cut_cells(0.4)),
        ("a 10x matrix called .h5ad", "hdf5-tenx", "refuse", hdf5("matrix")),
        ("a loom called .h5ad", "hdf5-loom", "refuse", hdf5("matrix", "row_attrs")),
        ("a MuData called .h5ad", "hdf5-mudata", "refuse", hdf5("mod")),
        ("a Seurat file called .h5ad", "hdf5-seurat", "refuse", hdf5("assays")),
        ("an HDF5 file of another program", "hdf5-other", "refuse", hdf5("entry")),
        ("obs and var of an unknown kind", "h5ad-unreadable", "refuse", hdf5("obs", "var", "X")),
        ("text called .h5ad as the tissue", "h5ad-text", "refuse", tissue_called(".h5ad")),
        ("names that SpatialData refuses", "name-renamed", "repair", spots(
            lambda a: a.obs.rename(columns={"label": "n counts/x"}, inplace=True))),
        ("a column with a name of 300 bytes", "name-renamed", "repair", spots(
            lambda a: a.obs.rename(columns={"label": "n" * 300}, inplace=True))),
    ]  # fmt: skip


def picture(name: str, make: Any, *more: str) -> Any:  # noqa: ANN401
    """Give a picture file beside the table; `make` writes it."""

    def spoil(ground: Ground) -> None:
        ground.as_spots()
        path = ground.folder / name
        make(path)
        ground.flags += ["--image", str(path), *more]

    return spoil


def landmarks(text: str | None) -> Any:  # noqa: ANN401
    """Give a good picture, and landmarks of this text beside it."""

    def spoil(ground: Ground) -> None:
        pairs = ground.folder / "pairs.csv"
        picture("he.png", drawn("uint8"), "--image-landmarks", str(pairs))(ground)
        if text is not None:
            pairs.write_text(text)

    return spoil


def holding(raw: bytes) -> Any:  # noqa: ANN401
    """Write bytes."""
    return lambda path: path.write_bytes(raw)


def drawn(kind: str, mode: str = "") -> Any:  # noqa: ANN401
    """Draw a real picture of numpy type `kind`, in a colour mode of Pillow's."""

    def write(path: Any) -> None:  # noqa: ANN401
        from PIL import Image

        shape = (40, 50) if kind != "uint8" else (40, 50, 3)
        image = Image.fromarray(np.full(shape, 90, dtype=kind))
        (image.convert(mode) if mode else image).save(path)

    return write


def half(path: Any) -> None:  # noqa: ANN401
    """Write a picture that is cut off."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    from PIL import Image

    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:4000])


def bomb(side: int) -> bytes:
    """Head of a PNG that claims to be so wide and high."""
    import struct
    import zlib

    body = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
    data = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return head + struct.pack(">I", zlib.crc32(body)) + data


def pictures() -> list[Row]:
    """Pictures beside the table."""
    good = drawn("uint8")
    return [
        ("a picture that is not there", "picture-missing", "refuse", picture("he.png", lambda _p: None)),
        ("a folder called .png", "picture-folder", "refuse", picture("he.png", lambda p: p.mkdir())),
        ("an empty picture", "picture-empty", "refuse", picture("he.png", holding(b""))),
        ("text called .png", "picture-other", "refuse", picture("he.png", holding(b"not a picture"))),
        ("a picture as Git LFS pointer", "picture-lfs", "refuse", picture("he.png", holding(b"version https://git-lfs"))),
        ("a picture cut off", "picture-damaged", "refuse", picture("he.png", half)),
        ("a PNG that claims 60,000 x 60,000", "picture-bomb", "refuse", picture("he.png", holding(bomb(60_000)))),
        ("a scale of 0", "picture-scale", "refuse", picture("he.png", good, "--image-scale", "0")),
        ("a scale below 0", "picture-scale", "refuse", picture("he.png", good, "--image-scale=-1")),
        ("a scale of NaN", "picture-scale", "refuse", picture("he.png", good, "--image-scale", "nan")),
        ("two landmarks", "landmarks", "refuse", landmarks("picture_x,picture_y,x,y\n0,0,0,0\n9,9,9,9\n")),
        ("landmarks on a line", "landmarks", "refuse", landmarks("picture_x,picture_y,x,y\n0,0,0,0\n1,1,1,0\n2,2,0,1\n")),
        ("landmarks under other names", "landmarks", "refuse", landmarks("u,v,x,y\n0,0,0,0\n")),
        ("landmarks that are not there", "landmarks", "refuse", landmarks(None)),
        ("a 16-bit PNG", "", "accept", picture("he.png", drawn("uint16"))),
        ("a CMYK JPEG", "", "accept", picture("he.jpg", drawn("uint8", "CMYK"))),
        ("a PNG with a palette", "", "accept", picture("he.png", drawn("uint8", "P"))),
        ("a PNG of one bit", "", "accept", picture("he.png", drawn("uint8", "1"))),
        ("a name with spaces and umlauts", "", "accept", picture("Schnitt ä 1.png", good)),
    ]  # fmt: skip


def moved(ground: Ground) -> None:
    """Give the store a name with spaces and umlauts."""
    ground.tissue = ground.folder / "Gewebe ä 1.zarr"
    shutil.move(ground.store, ground.tissue)


def outs() -> list[Row]:
    """Targets."""
    return [
        ("a target that is a text file", "", "refuse", both(
            lambda g: (g.folder / "o.zarr").write_text("x"), lambda g: g.flags.extend(["--out", str(g.folder / "o.zarr")]))),
        ("a target without .zarr", "", "refuse", flags("--out", "out.h5ad")),
        ("an .h5ad without a target", "", "refuse", lambda g: setattr(g, "tissue", g.folder / "spots.h5ad")),
        ("a target in a folder that is not there", "", "refuse", flags("--out", "/nowhere/at/all/out.zarr")),
        ("a store name with spaces and umlauts", "", "accept", moved),
    ]  # fmt: skip


def recipes() -> dict[str, str]:
    """Recipes (``spec.json``) that are none, by what is wrong with each."""
    good: dict[str, Any] = {
        "method": "baseline",
        "selection": {},
        "tissue": "t.zarr",
        "reference": "r.h5ad",
    }
    selection = {"selection": {"nonsense": 1}}
    return {
        "an empty file": "",
        "text": "not json",
        "cut off": json.dumps(good)[:30],
        "a list": "[]",
        "null": "null",
        "brackets without end": "[" * 100_000,
        "no method": json.dumps({k: v for k, v in good.items() if k != "method"}),
        "an unknown method": json.dumps({**good, "method": "nonsense"}),
        "an unknown field": json.dumps({**good, "nonsense": 1}),
        "an unknown choice": json.dumps({**good, **selection}),
        "a selection that is text": json.dumps({**good, "selection": "all"}),
        "an unknown option": json.dumps({**good, "options": {"nonsense": 1}}),
        "options as a list": json.dumps({**good, "options": [1]}),
        "a method that is a number": json.dumps({**good, "method": 5}),
        "a tissue that is a number": json.dumps({**good, "tissue": 5}),
        "a table that is a number": json.dumps({**good, "selection": {"table": 5}}),
        "genes as text": json.dumps({**good, "selection": {"genes": "CD3D"}}),
        "genes that are numbers": json.dumps({**good, "selection": {"genes": [1, 2]}}),
        "a scale that is text": json.dumps({**good, "image_scale": "large"}),
        "a tissue that is not there": json.dumps(good),
        "no tissue": json.dumps({**good, "tissue": ""}),
    }  # fmt: skip


def cases() -> tuple[BadInput, ...]:
    """Give all of this room."""
    return (
        *listed("Files of other kinds", kinds()),
        *listed("Contents of files", contents()),
        *listed("Pictures beside tables", pictures()),
        *listed("Targets", outs()),
    )
