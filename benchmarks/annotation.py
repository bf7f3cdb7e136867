"""Accuracy, calibration and novelty of annotation on real data, beside logistic regression.

    NAPARI_TESSERA_DATA=... python benchmarks/annotation.py [--sets shift osmfish starmap]
        [--methods plain annotation_baseline annotation_ensemble stai] [--seeds 5] [--json FILE]

Every set is one data set split in two random halves (seed s): the first half plays the tissue, the
second the reference, so the truth is known. ``shift``: mouse embryo E1z2 with a planted shift of
the tissue's half (gene-wise factor of log-normal spread 0.75 scaled to mean 1, binomial thinning to
0.3 times it, 30 % of the genes absent, two random types of at least 100 cells taken out of the
reference). ``shift_frequent``: another draw of the same shift, in which types with fewer than five
reference cells are taken out too and not scored.
``osmfish``: the filtered cells, six types; ``osmfish_all``: all cells, twelve types;
``starmap``: section BZ5; ``..._strangers``: the same without one random type of at least 15 cells
in the reference. ``plain`` is logistic regression (C = 0.1) on log1p counts, each side z-scored,
nothing thinned. Labels of the tissue's half are read to score, and nowhere else.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.annotation import score_annotation
from napari_tessera.methods import get_method
from napari_tessera.numerics.conformal import upper_p
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.labels import reference_types
from napari_tessera.numerics.softmax_regression import energy, fit_softmax, log_posterior
from napari_tessera.numerics.thinning import Transform, features

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

Row = dict[str, Any]
FILES = {
    "shift": "mouse_embryo_seqfish/e1z2_cells.h5ad",
    "shift_frequent": "mouse_embryo_seqfish/e1z2_cells.h5ad",
    "osmfish": "osmfish_cortex/osmfish.h5ad",
    "osmfish_all": "osmfish_cortex/osmfish.h5ad",
    "starmap": "starmap_mpfc/starmap_mpfc_BZ5.h5ad",
    "osmfish_strangers": "osmfish_cortex/osmfish.h5ad",
    "starmap_strangers": "starmap_mpfc/starmap_mpfc_BZ5.h5ad",
}
SHOWN = (
    "accuracy", "macro_f1", "calibration_error", "novelty_auroc", "set_coverage", "set_size",
    "held_out_pcc", "seconds", "cpu_seconds", "peak_gib",
)  # fmt: skip
LARGE_TYPE, N_REMOVED, DEPTH, MISSING, FACTOR = 100, 2, 0.3, 0.3, 0.75
LEAST_KNOWN = 5
"""Reference cells below which a type is left out of ``shift_frequent``."""


@dataclasses.dataclass(frozen=True)
class Half:
    """One half of a data set."""

    counts: sparse.csr_matrix
    names: NDArray[np.str_]
    types: NDArray[np.str_]
    xy: NDArray[np.float64]

    def take(self, rows: NDArray[np.integer]) -> Half:
        """Keep some rows."""
        return Half(self.counts[rows], self.names[rows], self.types[rows], self.xy[rows])


def read(kit: Path, name: str) -> tuple[Half, NDArray[np.str_]]:
    """All cells of a set and its gene names."""
    import anndata as ad

    data: AnnData = ad.read_h5ad(kit / FILES[name])
    if name in {"osmfish", "osmfish_strangers"}:
        data = data[np.asarray(data.obs["in_stai_filtered"], dtype=bool)]
    whole = Half(
        sparse.csr_matrix(data.X, dtype=np.float32),
        np.asarray(data.obs_names, dtype=np.str_),
        np.asarray(data.obs["cell_type"].astype(str), dtype=np.str_),
        np.asarray(data.obsm["spatial"], dtype=np.float64),
    )
    return whole, np.asarray(data.var_names, dtype=np.str_)


def shifted(
    tissue: Half, cells: Half, rng: np.random.Generator
) -> tuple[Half, Half, NDArray[np.int64]]:
    """Plant the shift; gives both halves and the genes that are left."""
    n_genes = tissue.counts.shape[1]
    factors = rng.lognormal(0.0, FACTOR, n_genes)
    kept = np.minimum(1.0, DEPTH * factors / factors.mean())
    counts = tissue.counts.copy()
    counts.data = rng.binomial(counts.data.astype(np.int64), kept[counts.indices]).astype(float)
    genes = np.sort(rng.permutation(n_genes)[: round((1 - MISSING) * n_genes)])
    left = without_types(cells, LARGE_TYPE, N_REMOVED, rng)
    return dataclasses.replace(tissue, counts=counts), left, genes


def shifted_frequent(
    tissue: Half, cells: Half, rng: np.random.Generator
) -> tuple[Half, Half, NDArray[np.int64]]:
    """Plant the shift in another draw; types with few reference cells are left out, unscored."""
    n_genes = tissue.counts.shape[1]
    names, sizes = np.unique(np.concatenate([tissue.types, cells.types]), return_counts=True)
    removed = rng.choice(names[sizes >= LARGE_TYPE], N_REMOVED, replace=False)
    factors = rng.lognormal(0.0, FACTOR, n_genes)
    genes = np.sort(rng.choice(n_genes, round((1 - MISSING) * n_genes), replace=False))
    kept = np.minimum(1.0, DEPTH * factors / factors.mean())
    counts = sparse.csr_matrix(rng.binomial(tissue.counts.toarray().astype(np.int64), kept))
    here, n_cells = np.unique(cells.types, return_counts=True)
    tiny = here[n_cells < LEAST_KNOWN]
    left = cells.take(np.flatnonzero(~np.isin(cells.types, [*removed, *tiny])))
    scored = np.where(np.isin(tissue.types, tiny), "", tissue.types)
    return Half(counts.astype(np.float32), tissue.names, scored, tissue.xy), left, genes


def without_types(cells: Half, least: int, n_removed: int, rng: np.random.Generator) -> Half:
    """Take random types of at least so many cells out of a reference."""
    names, sizes = np.unique(cells.types, return_counts=True)
    removed = rng.choice(names[sizes >= least], n_removed, replace=False)
    return cells.take(np.flatnonzero(~np.isin(cells.types, removed)))


def pair(kit: Path, name: str, seed: int) -> tuple[PairedData, NDArray[np.str_]]:
    """Halves of one set, and the truth of the tissue's half."""
    whole, gene_names = read(kit, name)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(whole.names))
    half = len(order) // 2
    tissue, cells = whole.take(order[:half]), whole.take(order[half:])
    genes = np.arange(gene_names.size)
    if name == "shift":
        tissue, cells, genes = shifted(tissue, cells, np.random.default_rng([seed, 1]))
    if name == "shift_frequent":
        tissue, cells, genes = shifted_frequent(tissue, cells, rng)
    if name.endswith("_strangers"):
        cells = without_types(cells, 15, 1, np.random.default_rng([seed, 2]))

    def expression(of: Half) -> Expression:
        return Expression(
            values=of.counts[:, genes],
            obs_names=of.names,
            gene_names=gene_names[genes],
            scale=ExpressionScale.COUNTS,
        )

    paired = PairedData(
        cells=expression(cells),
        spots=expression(tissue),
        spot_xy=tissue.xy,
        unit="unit",
        pitch=spot_spacing(tissue.xy),
        cell_types=cells.types,
    )
    return paired, tissue.types


