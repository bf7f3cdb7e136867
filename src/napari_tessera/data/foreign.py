"""Files and folders that are something else than what was asked for, and what to do with each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.data.problems import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.errors import RefusedError

READ_WITH = "Read it with scanpy.read_{} and write it with write_h5ad."
IN_R = "Convert it in R (zellkonverter::writeH5AD, or SeuratDisk) to .h5ad."
UNPACK = "Unpack it yourself and choose what is inside; archives are never unpacked here."
NEVER = "Such files can run code when they are read, so they are not; write it as .h5ad."

KINDS: dict[str, tuple[str, str, str]] = {
    ".loom": ("loom", "a loom file", READ_WITH.format("loom")),
    ".csv": ("csv", "a text table (.csv)", READ_WITH.format("csv")),
    ".tsv": ("tsv", "a text table (.tsv)", READ_WITH.format("csv(delimiter='\\t')")),
    ".txt": ("txt", "a text file", "Choose another file, or read it with scanpy.read_text."),
    ".mtx": ("mtx", "a Matrix Market file without its names", READ_WITH.format("10x_mtx")),
    ".h5": ("h5", "an HDF5 file, such as 10x writes", READ_WITH.format("10x_h5")),
    ".rds": ("rds", "an R object (.rds), such as Seurat's", IN_R),
    ".rdata": ("rdata", "an R workspace", IN_R),
    ".h5seurat": ("h5seurat", "a Seurat file", IN_R),
    ".h5mu": ("h5mu", "a MuData file of several modalities", "Write its rna modality as .h5ad."),
    ".zip": ("zip", "a zip archive", UNPACK),
    ".tar": ("tar", "a tar archive", UNPACK),
    ".tgz": ("tar", "a tar archive", UNPACK),
    ".gz": ("gzip", "a compressed file", UNPACK),
    ".pkl": ("pickle", "a pickle", NEVER),
    ".pickle": ("pickle", "a pickle", NEVER),
    ".joblib": ("joblib", "a joblib file, which is a pickle", NEVER),
    ".pt": ("torch", "a PyTorch file", NEVER),
    ".npy": ("npy", "a bare array without names", "Put it into an AnnData with names."),
    ".npz": ("npz", "bare arrays without names", "Put them into an AnnData with names."),
    ".parquet": ("parquet", "a Parquet table", "Put it into an AnnData with pandas."),
    ".xlsx": ("excel", "an Excel workbook", "Mind gene names that became dates; write .h5ad."),
    ".json": ("json", "a JSON file", "Choose the data, not their description."),
    ".geojson": ("geojson", "drawn shapes (GeoJSON)", "Shapes alone have no expression."),
    ".png": ("picture", "a picture", "Give it with --image beside a table of spots."),
    ".jpg": ("picture", "a picture", "Give it with --image beside a table of spots."),
    ".tif": ("picture", "a picture", "Give it with --image beside a table of spots."),
    ".svs": ("slide", "a whole-slide scan", "Save it as TIFF and give it with --image."),
}
"""What an ending tells: code, what it is, what to do."""

MAGIC: tuple[tuple[bytes, str, str, str], ...] = (
    (b"version https://git-lfs", "lfs", "a Git LFS pointer, not the data", "Run git lfs pull."),
    (b"<!DOCTYPE", "html", "a web page", "The download failed; fetch the file again."),
    (b"<html", "html", "a web page", "The download failed; fetch the file again."),
    (b"PK\x03\x04", "zipped", "a zip archive", UNPACK),
    (b"\x1f\x8b", "gzipped", "a gzip-compressed file", UNPACK),
    (b"\x80", "pickled", "a pickle", NEVER),
    (b"PAR1", "parquet", "a Parquet table", "Put it into an AnnData with pandas."),
    (b"{", "json", "JSON text", "Choose the data, not their description."),
)
"""What the first bytes tell."""

HDF5 = b"\x89HDF\r\n\x1a\n"


def foreign_file(path: Path, wanted: str) -> RefusedError:
    """Say what a file is that is not what was wanted.

    Parameters
    ----------
    path : Path
        The file.
    wanted : str
        What was expected, in words.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        found = f"another file ({path.suffix or 'without ending'})"
        hint = "Convert it to one of these, or choose another file."
        return refusal(path, code="file-unknown", expected=wanted, found=found, hint=hint)
    code, found, hint = kind
    return refusal(path, code=f"file-{code}", expected=wanted, found=found, hint=hint)


