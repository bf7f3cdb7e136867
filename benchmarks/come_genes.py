"""COME's ten alphabetical folds over the 84 genes of the Drosophila embryo.

    NAPARI_TESSERA_DATA=... python benchmarks/come_genes.py [--seeds 3] [--save FOLDER] [--free]

A fold is given to the fit as genes that the tissue lacks; every setting is chosen by the method on
the genes that remain. Beside COME: the soft correlation that it starts from, whose temperature the
same kind of inner folds choose; kernel ridge over genes; and the package's own baseline, which
carries residuals by kriging too. With `--free` the free map of the published form, 70 steps. With
`--save` every finished variant and seed is kept in the folder, and not computed again.
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

from imputation import fly
from napari_tessera.contract.expression import Expression
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.genes import evaluate_genes
from napari_tessera.methods import METHODS, get_method
from napari_tessera.numerics.gene_scores import METRICS, gene_table
from placement import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted

N_FOLDS = 10
KRIGED = ", kriged"
VARIANTS: dict[str, dict[str, object]] = {"soft correlation": {"steps": 0}, "come": {}}
FREE: dict[str, dict[str, object]] = {"come free": {"map": "free", "steps": 70, "folds": 0}}
SIMPLE = {"kernel ridge": "kernel_ridge", "baseline (kriges)": "baseline_impute"}
PAIRS = [
    ("come", "soft correlation"),
    ("come", "kernel ridge"),
    ("come", "come free"),
    ("come" + KRIGED, "soft correlation"),
    ("come" + KRIGED, "kernel ridge"),
    ("come" + KRIGED, "come free"),
    ("come" + KRIGED, "soft correlation" + KRIGED),
    ("come" + KRIGED, "baseline (kriges)"),
    ("come" + KRIGED, "come"),
]

Table = dict[str, Any]


def atlas(kit: Path) -> PairedData:
    """Atlas of the embryo: 84 genes as intensities; of the cells' other genes only the sum.

    The sum is all that matters to COME: it makes the totals that counts are divided by.
    """
    whole = fly(kit)
    assert whole.further is not None
    order = np.argsort(whole.cells.gene_names)
    rest = dataclasses.replace(
        whole.further,
        values=sparse.csr_matrix(whole.further.values.sum(axis=1)),
        gene_names=np.array(["all others"]),
    )
    cells, spots = (e.take_genes(order) for e in (whole.cells, whole.spots))
    return dataclasses.replace(whole, cells=cells, spots=spots, further=rest)


def without(paired: PairedData, fold: NDArray[np.int64]) -> PairedData:
    """Hand genes of the tissue over as genes that it lacks."""
    assert paired.further is not None
    kept = np.setdiff1d(np.arange(paired.n_genes), fold)
    moved = Expression(
        values=sparse.hstack([paired.cells.values[:, fold], paired.further.values], format="csr"),
        obs_names=paired.cells.obs_names,
        gene_names=np.concatenate([paired.cells.gene_names[fold], paired.further.gene_names]),
        scale=paired.cells.scale,
    )
    cells, spots = (e.take_genes(kept) for e in (paired.cells, paired.spots))
    return dataclasses.replace(paired, cells=cells, spots=spots, further=moved)


def tables(whole: PairedData, options: Mapping[str, object], seed: int) -> tuple[Table, Table]:
    """Metrics of every gene, without and with kriging of residuals."""
    truth = whole.spots.values.toarray()
    start = time.process_time()
    found: tuple[Table, ...] = ({}, {})
    for table in found:
        table.update({m: np.zeros(whole.n_genes) for m in (*METRICS, "expected")})
    for fold in np.array_split(np.arange(whole.n_genes), N_FOLDS):
        paired = without(whole, fold)
        method = get_method("come")
        fitted = method.fit(paired, method.options_type(seed=seed, **options), SilentMonitor())
        for table, ridge in zip(found, (None, 2.0), strict=True):
            imputed = again(fitted, paired, ridge)
            names = imputed.gene_names.tolist()
            at = [names.index(gene) for gene in whole.cells.gene_names[fold]]
            for m, values in gene_table(truth[:, fold], imputed.values[:, at]).items():
                table[m][fold] = values
            table["expected"][fold] = imputed.expected_pcc[at]
        picked = fitted.state.values
        each = [f"{t['pcc'][fold].mean():.3f}" for t in found]
        print(dict(options), seed, fold[0], picked["steps"], picked["sharpness"], *each, flush=True)
    for table in found:
        table["cpu_s_per_fold"] = (time.process_time() - start) / N_FOLDS
    return found[0], found[1]


def again(fitted: Fitted, paired: PairedData, kriging: float | None) -> Imputation:
    """Predict genes with another ridge of the residuals; nothing is trained anew."""
    options = {**fitted.state.values["options"], "kriging": kriging}
    state = dataclasses.replace(fitted.state, values={**fitted.state.values, "options": options})
    result = get_method("come").predict(dataclasses.replace(fitted, state=state), paired)
    assert result.imputation is not None
    return result.imputation


def simple(kit: Path, name: str) -> Table:
    """Metrics of a method without training, genes in the order of the alphabet."""
    method, start = METHODS[name], time.process_time()
    scores = evaluate_genes(fly(kit), method, method.options_type())
    order = np.argsort(scores.genes)
    found: Table = {m: scores.table[m][order] for m in METRICS}
    found["expected"] = scores.expected_pcc[order]
    found["cpu_s_per_fold"] = (time.process_time() - start) / N_FOLDS
    return found


class Kept:
    """Tables of finished variants and seeds, in a folder if one is given."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.tables = folder, {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, seed: int) -> bool:
        """Whether a table is there, here or in the folder."""
        file = self._file(name, seed)
        if file is not None and file.exists():
            with np.load(file) as stored:
                self.tables[name, seed] = {k: stored[k] for k in stored.files}
        return (name, seed) in self.tables

    def put(self, name: str, seed: int, table: Table) -> None:
        """Keep a table."""
        self.tables[name, seed] = table
        file = self._file(name, seed)
        if file is not None:
            np.savez(file, **table)

    def _file(self, name: str, seed: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{name.replace(' ', '_')}-{seed}.npz"

    def of(self, name: str) -> dict[str, NDArray[np.float64]]:
        """Seeds of a variant, stacked."""
        found = [t for (n, _), t in sorted(self.tables.items()) if n == name]
        return {m: np.stack([np.asarray(t[m]) for t in found]) for m in found[0]} if found else {}


def summary(name: str, t: Mapping[str, NDArray[np.float64]]) -> None:
    """One line per variant."""
    each = t["pcc"].mean(axis=1)
    row: dict[str, Any] = {
        "variant": name,
        "seeds": len(each),
        "mean_pcc": float(each.mean()),
        "lowest_seed": float(each.min()),
        "highest_seed": float(each.max()),
        "median_pcc": float(np.median(t["pcc"].mean(axis=0))),
    }
    row |= {f"mean_{m}": float(t[m].mean()) for m in ("ssim", "rmse", "jsd", "cpu_s_per_fold")}
    row["expected_minus_real"] = float((t["expected"] - t["pcc"]).mean())
    show(row)


def compare(found: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> None:
    """Test pairs of variants: one-sided paired Wilcoxon over genes, Holm-corrected."""
    means = {n: t["pcc"].mean(axis=0) for n, t in found.items() if t}
    pairs = [(a, b) for a, b in PAIRS if a in means and b in means]
    p = [stats.wilcoxon(means[a], means[b], alternative="greater").pvalue for a, b in pairs]
    worst = 0.0
    for rank, i in enumerate(np.argsort(p)):
        worst = max(worst, min(1.0, p[i] * (len(p) - rank)))
        one, other = pairs[i]
        gain = means[one] - means[other]
        show({"pair": f"{one} > {other}", "gain": float(gain.mean()),
              "better_genes": int((gain > 0).sum()), "p_holm": float(worst)})  # fmt: skip


def drosophila(kit: Path, seeds: Sequence[int], kept: Kept, *, free: bool) -> None:
    """All variants and seeds, then the comparison."""
    whole = atlas(kit)
    for name, method in SIMPLE.items():
        if not kept.get(name, 0):
            kept.put(name, 0, simple(kit, method))
    variants = {**VARIANTS, **(FREE if free else {})}
    for seed in seeds:
        for name, options in variants.items():
            both = name, name + KRIGED
            if all(kept.get(n, seed) for n in both):
                continue
            for label, table in zip(both, tables(whole, options, seed), strict=True):
                kept.put(label, seed, table)
    names = [n + k for n in variants for k in ("", KRIGED)] + list(SIMPLE)
    found = {name: kept.of(name) for name in names}
    for name, t in found.items():
        summary(name, t)
    compare(found)


def main() -> None:
    """Run what is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--free", action="store_true", help="the free map too, as published")
    parser.add_argument("--save", type=Path, help="folder for what is finished")
    given = parser.parse_args()
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", "."))
    seeds = range(given.first, given.first + given.seeds)
    drosophila(kit, seeds, Kept(given.save), free=given.free)


if __name__ == "__main__":
    main()
