"""Sample data: a planted tissue made here, or copies of real data where they are at hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from napari_tessera.testing.planted import PlantedTissue

DATA_VARIABLE = "NAPARI_TESSERA_DATA"
LEAST = 8
REAL = ("her2st/her2st_A1.zarr", "breast_scrna_wu2021/wu2021_CID4465.h5ad")


@dataclass(frozen=True, kw_only=True)
class SamplePaths:
    """Files of a sample; `truth` is None where there is none."""

    name: str
    tissue: Path
    reference: Path
    truth: Path | None = None


def write_sample(
    out_dir: Path, *, n_cells: int = 1500, n_spots: int = 300, n_genes: int = 200, seed: int = 0
) -> SamplePaths:
    """Plant a tissue and write ``tissue.zarr``, ``reference.h5ad`` and ``truth.h5ad``.

    Parameters
    ----------
    out_dir : Path
        Folder; made if needed. None of the three may exist in it.
    n_cells, n_spots, n_genes : int
        Sizes.
    seed : int
        Seed of every draw.

    Raises
    ------
    InputError
        If one of the files exists.
    """
    from napari_tessera.testing.planted import planted_tissue

    out_dir = Path(out_dir)
    paths = SamplePaths(
        name="planted tissue",
        tissue=out_dir / "tissue.zarr",
        reference=out_dir / "reference.h5ad",
        truth=out_dir / "truth.h5ad",
    )
    for path in (paths.tissue, paths.reference, out_dir / "truth.h5ad"):
        if path.exists():
            msg = f"OUT_DIR: expected a folder without {path.name}, found one in {out_dir}."
            raise InputError(msg, "Choose another folder.")
    if min(n_cells, n_spots, n_genes) < LEAST:
        found = f"{n_cells} cells, {n_spots} spots, {n_genes} genes"
        msg = f"--cells, --spots, --genes: expected at least {LEAST} of each, found {found}."
        raise InputError(msg, "Ask for more.")
    planted = planted_tissue(n_cells=n_cells, n_spots=n_spots, n_genes=n_genes, seed=seed)
    out_dir.mkdir(parents=True, exist_ok=True)
    _write_tissue(planted, paths.tissue)
    _write_cells(planted, paths.reference, out_dir / "truth.h5ad")
    return paths


def find_sample(cache: Path | None = None) -> SamplePaths:
    """Give a sample to work on: copies of real data where they are at hand, else a planted tissue.

    Parameters
    ----------
    cache : Path, optional
        Folder for it; a temporary one where it is not given. What lies there already is used.
    """
    cache = Path(tempfile.mkdtemp(prefix="tessera_")) if cache is None else Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    folder = os.environ.get(DATA_VARIABLE)
    real = [] if not folder else [Path(folder) / name for name in REAL]
    if real and all(p.exists() for p in real):
        tissue, reference = (cache / p.name for p in real)
        if not tissue.exists():
            shutil.copytree(real[0], tissue, copy_function=shutil.copyfile)
            _make_writable(tissue)
            shutil.copyfile(real[1], reference)
        return SamplePaths(name="her2st A1 with Wu 2021", tissue=tissue, reference=reference)
    planted = cache / "planted"
    if (planted / "truth.h5ad").exists():
        return SamplePaths(
            name="planted tissue",
            tissue=planted / "tissue.zarr",
            reference=planted / "reference.h5ad",
            truth=planted / "truth.h5ad",
        )
    return write_sample(planted)


def _make_writable(folder: Path) -> None:
    """Let copies of read-only folders be written."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def _write_tissue(planted: PlantedTissue, path: Path) -> None:
    """Picture, circles and table as a new store."""
    import anndata
    import pandas as pd
    import spatialdata
    from spatialdata.models import ShapesModel, TableModel

    from napari_tessera.data.pictures import add_picture

    paired = planted.paired
    ids = np.arange(paired.n_spots)
    obs = pd.DataFrame(
        {
            "label": pd.Categorical(planted.spot_domains.astype(object)),
            "region": pd.Categorical(["spots"] * paired.n_spots),
            "spot_id": ids,
        },
        index=paired.spots.obs_names.astype(object),
    )
    table = anndata.AnnData(
        paired.spots.values, obs=obs, var=pd.DataFrame(index=paired.spots.gene_names.astype(object))
    )
    parsed = TableModel.parse(table, region="spots", region_key="region", instance_key="spot_id")
    circles = ShapesModel.parse(paired.spot_xy, geometry=0, radius=0.275 * paired.pitch, index=ids)
    sdata = spatialdata.SpatialData(shapes={"spots": circles}, tables={"table": parsed})
    add_picture(sdata, planted.image, planted.image_scale)
    sdata.write(path)


def _write_cells(planted: PlantedTissue, reference: Path, truth: Path) -> None:
    """Cells without their places, and the same with them."""
    import anndata
    import pandas as pd

    cells = planted.paired.cells
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(planted.cell_types.astype(object))},
        index=cells.obs_names.astype(object),
    )
    var = pd.DataFrame(index=cells.gene_names.astype(object))
    adata = anndata.AnnData(cells.values, obs=obs, var=var)
    adata.write_h5ad(reference, compression="gzip")
    adata.obsm["spatial"] = planted.truth_xy
    adata.write_h5ad(truth, compression="gzip")