def plain(paired: PairedData) -> Annotation:
    """Logistic regression without thinning; strangers by energy against the fitted cells."""
    types, codes = reference_types(paired)
    x = features(paired.cells.values, Transform.LOG)
    z = features(paired.spots.values, Transform.LOG)
    model = fit_softmax(x, codes, types.size, (0.1,))[0]
    probability = np.exp(log_posterior(model, z))
    return Annotation(
        spot_names=paired.spots.obs_names,
        types=types,
        probability=probability.astype(np.float32),
        prediction_set=probability >= probability.max(axis=1, keepdims=True),
        novelty_p=upper_p(energy(model, z), energy(model, x)),
    )


def run(name: str, paired: PairedData, options: dict[str, Any]) -> tuple[Annotation, Row]:
    """Annotate, and what it cost."""
    start, cpu = time.monotonic(), time.process_time()
    if name == "plain":
        annotation, scores = plain(paired), {}
    else:
        method = get_method(name)
        fitted = method.fit(paired, method.options_type(**options), SilentMonitor())
        found = method.predict(fitted, paired).annotation
        if found is None:
            msg = f"{name} annotates nothing"
            raise ValueError(msg)
        annotation, scores = found, dict(fitted.scores)
    cost: Row = {
        "seconds": time.monotonic() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        **scores,
    }
    return annotation, cost


def show(row: Row) -> None:
    """One line per run."""
    words = [f"{k}={row[k]:.3f}" for k in SHOWN if row.get(k) is not None]
    print(row["set"], row["method"], row["seed"], *words, flush=True)


def summary(rows: list[Row]) -> None:
    """Mean and standard error over seeds, and F1 per type."""
    for key in dict.fromkeys((r["set"], r["method"]) for r in rows):
        of = [r for r in rows if (r["set"], r["method"]) == key]
        words = []
        for metric in SHOWN[:6]:
            values = np.array([r[metric] for r in of])
            error = values.std(ddof=1) / np.sqrt(len(of)) if len(of) > 1 else np.nan
            words.append(f"{metric} {values.mean():.3f} ({error:.3f})")
        print(*key, f"{len(of)} seeds:", ", ".join(words))
        f1 = {t: [r["f1"][t] for r in of if t in r["f1"]] for r in of for t in r["f1"]}
        print("    F1:", ", ".join(f"{t} {np.mean(v):.2f}" for t, v in sorted(f1.items())))


def main() -> None:
    """Run everything that is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["shift", "osmfish", "starmap"])
    parser.add_argument("--methods", nargs="+", default=["plain", "annotation_baseline"])
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0, help="first of them")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, for every method")
    parser.add_argument("--json", type=Path, help="file for all figures")
    given = parser.parse_args()
    kit = Path(os.environ["NAPARI_TESSERA_DATA"])
    rows: list[Row] = []
    for name in given.sets:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            paired, truth = pair(kit, name, seed)
            for method in given.methods:
                annotation, cost = run(method, paired, {"seed": seed, **given.options})
                scores = score_annotation(annotation, truth)
                rows.append({"set": name, "method": method, "seed": seed, **cost, **scores})
                show(rows[-1])
    summary(rows)
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
