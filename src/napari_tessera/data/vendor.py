"""Folders as vendors write them, read by spatialdata-io."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.data.problems import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from spatialdata import SpatialData

MARKS = {
    "experiment.xenium": "xenium",
    "binned_outputs": "visium_hd",
    "filtered_feature_bc_matrix.h5": "visium",
    "cell_by_gene.csv": "merscope",
}
"""A file or folder that tells which reader understands the folder, in the order of trying."""


def read_vendor_folder(path: Path) -> SpatialData:
    """Read a vendor's output folder.

    Raises
    ------
    InputError
        If the folder is of no known kind, spatialdata-io is missing, or its reader fails.
    """
    reader = next((r for m, r in MARKS.items() if any(path.glob(f"*{m}"))), None)
    if reader is None:
        known = ", ".join(MARKS)
        raise refusal(
            path,
            code="folder-unknown",
            expected="a .zarr store or a vendor's folder",
            found=f"none of {known}",
            hint="Choose the folder that the instrument's software wrote.",
        )
    try:
        import spatialdata_io
    except ImportError as error:
        raise refusal(
            path,
            code="vendor-missing",
            found="it missing",
            expected=f"spatialdata-io to read this {reader} folder",
            hint="Install napari-tessera[vendor].",
        ) from error
    import warnings

    extra = {"dataset_id": path.name} if reader == "visium" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sdata: SpatialData = getattr(spatialdata_io, reader)(path, **extra)
    except Exception as error:  # any failure of the reader is the folder's
        raise refusal(
            path,
            code=f"vendor-{reader.replace('_', '-')}",
            expected=f"a complete {reader} folder",
            found=f"one that cannot be read ({type(error).__name__}: {error})",
            hint="Check that the folder is complete.",
        ) from error
    for table in sdata.tables.values():
        table.var_names_make_unique()
    return sdata
