"""Accuracy and cost of predicted genes on real data, with the figures of the method page.

    NAPARI_TESSERA_DATA=... python benchmarks/imputation.py [--data fly,osmfish] [--methods a,b]
        [--seeds 3] [--variants default,published]

Every shared gene is held out of the tissue once, in ten folds by the alphabet, and predicted;
every setting is chosen by the method on the genes that remain. ``fly``: the Drosophila embryo,
3,039 positions by 84 genes, cells of another assay. ``seqfish``, ``starmap``, ``osmfish``: one half
of the cells of a section, drawn at random, stands for the reference of the other half.
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

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.method import Task
from napari_tessera.evaluation.genes import GeneScores, compare_genes, evaluate_genes
from napari_tessera.methods import IMPUTING_BASELINE, METHODS
from napari_tessera.numerics.gene_scores import accuracy_score
from napari_tessera.numerics.kernels import spot_spacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

SHOWN = (
    "mean_pcc", "median_pcc", "mean_pcc_low", "mean_pcc_high", "mean_ssim", "mean_rmse",
    "mean_jsd", "expected_pcc_correlation", "expected_pcc_error", "coverage",
    "width_over_constant", "seconds_per_fold",
)  # fmt: skip


def expression(data: AnnData, genes: list[str], scale: ExpressionScale) -> Expression:
    """Take some genes of a table as they are."""
    return Expression(
        values=sparse.csr_matrix(data[:, genes].X),
        obs_names=np.asarray(data.obs_names, dtype=np.str_),
        gene_names=np.asarray(genes, dtype=np.str_),
        scale=scale,
    )


def fly(kit: Path) -> PairedData:
    """BDTNP intensities, and dissociated cells of the same stage."""
    import anndata as ad

    spots = ad.read_h5ad(kit / "drosophila" / "bdtnp_reference.h5ad")
    cells = ad.read_h5ad(kit / "drosophila" / "karaiskos_scrna.h5ad")
    shared = [g for g in spots.var_names if g in set(cells.var_names)]
    further = [g for g in cells.var_names if g not in set(shared)]
    xy = np.asarray(spots.obsm["spatial"], dtype=np.float64)
    return PairedData(
        cells=expression(cells, shared, ExpressionScale.COUNTS),
        spots=expression(spots, shared, ExpressionScale.NORMALISED),
        further=expression(cells, further, ExpressionScale.COUNTS),
        spot_xy=xy,
        unit="micrometre",
        pitch=spot_spacing(xy),
    )


def halves(data: AnnData) -> PairedData:
    """Spots from one half of the cells, reference from the other."""
    order = np.random.default_rng(0).permutation(data.n_obs)
    spots, cells = data[order[: data.n_obs // 2]], data[order[data.n_obs // 2 :]]
    genes = [str(g) for g in data.var_names]
    xy = np.asarray(spots.obsm["spatial"], dtype=np.float64)
    return PairedData(
        cells=expression(cells, genes, ExpressionScale.COUNTS),
        spots=expression(spots, genes, ExpressionScale.COUNTS),
        spot_xy=xy,
        unit="unit",
        pitch=spot_spacing(xy),
        cell_types=np.asarray(cells.obs["cell_type"], dtype=np.str_),
    )


def seqfish(kit: Path) -> PairedData:
    """Mouse embryo E1z2."""
    import anndata as ad

    return halves(ad.read_h5ad(kit / "mouse_embryo_seqfish" / "e1z2_cells.h5ad"))


def starmap(kit: Path) -> PairedData:
    """Mouse prefrontal cortex BZ5."""
    import anndata as ad

    return halves(ad.read_h5ad(kit / "starmap_mpfc" / "starmap_mpfc_BZ5.h5ad"))


def osmfish(kit: Path) -> PairedData:
    """Mouse somatosensory cortex, the cells that the authors of stAI keep."""
    import anndata as ad

    data = ad.read_h5ad(kit / "osmfish_cortex" / "osmfish.h5ad")
    return halves(data[np.asarray(data.obs["in_stai_filtered"], dtype=bool)].copy())


DATA: dict[str, Callable[[Path], PairedData]] = {
    "fly": fly, "seqfish": seqfish, "starmap": starmap, "osmfish": osmfish,
}  # fmt: skip


def run(name: str, paired: PairedData, seed: int, variant: str, folds: int) -> GeneScores:
    """Ten folds of one method."""
    method = METHODS[name]
    more: dict[str, Any] = {} if variant == "default" else {"variant": variant}
    options = method.options_type(seed=seed, folds=folds, **more)
    return evaluate_genes(paired, method, options)


def has_variant(name: str, variant: str) -> bool:
    """Whether a method knows this form."""
    fields = METHODS[name].options_type.__dataclass_fields__
    return variant == "default" or "variant" in fields


def table(what: str, paired: PairedData, given: argparse.Namespace) -> None:
    """All methods on one data set: per run, then compared with the baseline."""
    first: dict[str, GeneScores] = {}
    for name in given.methods:
        for variant in given.variants:
            if not has_variant(name, variant):
                continue
            label = name if variant == "default" else f"{name} ({variant})"
            for seed in range(given.seeds):
                cpu, start = time.process_time(), time.monotonic()
                found = run(name, paired, seed, variant, given.folds)
                first.setdefault(label, found)
                show(what, label, seed, found)
                print(
                    f"    {time.monotonic() - start:.0f} s, {time.process_time() - cpu:.0f} CPU s,"
                    f" peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB",
                    flush=True,
                )
    compare(what, first)


def show(what: str, label: str, seed: int, found: GeneScores) -> None:
    """One line per run."""
    summary = found.summary()
    figures = "  ".join(f"{name}={summary[name]:.4f}" for name in SHOWN)
    print(f"{what} {label} seed={seed}  {figures}", flush=True)


def compare(what: str, first: dict[str, GeneScores]) -> None:
    """Paired differences to the tuned baselines, and the rank score of this very table."""
    for against in (IMPUTING_BASELINE, "soft_correlation"):
        for label, found in first.items():
            if against in first and label != against:
                paired = compare_genes(found, first[against])
                figures = "  ".join(f"{k}={v:.3g}" for k, v in paired.items())
                print(f"{what} {label} minus {against}: {figures}")
    if len(first) > 1:
        scores = accuracy_score({label: found.table for label, found in first.items()})
        print(f"{what} ACC  " + "  ".join(f"{k}={v:.3f}" for k, v in scores.items()), flush=True)


def main() -> None:
    """Run everything that is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    imputing = [name for name, method in METHODS.items() if Task.IMPUTE in method.answers]

    def names(text: str) -> list[str]:
        return text.split(",")

    parser.add_argument("--data", type=names, default=list(DATA))
    parser.add_argument("--methods", type=names, default=imputing)
    parser.add_argument("--variants", type=names, default=["default"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5, help="inner folds")
    given = parser.parse_args()
    kit = Path(os.environ["NAPARI_TESSERA_DATA"])
    for what in given.data:
        table(what, DATA[what](kit), given)


if __name__ == "__main__":
    main()
