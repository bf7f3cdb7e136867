"""COME on real data: every figure of its page.

    NAPARI_TESSERA_DATA=... python benchmarks/come.py drosophila [--free] [--seeds 3]
    NAPARI_TESSERA_DATA=... python benchmarks/come.py embryo | pdac | tumour
    NAPARI_TESSERA_DATA=... python benchmarks/come.py pdac --figures docs/_static

drosophila: ten alphabetical folds over the 84 genes of the atlas; a fold is given to the fit as
genes that the tissue lacks. Beside it the soft correlation, whose temperature the same kind of
inner folds choose, with and without kriging of residuals.
embryo: composition and places of E1z2, with all cells and without those that lie in spots.
pdac: correlation of cell types with their markers, which neither side is shown.
tumour: agreement with the proportions of the authors of the section (another method, another
reference).
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse, stats

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.gene_scores import METRICS, gene_table
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.scores import pearson
from placement import embryo, pair, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.results import Composition, RunResult

Row = dict[str, Any]
N_FOLDS = 10
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


def answer(paired: PairedData, name: str = "come", **options: object) -> tuple[RunResult, Fitted]:
    """Fit and predict."""
    method = get_method(name)
    fitted = method.fit(paired, method.options_type(**options), SilentMonitor())
    return method.predict(fitted, paired), fitted


# --- Drosophila -------------------------------------------------------------------------------


def atlas(kit: Path) -> PairedData:
    """Atlas of the embryo: 84 genes as intensities; of the cells' other genes only the sum.

    The sum is all that matters here: it makes the totals that counts are divided by.
    """
    import anndata as ad

    spots = ad.read_h5ad(kit / "drosophila" / "bdtnp_reference.h5ad")
    cells = ad.read_h5ad(kit / "drosophila" / "karaiskos_scrna.h5ad")
    shared = np.sort(np.asarray(spots.var_names, dtype=np.str_))
    others = cells[:, ~cells.var_names.isin(shared)].X.sum(axis=1)
    known = _expression(cells, shared, scale=ExpressionScale.COUNTS)
    rest = dataclasses.replace(
        known,
        values=sparse.csr_matrix(others),
        gene_names=np.array(["all others"]),
    )
    xy = np.asarray(spots.obsm["spatial"], dtype=np.float64)
    return PairedData(
        cells=known,
        spots=_expression(spots, shared, scale=ExpressionScale.NORMALISED),
        further=rest,
        spot_xy=xy,
        unit="micrometre",
        pitch=spot_spacing(xy),
    )


def _expression(data: Any, genes: NDArray[np.str_], scale: ExpressionScale) -> Expression:  # noqa: ANN401
    """Take some genes of a table."""
    return Expression(
        values=sparse.csr_matrix(data[:, genes].X),
        obs_names=np.asarray(data.obs_names, dtype=np.str_),
        gene_names=genes,
        scale=scale,
    )


def without(paired: PairedData, fold: NDArray[np.int64]) -> PairedData:
    """Hand genes of the tissue over as genes that it lacks."""
    kept = np.setdiff1d(np.arange(paired.n_genes), fold)
    further = paired.further
    names = [paired.cells.gene_names[fold]]
    values = [paired.cells.values[:, fold]]
    if further is not None:
        names.append(further.gene_names)
        values.append(further.values)
    moved = Expression(
        values=sparse.hstack(values, format="csr"),
        obs_names=paired.cells.obs_names,
        gene_names=np.concatenate(names),
        scale=paired.cells.scale,
    )
    cells, spots = (e.take_genes(kept) for e in (paired.cells, paired.spots))
    return dataclasses.replace(paired, cells=cells, spots=spots, further=moved)


def tables(kit: Path, variants: Mapping[str, Row], seeds: range) -> dict[str, dict[str, Any]]:
    """Metrics of every gene and variant, (n_seeds, n_genes) each; with and without kriging."""
    whole = atlas(kit)
    truth = whole.spots.values.toarray()
    folds = np.array_split(np.arange(whole.n_genes), N_FOLDS)
    empty = {m: np.zeros((len(seeds), whole.n_genes)) for m in (*METRICS, "expected")}
    found: dict[str, dict[str, Any]] = {}
    for name, options in variants.items():
        start = time.process_time()
        for s, seed in enumerate(seeds):
            for fold in folds:
                paired = without(whole, fold)
                method = get_method("come")
                chosen = method.options_type(seed=seed, **options)
                fitted = method.fit(paired, chosen, SilentMonitor())
                for kriging in (None, 2.0):
                    rows = found.setdefault(
                        name if kriging is None else f"{name}, kriged",
                        {m: v.copy() for m, v in empty.items()},
                    )
                    imputed = again(fitted, paired, kriging)
                    names = imputed.gene_names.tolist()
                    at = [names.index(gene) for gene in whole.cells.gene_names[fold]]
                    for m, values in gene_table(truth[:, fold], imputed.values[:, at]).items():
                        rows[m][s, fold] = values
                    rows["expected"][s, fold] = imputed.expected_pcc[at]
                picked = fitted.state.values
                each = [f"{t['pcc'][s, fold].mean():.3f}" for t in found.values()]
                print(name, seed, fold[0], picked["steps"], picked["sharpness"], *each, flush=True)
        seconds = (time.process_time() - start) / len(seeds) / N_FOLDS
        for key in (name, f"{name}, kriged"):
            found[key]["cpu_s"] = seconds
    return found


def again(fitted: Fitted, paired: PairedData, kriging: float | None) -> Imputation:
    """Predict genes with another ridge of the residuals; nothing is trained anew."""
    options = {**fitted.state.values["options"], "kriging": kriging}
    state = dataclasses.replace(fitted.state, values={**fitted.state.values, "options": options})
    result = get_method("come").predict(dataclasses.replace(fitted, state=state), paired)
    assert result.imputation is not None
    return result.imputation


def drosophila(kit: Path, given: argparse.Namespace) -> None:
    """Ten alphabetical folds, several seeds."""
    variants: dict[str, Row] = {"soft correlation": {"steps": 0}, "come": {}}
    if given.free:
        variants = {"come free": {"map": "free", "steps": 70, "folds": 0}}
    if given.only:
        variants = {name: variants[name] for name in given.only.split(",")}
    found = tables(kit, variants, range(given.first, given.first + given.seeds))
    if given.save:
        np.savez(given.save, **{n: t["pcc"] for n, t in found.items()})
    for name, t in found.items():
        each = t["pcc"].mean(axis=1)
        pcc = t["pcc"].mean(axis=0)
        row = {"variant": name, "mean_pcc": float(each.mean()), "sd_seeds": float(each.std()),
               "median_pcc": float(np.median(pcc)), "cpu_s_per_fold": t["cpu_s"]}  # fmt: skip
        row |= {f"mean_{m}": float(t[m].mean()) for m in ("ssim", "rmse", "jsd")}
        row["expected_minus_real"] = float((t["expected"] - t["pcc"]).mean())
        show(row)
    compare(found)


def compare(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Test pairs of variants: one-sided paired Wilcoxon over genes, Holm-corrected."""
    pairs = [
        (one, other)
        for one, other in (
            ("come", "soft correlation"),
            ("come, kriged", "soft correlation"),
            ("come, kriged", "soft correlation, kriged"),
            ("come, kriged", "come"),
        )
        if one in found and other in found
    ]
    means = {n: t["pcc"].mean(axis=0) for n, t in found.items()}
    p = [stats.wilcoxon(means[a], means[b], alternative="greater").pvalue for a, b in pairs]
    order, worst = np.argsort(p), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, p[i] * (len(p) - rank)))
        one, other = pairs[i]
        gain = means[one] - means[other]
        show({"pair": f"{one} > {other}", "gain": float(gain.mean()),
              "better_genes": int((gain > 0).sum()), "p_holm": float(worst)})  # fmt: skip


