"""Genes held out of the tissue altogether, predicted by a method, and scored."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import IMPUTING_BASELINE, METHODS
from napari_tessera.numerics.folds import FoldOrder, gene_folds
from napari_tessera.numerics.gene_panel import comparable
from napari_tessera.numerics.gene_scores import gene_summary, gene_table, mean_interval
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Method

    AnyMethod = Method[Any]


@dataclass(frozen=True, kw_only=True)
class GeneScores:
    """What a method reached on genes that it did not see.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
        Every shared gene, fold by fold.
    fold : ndarray of int64, shape (n_genes,)
        Fold that a gene was held out with.
    table : mapping of str to ndarray, shape (n_genes,)
        PCC, SSIM, RMSE and JSD.
    expected_pcc : ndarray, shape (n_genes,)
        What the method expected without the gene.
    covered, width : ndarray, shape (n_genes,)
        Share of spots whose truth lies within the interval, and mean half width.
    constant_width : ndarray, shape (n_genes,)
        Half width of the interval of one constant width that the same errors would give: the
        ``coverage`` quantile over all other folds' genes and spots.
    seconds : float
        Wall time per fold, mean.
    """

    genes: NDArray[np.str_]
    fold: NDArray[np.int64]
    table: Mapping[str, NDArray[np.float64]]
    expected_pcc: NDArray[np.float64]
    covered: NDArray[np.float64]
    width: NDArray[np.float64]
    constant_width: NDArray[np.float64]
    seconds: float

    def summary(self) -> dict[str, float]:
        """Means and medians over genes, and how far expectation and intervals can be trusted."""
        pcc = self.table["pcc"]
        low, high = mean_interval(pcc, rng_for(0, pcc.size))
        varies = np.std(self.expected_pcc) > 0 and np.std(pcc) > 0
        agree = float(np.corrcoef(self.expected_pcc, pcc)[0, 1]) if varies else 0.0
        return {
            **gene_summary(self.table),
            "mean_pcc_low": low,
            "mean_pcc_high": high,
            "expected_pcc_correlation": agree,
            "expected_pcc_error": float(np.abs(self.expected_pcc - pcc).mean()),
            "coverage": float(self.covered.mean()),
            "width_over_constant": float(self.width.mean() / self.constant_width.mean()),
            "seconds_per_fold": self.seconds,
        }


def without_genes(inputs: PairedData, fold: NDArray[np.int64]) -> PairedData:
    """Take genes away from the spots; the cells keep them among their further genes.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    fold : ndarray of int64
        Positions among the shared genes.
    """
    kept = np.setdiff1d(np.arange(inputs.n_genes), fold)
    moved = inputs.cells.take_genes(fold)
    further = moved if inputs.further is None else _joined(moved, inputs.further)
    return dataclasses.replace(
        inputs,
        cells=inputs.cells.take_genes(kept),
        spots=inputs.spots.take_genes(kept),
        further=further,
    )


def evaluate_genes(
    inputs: PairedData,
    method: AnyMethod,
    options: ImputingOptions,
    *,
    n_folds: int = 10,
    order: FoldOrder = FoldOrder.ALPHABETICAL,
) -> GeneScores:
    """Hold out every shared gene once, and score what the method makes of it.

    All settings are chosen by the method itself on the genes that remain.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    method : Method
        Answers ``Task.IMPUTE``.
    options : ImputingOptions
        Its options; `genes` is overwritten by the fold.
    n_folds : int
        Outer folds.
    order : FoldOrder
        How genes are dealt into them; the seed is that of the options.
    """
    truth = np.asarray(comparable(inputs.spots).toarray(), dtype=np.float64)
    folds = gene_folds(inputs.cells.gene_names, truth.mean(axis=0), n_folds, order, options.seed)
    start = time.monotonic()
    found = [_predict_fold(inputs, fold, method, options) for fold in folds]
    seconds = (time.monotonic() - start) / n_folds
    genes = np.concatenate(folds)
    values = np.hstack([f.values for f in found]).astype(np.float64)
    half = np.hstack([f.half_width for f in found])
    error = np.abs(values - truth[:, genes])
    fold_of = np.repeat(np.arange(n_folds), [f.size for f in folds])
    return GeneScores(
        genes=inputs.cells.gene_names[genes],
        fold=fold_of,
        table=gene_table(truth[:, genes], values),
        expected_pcc=np.concatenate([f.expected_pcc for f in found]).astype(np.float64),
        covered=(error <= half).mean(axis=0),
        width=half.mean(axis=0, dtype=np.float64),
        constant_width=_constant_widths(error, fold_of, found[0].coverage),
        seconds=seconds,
    )


def gene_report(
    inputs: PairedData,
    method: AnyMethod,
    options: ImputingOptions,
    *,
    n_folds: int = 10,
    order: FoldOrder = FoldOrder.ALPHABETICAL,
) -> dict[str, Any]:
    """Give what the shell prints: metrics by name, the baseline's beside them, and the comparison.

    Parameters
    ----------
    inputs, method, options, n_folds, order
        As for `evaluate_genes`.

    Returns
    -------
    dict
        ``mean_pcc``, ``median_pcc``, ``mean_ssim``, ``mean_jsd`` and the rest of
        `GeneScores.summary`; ``genes``, with one row of scores per gene; and, unless the method is
        the baseline, the same metrics under ``baseline`` and `compare_genes` under ``paired``.
    """
    found = evaluate_genes(inputs, method, options, n_folds=n_folds, order=order)
    rows = {
        str(gene): {name: float(values[i]) for name, values in found.table.items()}
        | {"expected_pcc": float(found.expected_pcc[i]), "covered": float(found.covered[i])}
        for i, gene in enumerate(found.genes)
    }
    report: dict[str, Any] = {"method": method.name, **found.summary(), "genes": rows}
    simple = METHODS[IMPUTING_BASELINE]
    if method.name != simple.name:
        shared = {f.name: getattr(options, f.name) for f in dataclasses.fields(ImputingOptions)}
        other = evaluate_genes(
            inputs, simple, simple.options_type(**shared), n_folds=n_folds, order=order
        )
        report["baseline"] = {"method": simple.name, **other.summary()}
        report["paired"] = compare_genes(found, other)
    return report


def compare_genes(first: GeneScores, second: GeneScores) -> dict[str, float]:
    """Paired comparison of two methods on the same genes.

    Returns
    -------
    dict
        ``difference`` of the mean PCC with its ``standard_error``, the ``share_better`` of genes
        on which the first is better, and ``p``, of a one-sided paired Wilcoxon test. Genes are not
        independent, so p is optimistic.
    """
    from scipy.stats import wilcoxon

    where = {str(g): i for i, g in enumerate(second.genes)}
    other = second.table["pcc"][[where[str(g)] for g in first.genes]]
    gain = first.table["pcc"] - other
    return {
        "difference": float(gain.mean()),
        "standard_error": float(gain.std(ddof=1) / np.sqrt(gain.size)),
        "share_better": float((gain > 0).mean()),
        "p": float(wilcoxon(gain, alternative="greater").pvalue) if gain.any() else 1.0,
    }


def _predict_fold(
    inputs: PairedData, fold: NDArray[np.int64], method: AnyMethod, options: ImputingOptions
) -> Imputation:
    """Fit without the genes of a fold, and predict them; columns in the order of the fold."""
    names = inputs.cells.gene_names[fold]
    told = dataclasses.replace(options, genes=",".join(names.tolist()))
    reduced = without_genes(inputs, fold)
    result = method.predict(method.fit(reduced, told, SilentMonitor()), reduced).imputation
    if result is None:
        msg = f"{method.name} predicts no genes"
        raise ValueError(msg)
    at = [int(np.flatnonzero(result.gene_names == name)[0]) for name in names]
    return dataclasses.replace(
        result,
        gene_names=result.gene_names[at],
        values=result.values[:, at],
        half_width=result.half_width[:, at],
        expected_pcc=result.expected_pcc[at],
        measured=result.measured[at],
    )


def _constant_widths(
    error: NDArray[np.float64], fold: NDArray[np.int64], coverage: float
) -> NDArray[np.float64]:
    """Conformal width that does not depend on gene or spot, from the other folds' errors."""
    found = np.empty(error.shape[1])
    for number in np.unique(fold):
        own = fold == number
        found[own] = np.quantile(error[:, ~own], coverage)
    return found


def _joined(first: Expression, second: Expression) -> Expression:
    """Put the genes of two expressions of the same cells side by side."""
    values: Sequence[sparse.csr_matrix] = [first.values, second.values]
    return dataclasses.replace(
        first,
        values=sparse.csr_matrix(sparse.hstack(values, format="csr")),
        gene_names=np.concatenate([first.gene_names, second.gene_names]),
    )
