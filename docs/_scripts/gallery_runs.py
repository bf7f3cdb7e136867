"""The runs that the pictures of the gallery show, made by the package's own verbs.

Whatever lies in the folder already is taken from there: an identical run is not computed again.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import napari_tessera as nt

GENE = "sog"
"""Gene that the atlas of the fly embryo lacks; its stripes in the neurectoderm are well known."""

PREDICTED = ("stumps", "SoxN", "ths", "vnd", GENE)
DUCT = "cancer in situ"
"""Pathologist's label around which the region is drawn."""

LEAST = 6
"""Spots of a patch that is taken for a duct."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A store, the reference it was mapped with, the run to show, and its ranking of genes."""

    store: Path
    run: str
    reference: Path | None = None
    ranking: str = ""


@dataclass(frozen=True, kw_only=True)
class Kitchen:
    """Where the data are, where the stores go, and whether training is left out.

    Parameters
    ----------
    work : Path
        Folder of the stores.
    quick : bool
        Take the methods that need no training: to try the script, not for the pictures.
    """

    work: Path
    quick: bool = False

    def kit(self, name: str) -> Path:
        """One of the real files; the script ends with a sentence where it is not there."""
        path = Path(os.environ.get("NAPARI_TESSERA_DATA", "")) / name
        if not os.environ.get("NAPARI_TESSERA_DATA") or not path.exists():
            sys.exit(f"Expected {name} below NAPARI_TESSERA_DATA, found none; set the variable.")
        return path

    def method(self, trained: str) -> str:
        """Take the method, or the one without training."""
        return "baseline" if self.quick else trained

    def tumour(self) -> tuple[Path, Path]:
        """Copy of breast tumour A1 and the breast reference."""
        store = self.work / "tumour.zarr"
        if not store.exists():
            shutil.copytree(self.kit("her2st/her2st_A1.zarr"), store)
        nt.set_scale(store, pitch=200.0)
        return store, self.kit("breast_scrna_wu2021/wu2021_CID4465.h5ad")

    def imported(self, name: str, source: Path) -> Path:
        """Store made of a table."""
        store = self.work / f"{name}.zarr"
        if not store.exists():
            nt.import_tissue(source, store)
        return store


def placed(kitchen: Kitchen) -> Made:
    """Place breast cells in the tumour."""
    store, reference = kitchen.tumour()
    run = nt.map_cells(
        store, reference, cell_type_column="cell_type", method=kitchen.method("stem"), out=store
    )
    return Made(store=store, reference=reference, run=run.name)


def imputed(kitchen: Kitchen) -> Made:
    """Predict genes in the fly embryo that its atlas never measured."""
    store = kitchen.imported("embryo", kitchen.kit("drosophila/bdtnp_reference.h5ad"))
    nt.set_scale(store, micrometres=1.0)
    reference = kitchen.kit("drosophila/karaiskos_scrna.h5ad")
    run = nt.impute_genes(
        store, reference, genes=PREDICTED, method=kitchen.method("ensemble"), out=store
    )
    return Made(store=store, reference=reference, run=run.name)


def annotated(kitchen: Kitchen) -> Made:
    """Name one half of the STARmap cells by the types of the other half."""
    import anndata

    tissue, reference = (kitchen.work / f"cortex_{name}.h5ad" for name in ("half", "rest"))
    if not reference.exists():
        whole = anndata.read_h5ad(kitchen.kit("starmap_mpfc/starmap_mpfc_BZ5.h5ad"))
        order = np.random.default_rng(0).permutation(whole.n_obs)
        whole[np.sort(order[: whole.n_obs // 2])].write_h5ad(tissue)
        whole[np.sort(order[whole.n_obs // 2 :])].write_h5ad(reference)
    store = kitchen.imported("cortex_half", tissue)
    run = nt.annotate_spots(
        store, reference, cell_type_column="cell_type",
        method=kitchen.method("ensemble"), out=store,
    )  # fmt: skip
    return Made(store=store, reference=reference, run=run.name)


def layered(kitchen: Kitchen) -> Made:
    """Find the domains of a human cortex."""
    store = kitchen.imported("cortex", kitchen.kit("dlpfc/dlpfc_151673.h5ad"))
    run = nt.find_domains(store, method=kitchen.method("transst"), out=store)
    return Made(store=store, run=run.name)


def parted(kitchen: Kitchen) -> Made:
    """Find the domains of the tumour."""
    store, _ = kitchen.tumour()
    run = nt.find_domains(store, method=kitchen.method("transst"), out=store)
    return Made(store=store, run=run.name)


def explained(kitchen: Kitchen) -> Made:
    """Draw the duct at the left of the tumour, and ask what puts the cells there."""
    made = placed(kitchen)
    duct = nt.Region(name="duct", polygons=((_around_duct(made.store),),))
    nt.write_regions(made.store, [duct], "global")
    found = nt.explain_region(made.store, made.run, region="duct", within="all")
    return dataclasses.replace(made, ranking=found.name)


def _around_duct(store: Path) -> np.ndarray:
    """Corners around the leftmost patch of spots that the pathologist called in-situ cancer."""
    import shapely
    from spatialdata import read_zarr

    from napari_tessera.data.geometry import affine_of, move, own_centres

    sdata = read_zarr(store)
    table = sdata.tables["table"]
    element = sdata[table.uns["spatialdata_attrs"]["region"]]
    xy = move(affine_of(element, "global"), own_centres(element)[1])
    chosen = xy[(table.obs["label"].astype(str) == DUCT).to_numpy()]
    apart = np.linalg.norm(xy[:, None] - xy, axis=2)
    pitch = float(np.median(np.sort(apart, axis=1)[:, 1]))
    patches = shapely.union_all(shapely.points(chosen).tolist()).buffer(0.75 * pitch)
    parts = list(getattr(patches, "geoms", [patches]))
    large = [p for p in parts if shapely.intersects_xy(p, *chosen.T).sum() >= LEAST]
    duct = min(large, key=lambda p: p.centroid.x).simplify(0.3 * pitch)
    return np.asarray(duct.exterior.coords)[:-1]
