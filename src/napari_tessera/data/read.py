"""Open a tissue or a reference, whatever it is kept in, or say clearly why not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.data.claims import check_h5ad
from napari_tessera.data.foreign import check_folder, check_not_inside, foreign_file
from napari_tessera.data.missing import check_pieces, damaged_piece
from napari_tessera.data.pictures import check_scale
from napari_tessera.data.problems import refusal
from napari_tessera.data.store_claims import check_kind, check_store, plain_tables, unread

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.errors import RefusedError
    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.contract.report import Problem

REMOTE = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/{1,2}([^/].*)$")
"""Addresses; a path object has only one slash left of the two."""


@dataclass(frozen=True, kw_only=True)
class Tissue:
    """An open tissue.

    Parameters
    ----------
    sdata : SpatialData
        The object.
    path : Path or None
        Its ``.zarr`` store; None where it lives only in memory.
    title : str
        Name for people.
    repairs : tuple of Problem
        What was mended while it was converted.
    remarks : tuple of Problem
        What else was noticed while it was opened.
    """

    sdata: SpatialData
    path: Path | None
    title: str
    repairs: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()


def open_tissue(
    source: Path | str | SpatialData | AnnData,
    *,
    image: Path | None = None,
    image_scale: PictureScale = 1.0,
) -> Tissue:
    """Open a SpatialData ``.zarr``, an ``.h5ad``, a vendor's folder, or an object.

    Parameters
    ----------
    source : Path, str, SpatialData or AnnData
        What to open.
    image : Path, optional
        Picture that lies beside the table.
    image_scale : float or tuple of float
        Picture pixels per unit of the spots' coordinates, or the numbers of an affine map.

    Raises
    ------
    InputError
        If it is missing, remote, not a tissue, or cannot be read.
    """
    check_scale(image_scale)
    if not isinstance(source, Path | str):
        return _wrap(source, image, image_scale)
    path = existing_path(source, "TISSUE")
    if path.is_dir() and is_zarr(path):
        from napari_tessera.data.convert import add_picture

        sdata, remarks = _read_store(path)
        if image is not None:
            add_picture(sdata, Path(image), image_scale)
        return Tissue(sdata=sdata, path=path, title=path.stem, remarks=remarks)
    if path.is_dir():
        check_folder(path)
        from napari_tessera.data.vendor import read_vendor_folder

        return Tissue(sdata=read_vendor_folder(path), path=None, title=path.name)
    if path.suffix == ".h5ad":
        from napari_tessera.data.convert import from_anndata

        sdata, repairs = from_anndata(
            read_h5ad(path), path.stem, folder=path.parent, image=image, image_scale=image_scale
        )
        return Tissue(sdata=sdata, path=None, title=path.stem, repairs=repairs)
    if path.suffix == ".zarr":
        raise refusal(
            path,
            code="store-file",
            expected="a SpatialData store, which is a folder",
            found="a file",
            hint="Copy the whole folder.",
        )
    raise foreign_file(path, "a SpatialData .zarr, an .h5ad or a vendor's folder")


def read_reference(source: Path | str | AnnData) -> AnnData:
    """Read a single-cell reference.

    Parameters
    ----------
    source : Path, str or AnnData
        An ``.h5ad`` file, or the object itself.

    Raises
    ------
    InputError
        If it is missing or not an ``.h5ad``.
    """
    if not isinstance(source, Path | str):
        return source
    path = existing_path(source, "REFERENCE")
    if path.is_dir():
        if is_zarr(path):
            check_kind(path)
            raise refusal(
                path,
                code="reference-store",
                expected="an .h5ad with the reference cells",
                found="a zarr store",
                hint="Write the table with write_h5ad.",
            )
        raise refusal(
            path,
            code="reference-folder",
            expected="an .h5ad with the reference cells",
            found="a folder",
            hint="Choose the .h5ad file itself.",
        )
    if path.suffix != ".h5ad":
        raise foreign_file(path, "an .h5ad with the reference cells")
    return read_h5ad(path)


def existing_path(source: Path | str, what: str) -> Path:
    """Check that a path is local and there.

    Raises
    ------
    RefusedError
        If it is remote or missing.
    """
    if address := REMOTE.match(str(source)):
        raise refusal(
            what,
            code="path-remote",
            expected="a file or folder on this machine",
            found=f"the address {address[1]}://{address[2]}",
            hint="Remote stores are not read: download or mount it first.",
        )
    path = Path(source).expanduser()
    if path.is_symlink() and not path.exists():
        raise refusal(
            what,
            code="path-link",
            expected="a file or folder",
            found=f"the link {path}, which leads nowhere or in a circle",
            hint="Mend the link, or give the path of the data.",
        )
    if not path.exists():
        raise refusal(
            what,
            code="path-missing",
            expected="a file or folder",
            found=f"nothing at {path}",
            hint="Check the spelling of the path.",
        )
    if not (path.is_file() or path.is_dir()):
        raise refusal(
            what,
            code="path-device",
            expected="a file or folder",
            found=f"{path}, a pipe or device",
            hint="Save the data as a file.",
        )
    if not os.access(path, os.R_OK):
        raise refusal(
            what,
            code="path-forbidden",
            expected="a file or folder that can be read",
            found=f"no right to read {path}",
            hint="Ask its owner for the right.",
        )
    return path


def read_h5ad(path: Path) -> AnnData:
    """Read an ``.h5ad``; nothing in it is read before its sizes and links are known.

    Raises
    ------
    RefusedError
        If the file is not one, is damaged, or claims more than the memory.
    """
    import anndata

    check_h5ad(path)
    try:
        return anndata.read_h5ad(path)
    except Exception as error:  # any library error is the file's
        what = f"{type(error).__name__}: {error}"
        raise refusal(
            path,
            code="h5ad-unreadable",
            expected="an AnnData file",
            found=f"one that cannot be read ({what})",
            hint="Write it again with anndata's write_h5ad.",
        ) from error


def is_zarr(path: Path) -> bool:
    """Whether a folder is the root of a zarr store."""
    return path.suffix == ".zarr" or any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zattrs")
    )


def _read_store(path: Path) -> tuple[SpatialData, tuple[Problem, ...]]:
    """Read a SpatialData store, with the file named where one is broken."""
    import spatialdata

    if not any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise refusal(
            path,
            code="store-no-root",
            expected="a zarr store",
            found="neither zarr.json nor .zgroup in it",
            hint="Choose the folder that ends in .zarr and holds these files.",
        )
    check_not_inside(path)
    check_kind(path)
    remarks = check_store(path)
    from napari_tessera.data.commit import recover

    recover(path)
    check_pieces(path)
    try:
        sdata = spatialdata.read_zarr(path)
    except Exception as error:  # any library error is the store's
        raise _unreadable(path, error) from error
    if not list(sdata.gen_elements()):
        raise refusal(
            path,
            code="store-empty",
            expected="a SpatialData store with elements",
            found="an empty one",
            hint="Check that this is the right folder.",
        )
    return sdata, (*remarks, *unread(path, sdata))


def _unreadable(path: Path, error: Exception) -> RefusedError:
    """Say why SpatialData does not read a store."""
    what = f"{type(error).__name__}: {error}"
    if plain := plain_tables(path):
        return refusal(
            path,
            f"tables/{plain[0]}",
            code="table-plain",
            expected="tables that SpatialData wrote",
            found="one that anndata wrote by itself",
            hint="Link it to its spots with TableModel.parse and write it with SpatialData.",
        )
    if type(error).__name__ == "ValidationError":
        return refusal(
            path,
            code="element-invalid",
            expected="elements that SpatialData takes",
            found=str(error).splitlines()[-1].strip().rstrip("."),
            hint="Mend this element.",
        )
    if isinstance(error, TypeError) and "instance_key" in str(error):
        return refusal(
            path,
            "instance_key",
            code="table-keys",
            expected="ids that are whole numbers or text",
            found=str(error).split("Found", 1)[-1].strip(" ."),
            hint="Convert the column and write the table again.",
        )
    return refusal(
        path,
        damaged_piece(path),
        code="store-damaged",
        expected="a readable SpatialData store",
        found=f"damage ({what})",
        hint="Restore it from a copy; nothing was changed.",
    )


def _wrap(source: SpatialData | AnnData, image: Path | None, image_scale: PictureScale) -> Tissue:
    """Take an object from memory."""
    if hasattr(source, "tables"):
        path = getattr(source, "path", None)
        title = Path(path).stem if path is not None else "tissue"
        return Tissue(sdata=source, path=None if path is None else Path(path), title=title)
    from napari_tessera.data.convert import from_anndata

    sdata, repairs = from_anndata(source, "tissue", image=image, image_scale=image_scale)
    return Tissue(sdata=sdata, path=None, title="tissue", repairs=repairs)
