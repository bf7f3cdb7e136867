"""Accuracy, time and memory of placement on real data, with the figures of the method pages.

    NAPARI_TESSERA_DATA=... python benchmarks/placement.py [--quick] [--figures docs/_static]

Mouse embryo E1z2 (spots simulated by the authors of STEM): distances to the truth of the cells
that were not pooled into spots, hit numbers and composition, three seeds. Composition is also
judged with the pooled cells left out of the reference: only then is no reference cell inside a
spot. Breast tumour section A1 with the reference of another patient: where cell types land among
the pathologist's labels. Truth and labels are read here, to score, and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.scores import composition_pcc, distance_summary, distances, hit_number

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.results import RunResult

Row = dict[str, Any]
IN_SITU, DUCTS = "cancer in situ", ["cancer in situ", "invasive cancer"]
IMMUNE = ["immune infiltrate", "adipose tissue"]


def pair(spots: AnnData, cells: AnnData, xy: NDArray[np.float64], unit: str) -> PairedData:
    """Shared genes of both, counts as they are."""
    there = set(cells.var_names)
    genes = [g for g in spots.var_names if g in there]

    def expression(data: AnnData) -> Expression:
        return Expression(
            values=sparse.csr_matrix(data[:, genes].X),
            obs_names=np.asarray(data.obs_names, dtype=np.str_),
            gene_names=np.asarray(genes, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        )

    return PairedData(
        cells=expression(cells),
        spots=expression(spots),
        spot_xy=xy,
        unit=unit,
        pitch=spot_spacing(xy),
        cell_types=np.asarray(cells.obs["cell_type"], dtype=np.str_),
    )


def run(name: str, paired: PairedData, **options: object) -> tuple[RunResult, Row]:
    """Fit and predict; what it cost and its held-out score."""
    method = get_method(name)
    start, cpu = time.monotonic(), time.process_time()
    fitted = method.fit(paired, method.options_type(**options), SilentMonitor())
    result = method.predict(fitted, paired)
    cost: Row = {
        "method": name,
        "seed": options.get("seed", 0),
        "held_out_pitch": fitted.scores["held_out_distance_pitch"],
        "seconds": time.monotonic() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    return result, cost


def score_embryo(result: RunResult, cells: AnnData, truth: AnnData) -> Row:
    """Metrics over the cells that no spot holds."""
    placement, composed = result.placement, result.composition
    if placement is None or composed is None:
        msg = "the run places no cells"
        raise ValueError(msg)
    free = np.asarray(cells.obs["st_spot"].astype(str) == "")
    true_xy = np.asarray(cells.obsm["spatial"], dtype=np.float64)
    asked = np.random.default_rng(0).choice(np.flatnonzero(free), 1500, replace=False)
    known = truth.obsm["cell_type_proportions"]
    names = [str(t) for t in composed.types]
    columns = {str(c).replace("/", "_"): c for c in known.columns}
    shares = np.stack(
        [np.asarray(known[columns[n.replace("/", "_")]], dtype=np.float64) for n in names], axis=1
    )
    return {
        **distance_summary(distances(placement.xy, true_xy)[free]),
        "hit_50": hit_number(placement.xy, true_xy, 50, asked),
        "hit_200": hit_number(placement.xy, true_xy, 200, asked),
        "composition_pcc": composition_pcc(composed.values, shares)[0],
    }


def embryo(kit: Path, seeds: range, names: tuple[str, ...] = ("baseline", "stem")) -> list[Row]:
    """E1z2, with all cells and with the unpooled ones only."""
    import anndata as ad

    folder = kit / "mouse_embryo_seqfish"
    spots = ad.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    everyone = ad.read_h5ad(folder / "e1z2_cells.h5ad")
    free = everyone[np.asarray(everyone.obs["st_spot"].astype(str) == "")].copy()
    rows = []
    for what, cells in (("all cells", everyone), ("unpooled only", free)):
        xy = np.asarray(spots.obsm["spatial"], dtype=np.float64)
        paired = pair(spots, cells, xy, "unit")
        for seed in seeds:
            for name in names:
                result, cost = run(name, paired, seed=seed)
                rows.append({"reference": what, **cost, **score_embryo(result, cells, spots)})
                show(rows[-1])
    return rows


def tumour(kit: Path) -> list[Row]:
    """Section A1 against the pathologist's labels."""
    import anndata as ad

    spots = ad.read_h5ad(kit / "her2st" / "her2st_A1.h5ad")
    cells = ad.read_h5ad(kit / "breast_scrna_wu2021" / "wu2021_CID4465.h5ad")
    xy = np.asarray(spots.obs[["pixel_x_fullres", "pixel_y_fullres"]], dtype=np.float64)
    paired = pair(spots, cells, xy, "pixel")
    labels = np.asarray(spots.obs["label"].astype(str))
    rows = []
    for name in ("baseline", "stem"):
        result, cost = run(name, paired)
        rows.append({**cost, **score_tumour(result, paired, labels)})
        show(rows[-1])
    return rows