def check_hdf5_start(path: Path) -> None:
    """Refuse a file whose first bytes are not HDF5's.

    Raises
    ------
    RefusedError
        It says what the bytes are.
    """
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(HDF5):
        return
    where, expected = path, "an AnnData file (HDF5)"
    if not start:
        raise refusal(
            where,
            code="h5ad-empty",
            expected=expected,
            found="an empty file",
            hint="Copy or download it again.",
        )
    for magic, code, found, hint in MAGIC:
        if start.startswith(magic):
            raise refusal(where, code=f"h5ad-{code}", expected=expected, found=found, hint=hint)
    is_text = all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start)
    code, found = ("h5ad-text", "text") if is_text else ("h5ad-bytes", "unknown bytes")
    raise refusal(
        where,
        code=code,
        expected=expected,
        found=f"{found} ({start[:12]!r} ...)",
        hint="An ending does not make a file: write it with anndata's write_h5ad.",
    )


LAYOUTS: tuple[tuple[frozenset[str], str, str, str], ...] = (
    (frozenset({"matrix", "row_attrs"}), "loom", "a loom file", READ_WITH.format("loom")),
    (frozenset({"matrix"}), "tenx", "a matrix as 10x writes it", READ_WITH.format("10x_h5")),
    (frozenset({"mod"}), "mudata", "a MuData file", "Write its rna modality as .h5ad."),
    (frozenset({"assays"}), "seurat", "a Seurat file", IN_R),
)
"""Groups at the root of HDF5 files of others."""


def check_hdf5_layout(path: Path, root: Any) -> None:  # noqa: ANN401 - an h5py file
    """Refuse an HDF5 file of another program.

    Raises
    ------
    RefusedError
        It says which.
    """
    names = frozenset(root)
    if {"obs", "var"} <= names:
        return
    expected = "an AnnData file with obs and var"
    for marks, code, found, hint in LAYOUTS:
        if marks <= names:
            raise refusal(path, code=f"hdf5-{code}", expected=expected, found=found, hint=hint)
    found = f"an HDF5 file with {', '.join(sorted(names)[:5]) or 'nothing'}"
    raise refusal(
        path,
        code="hdf5-other",
        expected=expected,
        found=found,
        hint="Write it with anndata's write_h5ad.",
    )


def check_folder(path: Path) -> None:
    """Refuse a folder that holds nothing, holds a store, or lies inside one.

    Raises
    ------
    RefusedError
        It says where the store is.
    """
    if path.suffix == ".h5ad":
        raise refusal(
            path,
            code="folder-h5ad",
            expected="a file",
            found="a folder of that name",
            hint="Choose the file inside it.",
        )
    if not any(path.iterdir()):
        raise refusal(
            path,
            code="folder-empty",
            expected="a .zarr store or a vendor's folder",
            found="an empty folder",
            hint="Check the spelling of the path.",
        )
    stores = sorted(p.name for p in path.glob("*.zarr"))
    if stores and not any(path.glob("*.xenium")):
        raise refusal(
            path,
            code="folder-of-stores",
            expected="a .zarr store",
            found=f"a folder that holds {', '.join(stores[:3])}",
            hint="Choose the store inside it.",
        )


def check_not_inside(path: Path) -> None:
    """Refuse a group that is part of a larger store.

    Raises
    ------
    RefusedError
        It names the store.
    """
    kinds = {"tables", "images", "labels", "shapes", "points"}
    around = (path, *path.parents[:2])
    inner = next((p for p in around if p.name in kinds), None)
    if inner is not None and any((inner.parent / m).is_file() for m in ("zarr.json", ".zgroup")):
        raise refusal(
            path,
            code="store-inside",
            expected="a whole store",
            found=f"a part of {inner.parent}",
            hint=f"Choose {inner.parent}.",
        )