# --- Composition ------------------------------------------------------------------------------


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
            composed = answer(paired, name, seed=seed)[0].composition
            assert composed is not None
            column = {str(t): composed.values[:, i] for i, t in enumerate(composed.types)}
            pcc = {t: pearson(column[t], level[g]) for t, g in MARKERS.items()}
            show({"method": name, "seed": seed, **pcc, "mean": float(np.mean(list(pcc.values())))})
            results.setdefault(name, composed)
    if given.figures is not None:
        draw(np.asarray(spots.obsm["spatial"]), results["come"], level, given.figures)


def draw(
    xy: NDArray[np.float64],
    composed: Composition,
    level: Mapping[str, Any],
    folder: Path,
) -> None:
    """Types above, their markers below."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(2, len(MARKERS), figsize=(12, 4.6), layout="constrained")
    for column, (cell_type, gene) in enumerate(MARKERS.items()):
        share = composed.values[:, list(composed.types).index(cell_type)]
        words = {0: (cell_type.replace("_", " ")[:22], share), 1: (gene, level[gene])}
        for row, (title, values) in words.items():
            axis = axes[row, column]
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
            composed = answer(paired, name, seed=seed)[0].composition
            assert composed is not None
            column = {str(t): composed.values[:, i] for i, t in enumerate(composed.types)}
            pcc = {theirs: pearson(column[ours], np.asarray(published[theirs], dtype=np.float64))
                   for theirs, ours in MAJOR.items()}  # fmt: skip
            whole = sum(column[t] for t in EPITHELIAL)
            pcc["Epithelial"] = pearson(whole, np.asarray(published["Epithelial"], np.float64))
            show({"method": name, "seed": seed, **pcc, "mean": float(np.mean(list(pcc.values())))})


def main() -> None:
    """Run what is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    jobs = {
        "drosophila": drosophila,
        "embryo": lambda kit, given: embryo(kit, range(given.seeds), ("come",)),
        "pdac": pancreas,
        "tumour": tumour,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=jobs)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--free", action="store_true", help="the free map, 70 steps, as published")
    parser.add_argument("--only", help="names of variants")
    parser.add_argument("--methods", default="baseline,stem,come", help="pdac, tumour")
    parser.add_argument("--save", type=Path, help="file for the correlation of every gene")
    parser.add_argument("--figures", type=Path, help="folder for the figure")
    given = parser.parse_args()
    jobs[given.what](Path(os.environ.get("NAPARI_TESSERA_DATA", ".")), given)


if __name__ == "__main__":
    main()