def score_tumour(result: RunResult, paired: PairedData, labels: NDArray[np.str_]) -> Row:
    """Enrichment of types in labels, by placed cells, and how cells lie about spot centres."""
    placement = result.placement
    if placement is None or placement.cell_types is None:
        msg = "the run places no cells"
        raise ValueError(msg)
    away, nearest = cKDTree(paired.spot_xy).query(placement.xy)

    def mass(cell_type: str, wanted: list[str]) -> float:
        spots = np.asarray(placement.map[placement.cell_types == cell_type].sum(axis=0)).ravel()
        return float(spots[np.isin(labels, wanted)].sum() / spots.sum())

    def enriched(cell_type: str, wanted: list[str]) -> float:
        landed = labels[nearest[placement.cell_types == cell_type]]
        return float(np.isin(landed, wanted).mean() / np.isin(labels, wanted).mean())

    return {
        "within_pitch": float((away <= paired.pitch).mean()),
        "on_centre": float((away <= 0.05 * paired.pitch).mean()),
        "normal_epithelial_in_situ": enriched("Normal Epithelial", [IN_SITU]),
        "b_cells_immune": enriched("B-cells", IMMUNE),
        "plasmablasts_immune": enriched("Plasmablasts", IMMUNE),
        "cancer_mass": mass("Cancer Epithelial", DUCTS),
    }


def show(row: Row) -> None:
    """One line per run."""
    print("  ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()))


def draw(embryo_rows: list[Row], tumour_rows: list[Row], folder: Path) -> None:
    """Bars beside the marks to beat."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    marks = {"mean_distance": 12.79, "hit_200": 112.0, "composition_pcc": 0.88}
    names = ("baseline", "stem")
    colours = dict(zip(names, ("#999999", "#0072b2"), strict=True))
    for axis, (metric, mark) in zip(axes, marks.items(), strict=True):
        which = "unpooled only" if metric == "composition_pcc" else "all cells"
        for at, name in enumerate(names):
            rows = [r for r in embryo_rows if r["method"] == name and r["reference"] == which]
            values = [r[metric] for r in rows]
            axis.bar(at, np.mean(values), color=colours[name], width=0.6)
            axis.plot([at] * len(values), values, "k.", markersize=4)
        axis.axhline(mark, color="#d55e00", linestyle="--", linewidth=1)
        axis.set_xticks(range(len(names)), names)
        axis.set_title(metric.replace("_", " "))
    fig.savefig(folder / "embryo.png", dpi=130)
    fig, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    metrics = ("normal_epithelial_in_situ", "b_cells_immune", "plasmablasts_immune")
    for at, row in enumerate(tumour_rows):
        where = np.arange(len(metrics)) + 0.35 * (at - 0.5)
        axis.bar(where, [row[m] for m in metrics], 0.33, color=colours[row["method"]])
    axis.axhline(3, color="#d55e00", linestyle="--", linewidth=1)
    axis.set_xticks(range(len(metrics)), [m.replace("_", " ") for m in metrics], fontsize=8)
    axis.set_ylabel("times the share of those spots")
    axis.legend(handles=axis.containers, labels=[r["method"] for r in tumour_rows], frameon=False)
    fig.savefig(folder / "tumour.png", dpi=130)


def main() -> None:
    """Run everything that is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--figures", type=Path, help="folder for the figures")
    given = parser.parse_args()
    kit = Path(os.environ["NAPARI_TESSERA_DATA"])
    tumour_rows = tumour(kit)
    embryo_rows = embryo(kit, range(1 if given.quick else 3))
    if given.figures is not None:
        draw(embryo_rows, tumour_rows, given.figures)


if __name__ == "__main__":
    main()
