"""COME on real data: places and composition, every figure of its page but those of genes.

    NAPARI_TESSERA_DATA=... python benchmarks/come.py embryo | pdac | tumour
    NAPARI_TESSERA_DATA=... python benchmarks/come.py pdac --figures docs/_static

embryo: composition and places of E1z2, with all cells and without those that lie in spots.
pdac: correlation of cell types with their markers, which neither side is shown.
tumour: agreement with the proportions of the authors of the section (another method, another
reference).
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.come.preparing import graph_of
from napari_tessera.numerics.blending import blend
from napari_tessera.numerics.scores import pearson
from napari_tessera.numerics.sharing import choose_weight, share
from placement import embryo, pair, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

Row = dict[str, Any]
MARKERS = {
    "Cancer_clone_A": "TM4SF1",
    "Cancer_clone_B": "S100A4",
    "Ductal_CRISP3_high-centroacinar_like": "CRISP3",
    "Ductal_APOL1_high-hypoxic": "APOL1",
    "Acinar_cells": "PRSS1",
}
MAJOR = {
    "B-cells": "B-cells", "CAFs": "CAFs", "Endothelial": "Endothelial", "Myeloid": "Myeloid",
    "Plasma Cells": "Plasmablasts", "PVL": "PVL", "T-cells": "T-cells",
}  # fmt: skip
EPITHELIAL = ["Cancer Epithelial", "Normal Epithelial"]


COMPOSING = ("baseline", "baseline shared", "types alone", "come", "come shared", "come free")
FREE = {"map": "free", "steps": 70, "folds": 0}
"""The free map as published, with as many steps as the authors take on their smallest data."""

SPECIAL = {"come free": FREE, "come shared": {"neighbours": None}}
"""Options of methods that are not as by default."""


def shares(paired: PairedData, name: str, seed: int) -> dict[str, NDArray[np.floating]]:
    """Composition by one method, type by type.

    ``types alone`` is the simple member inside COME: mean profiles, and no map at all. ``baseline
    shared`` is the baseline with neighbours sharing as in ``come shared``.
    """
    if name == "types alone":
        assert paired.cell_types is not None
        nowhere = sparse.csr_matrix((paired.n_cells, paired.n_spots), dtype=np.float32)
        sides = paired.spots.values, paired.cells.values, nowhere, paired.cell_types
        types, values = blend(*sides, weight=0.0)
        return dict(zip(types.tolist(), values.T, strict=True))
    method = get_method(name.split()[0])
    options = method.options_type(seed=seed, **SPECIAL.get(name, {}))
    fitted = method.fit(paired, options, SilentMonitor())
    result = method.predict(fitted, paired)
    composed, placement = result.composition, result.placement
    weight = fitted.state.values.get("neighbours", 0.0)
    assert composed is not None
    values = composed.values
    if name == "baseline shared":
        assert placement is not None
        assert paired.cell_types is not None
        sides = paired.spots.values, paired.cells.values, placement.map, paired.cell_types
        weight = choose_weight(sides, graph_of(paired), np.random.default_rng(seed))
        values = share(values, graph_of(paired), weight)
    if name.endswith(" shared"):
        print(f"{name}: weight of the neighbours {weight}")
    return dict(zip(composed.types.tolist(), values.T, strict=True))


def report(name: str, seed: int, pcc: Mapping[str, float], start: float) -> None:
    """One line per run."""
    mean = float(np.mean(list(pcc.values())))
    cpu = time.process_time() - start
    show({"method": name, "seed": seed, **pcc, "mean": mean, "cpu_seconds": cpu})


def pancreas(kit: Path, given: argparse.Namespace) -> None:
    """Types against markers that were taken out of both sides before the fit."""
    import anndata as ad

    folder = kit / "pdac_moncada"
    spots = ad.read_h5ad(folder / "pdac_a_st.h5ad")
    cells = ad.read_h5ad(folder / "pdac_a_scrna.h5ad")
    total = np.asarray(spots.X.sum(axis=1)).ravel()
    level = {
        g: np.log1p(1e4 * np.asarray(spots[:, g].X.todense()).ravel() / total)
        for g in MARKERS.values()
    }
    shown = spots[:, ~spots.var_names.isin(list(level))]
    paired = pair(shown, cells, np.asarray(spots.obsm["spatial"], dtype=np.float64), "unit")
    results = {}
    for name in given.methods.split(","):
        for seed in range(given.seeds):
            start = time.process_time()
            column = shares(paired, name, seed)
            pcc = {t: pearson(column[t], level[g]) for t, g in MARKERS.items()}
            report(name, seed, pcc, start)
            results.setdefault(name, column)
    if given.figures is not None:
        draw(np.asarray(spots.obsm["spatial"]), results["come"], level, given.figures)


def draw(
    xy: NDArray[np.float64],
    column: Mapping[str, NDArray[np.floating]],
    level: Mapping[str, Any],
    folder: Path,
) -> None:
    """Draw types above, their markers below."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(2, len(MARKERS), figsize=(12, 4.6), layout="constrained")
    for place, (cell_type, gene) in enumerate(MARKERS.items()):
        share = column[cell_type]
        words = {0: (cell_type.replace("_", " ")[:22], share), 1: (gene, level[gene])}
        for row, (title, values) in words.items():
            axis = axes[row, place]
            axis.scatter(xy[:, 0], -xy[:, 1], c=values, s=22, cmap="magma", marker="s")
            axis.set_title(title, fontsize=9)
            axis.set_aspect("equal")
            axis.axis("off")
    fig.savefig(folder / "come_pdac.png", dpi=130)


def tumour(kit: Path, given: argparse.Namespace) -> None:
    """Major types of section A1 against the proportions that its authors published."""
    import anndata as ad

    spots = ad.read_h5ad(kit / "her2st" / "her2st_A1.h5ad")
    cells = ad.read_h5ad(kit / "breast_scrna_wu2021" / "wu2021_CID4465.h5ad")
    xy = np.asarray(spots.obs[["pixel_x_fullres", "pixel_y_fullres"]], dtype=np.float64)
    published = spots.obsm["stereoscope_major"]
    paired = pair(spots, cells, xy, "pixel")
    for name in given.methods.split(","):
        for seed in range(given.seeds):
            start = time.process_time()
            column = shares(paired, name, seed)
            pcc = {theirs: pearson(column[ours], np.asarray(published[theirs], dtype=np.float64))
                   for theirs, ours in MAJOR.items()}  # fmt: skip
            whole = sum(column[t] for t in EPITHELIAL)
            pcc["Epithelial"] = pearson(whole, np.asarray(published["Epithelial"], np.float64))
            report(name, seed, pcc, start)


def main() -> None:
    """Run what is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    jobs = {
        "embryo": lambda kit, given: embryo(kit, range(given.seeds), ("come",)),
        "pdac": pancreas,
        "tumour": tumour,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=jobs)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", default=",".join(COMPOSING), help="pdac, tumour")
    parser.add_argument("--figures", type=Path, help="folder for the figure")
    given = parser.parse_args()
    jobs[given.what](Path(os.environ.get("NAPARI_TESSERA_DATA", ".")), given)


if __name__ == "__main__":
    main()
