"""Genes held out altogether."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.evaluation.genes import (
    compare_genes,
    evaluate_genes,
    gene_report,
    without_genes,
)
from napari_tessera.methods import get_method
from napari_tessera.numerics.folds import FoldOrder
from napari_tessera.testing.planted import planted_tissue

PAIRED = planted_tissue(n_cells=250, n_spots=120, n_genes=40, seed=3).paired
SOFT, RIDGE = (
    evaluate_genes(PAIRED, get_method(name), ImputingOptions(), n_folds=4)
    for name in ("soft_correlation", "kernel_ridge")
)


def test_every_gene_is_scored_once() -> None:
    assert sorted(SOFT.genes) == sorted(PAIRED.cells.gene_names)


def test_the_spots_lose_the_genes_and_the_cells_keep_them() -> None:
    reduced = without_genes(PAIRED, np.array([2, 5]))
    assert reduced.further is not None
    assert reduced.further.gene_names.tolist() == PAIRED.cells.gene_names[[2, 5]].tolist()
    assert not set(reduced.spots.gene_names) & set(reduced.further.gene_names)


def test_the_truth_of_a_held_out_gene_plays_no_part() -> None:
    reduced = without_genes(PAIRED, np.array([2, 5]))
    assert reduced.spots.values.shape == (120, 38)
    assert reduced.cells.totals() + reduced.further.totals() == pytest.approx(  # type: ignore[union-attr]
        PAIRED.cells.totals()
    )


def test_a_method_compared_with_itself_shows_no_difference() -> None:
    assert compare_genes(SOFT, SOFT)["p"] == 1.0


def test_what_is_better_on_most_genes_has_a_small_p() -> None:
    found = compare_genes(SOFT, RIDGE)
    back = compare_genes(RIDGE, SOFT)
    assert found["difference"] == pytest.approx(-back["difference"])
    assert found["p"] + back["p"] == pytest.approx(1.0, abs=0.02)


def test_the_summary_names_what_the_shell_prints() -> None:
    names = {"mean_pcc", "median_pcc", "mean_ssim", "mean_jsd", "coverage", "expected_pcc_error"}
    assert names <= set(SOFT.summary())


def test_stratified_folds_deal_otherwise() -> None:
    other = evaluate_genes(
        PAIRED, get_method("kernel_ridge"), ImputingOptions(), n_folds=4, order=FoldOrder.STRATIFIED
    )
    assert other.genes.tolist() != RIDGE.genes.tolist()


def test_the_report_holds_the_baseline_and_the_comparison() -> None:
    report = gene_report(PAIRED, get_method("kernel_ridge"), ImputingOptions(), n_folds=4)
    assert report["mean_pcc"] == pytest.approx(RIDGE.summary()["mean_pcc"])
    assert report["baseline"]["method"] == "baseline_impute"
    assert report["paired"]["difference"] == pytest.approx(
        report["mean_pcc"] - report["baseline"]["mean_pcc"]
    )
    assert set(report["genes"]) == set(PAIRED.cells.gene_names)


def test_the_baseline_is_not_compared_with_itself() -> None:
    report = gene_report(PAIRED, get_method("baseline_impute"), ImputingOptions(), n_folds=2)
    assert "baseline" not in report
