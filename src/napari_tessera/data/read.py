"""Open a tissue or a reference, whatever it is kept in, or say clearly why not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError
from napari_tessera.data.claims import check_h5ad_claims, check_store_claims

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.report import Problem

ZARR_FORMATS = (2, 3)
REMOTE = ("http:/", "https:/", "s3:/", "gs:/", "ftp:/")


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
    """

    sdata: SpatialData
    path: Path | None
    title: str
    repairs: tuple[Problem, ...] = ()


def open_tissue(
    source: Path | str | SpatialData | AnnData,
    *,
    image: Path | None = None,
    image_scale: float = 1.0,
) -> Tissue:
    """Open a SpatialData ``.zarr``, an ``.h5ad``, a vendor's folder, or an object.

    Parameters
    ----------
    source : Path, str, SpatialData or AnnData
        What to open.
    image : Path, optional
        Picture that lies beside the table.
    image_scale : float
        Picture pixels per unit of the spots' coordinates.

    Raises
    ------
    InputError
        If it is missing, remote, not a tissue, or cannot be read.
    """
    if not 0 < image_scale < float("inf"):
        msg = f"--image-scale: expected a number above 0, found {image_scale}."
        raise InputError(msg, "Give the picture's pixels per unit of the coordinates.")
    if not isinstance(source, Path | str):
        return _wrap(source, image, image_scale)
    path = existing_path(source, "TISSUE")
    if path.is_dir() and is_zarr(path):
        from napari_tessera.data.convert import add_picture

        sdata = _read_store(path)
        if image is not None:
            add_picture(sdata, Path(image), image_scale)
        return Tissue(sdata=sdata, path=path, title=path.stem)
    if path.is_dir():
        from napari_tessera.data.vendor import read_vendor_folder

        return Tissue(sdata=read_vendor_folder(path), path=None, title=path.name)
    if path.suffix == ".h5ad":
        from napari_tessera.data.convert import from_anndata

        sdata, repairs = from_anndata(
            read_h5ad(path), path.stem, folder=path.parent, image=image, image_scale=image_scale
        )
        return Tissue(sdata=sdata, path=None, title=path.stem, repairs=repairs)
    found = path.suffix or "a file without ending"
    msg = f"{path}: expected a SpatialData .zarr, an .h5ad or a vendor's folder, found {found}."
    raise InputError(msg, "Convert it to one of these, or choose another file.")


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
    if path.suffix != ".h5ad":
        found = path.suffix or "a folder"
        msg = f"{path}: expected an .h5ad with the reference cells, found {found}."
        raise InputError(msg, "Write the reference with anndata's write_h5ad.")
    return read_h5ad(path)


def existing_path(source: Path | str, what: str) -> Path:
    """Check that a path is local and there.

    Raises
    ------
    InputError
        If it is remote or missing.
    """
    if str(source).startswith(REMOTE):
        msg = f"{what}: expected a file or folder on this machine, found the address {source}."
        raise InputError(msg, "Remote stores are not read: download or mount it first.")
    path = Path(source).expanduser()
    if not path.exists():
        msg = f"{what}: expected a file or folder, found nothing at {path}."
        raise InputError(msg, "Check the spelling of the path.")
    return path


def read_h5ad(path: Path) -> AnnData:
    """Read an ``.h5ad``.

    Raises
    ------
    InputError
        If the file is not one, or is damaged.
    """
    import anndata

    try:
        check_h5ad_claims(path)
        return anndata.read_h5ad(path)
    except (OSError, KeyError, ValueError, TypeError, anndata._io.utils.AnnDataReadError) as error:  # noqa: SLF001 - the public name is missing
        msg = f"{path}: expected an AnnData file, found one that cannot be read ({error})."
        raise InputError(msg, "Write it again with anndata's write_h5ad.") from error


def is_zarr(path: Path) -> bool:
    """Whether a folder is the root of a zarr store."""
    return path.suffix == ".zarr" or any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zattrs")
    )


def _read_store(path: Path) -> SpatialData:
    """Read a SpatialData store, with the file named where one is broken."""
    import spatialdata

    attrs = _root_attributes(path)
    if attrs.get("encoding-type") == "anndata":
        msg = f"{path}: expected a SpatialData store, found a plain AnnData store."
        raise InputError(msg, "Write it as .h5ad, or wrap the table in a SpatialData object.")
    from napari_tessera.data.commit import recover

    recover(path)
    check_store_claims(path)
    try:
        sdata = spatialdata.read_zarr(path)
    except Exception as error:  # any library error is the store's
        what = f"{type(error).__name__}: {error}"
        msg = f"{path}: expected a readable SpatialData store, found damage ({what})."
        raise InputError(msg, "Restore it from a copy; nothing was changed.") from error
    if not list(sdata.gen_elements()):
        msg = f"{path}: expected a SpatialData store with elements, found an empty one."
        raise InputError(msg, "Check that this is the right folder.")
    return sdata


def _root_attributes(path: Path) -> dict[str, object]:
    """Attributes of the root group, zarr 2 or 3."""
    for name in ("zarr.json", ".zattrs"):
        file = path / name
        if not file.is_file():
            continue
        try:
            found = json.loads(file.read_text())
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            msg = f"{file}: expected JSON, found a damaged file ({error})."
            raise InputError(msg, "Restore this file from a copy of the store.") from error
        if not isinstance(found, dict) or found.get("zarr_format", 2) not in ZARR_FORMATS:
            what = found.get("zarr_format") if isinstance(found, dict) else type(found).__name__
            msg = f"{file}: expected a group of zarr format 2 or 3, found {what}."
            raise InputError(msg, "Restore this file from a copy of the store.")
        attributes = found.get("attributes", found)
        return attributes if isinstance(attributes, dict) else {}
    if not (path / ".zgroup").is_file():
        msg = f"{path}: expected a zarr store, found neither zarr.json nor .zgroup in it."
        raise InputError(msg, "Choose the folder that ends in .zarr and holds these files.")
    return {}


def _wrap(source: SpatialData | AnnData, image: Path | None, image_scale: float) -> Tissue:
    """Take an object from memory."""
    if hasattr(source, "tables"):
        path = getattr(source, "path", None)
        title = Path(path).stem if path is not None else "tissue"
        return Tissue(sdata=source, path=None if path is None else Path(path), title=title)
    from napari_tessera.data.convert import from_anndata

    sdata, repairs = from_anndata(source, "tissue", image=image, image_scale=image_scale)
    return Tissue(sdata=sdata, path=None, title="tissue", repairs=repairs)
