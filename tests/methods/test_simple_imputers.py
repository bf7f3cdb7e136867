"""Methods that predict genes without any training."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.genes import without_genes
from napari_tessera.methods import IMPUTING_BASELINE, get_method
from napari_tessera.numerics.gene_scores import gene_pcc
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.imputation import Imputation

WHOLE = planted_tissue(n_cells=500, n_spots=200, n_genes=100, seed=1).paired
TAKEN = np.arange(90, 100)
PAIRED = without_genes(WHOLE, TAKEN)
TRUTH = np.log1p(WHOLE.spots.values.toarray()[:, TAKEN].astype(np.float64))
WANTED = ",".join(WHOLE.cells.gene_names[TAKEN])
SIMPLE = ("baseline_impute", "soft_correlation", "kernel_ridge", "nearest_cells")
ASKED = ImputingOptions(genes=WANTED)


def imputed(name: str, options: ImputingOptions = ASKED) -> Imputation:
    method = get_method(name)
    found = method.predict(method.fit(PAIRED, options, SilentMonitor()), PAIRED).imputation
    assert found is not None
    return found


@pytest.fixture(scope="module")
def baseline() -> Imputation:
    return imputed(IMPUTING_BASELINE)


def new(found: Imputation) -> np.ndarray:
    return np.column_stack([found.gene(g) for g in WANTED.split(",")])


@pytest.mark.parametrize("name", SIMPLE)
def test_planted_genes_are_found(name: str) -> None:
    assert gene_pcc(TRUTH, new(imputed(name))).mean() > 0.4


def test_kriging_is_better_than_the_mapping_alone(baseline: Imputation) -> None:
    soft = gene_pcc(TRUTH, new(imputed("soft_correlation"))).mean()
    assert gene_pcc(TRUTH, new(baseline)).mean() > soft


def test_what_was_measured_is_said(baseline: Imputation) -> None:
    assert set(baseline.gene_names[~baseline.measured]) == set(WANTED.split(","))


def test_measured_genes_carry_the_correlation_of_their_own_fold(baseline: Imputation) -> None:
    truth = np.log1p(PAIRED.spots.values.toarray().astype(np.float64))
    own = baseline.measured
    assert baseline.expected_pcc[own] == pytest.approx(
        gene_pcc(truth, baseline.values[:, own]), abs=0.05
    )


def test_the_score_is_the_mean_over_folds() -> None:
    method = get_method(IMPUTING_BASELINE)
    fitted = method.fit(PAIRED, ASKED, SilentMonitor())
    found = method.predict(fitted, PAIRED).imputation
    assert found is not None
    own = found.expected_pcc[found.measured]
    assert fitted.scores["held_out_pcc"] == pytest.approx(own.mean(), abs=1e-5)


def test_no_value_is_negative(baseline: Imputation) -> None:
    assert baseline.values.min() >= 0
    assert baseline.scale is ExpressionScale.LOG1P


def test_scaled_values_may_be_negative() -> None:
    spots = dataclasses.replace(PAIRED.spots, scale=ExpressionScale.SCALED)
    scaled = dataclasses.replace(PAIRED, spots=spots)
    method = get_method("kernel_ridge")
    found = method.predict(method.fit(scaled, ASKED, SilentMonitor()), scaled).imputation
    assert found is not None
    assert found.scale is ExpressionScale.SCALED


def test_intervals_hold_the_truth_of_genes_never_measured(baseline: Imputation) -> None:
    rows = [int(np.flatnonzero(baseline.gene_names == g)[0]) for g in WANTED.split(",")]
    covered = np.abs(TRUTH - baseline.values[:, rows]) <= baseline.half_width[:, rows]
    assert 0.8 < covered.mean() < 0.98


def test_repair_widens_the_spread_of_predictions(baseline: Imputation) -> None:
    repaired = imputed(IMPUTING_BASELINE, dataclasses.replace(ASKED, repair=True))
    assert new(repaired).std(axis=0).mean() > 1.02 * new(baseline).std(axis=0).mean()


def test_the_same_seed_gives_the_same_bit_for_bit(baseline: Imputation) -> None:
    again = imputed(IMPUTING_BASELINE)
    assert np.array_equal(again.values, baseline.values)
    assert np.array_equal(again.half_width, baseline.half_width)


def test_genes_beyond_the_panel_carry_their_own_correlation() -> None:
    found = imputed(IMPUTING_BASELINE, dataclasses.replace(ASKED, n_genes=50))
    assert found.measured.sum() == 90
    truth = np.log1p(PAIRED.spots.values.toarray().astype(np.float64))
    beyond = found.gene_names[50:90]
    at = [int(np.flatnonzero(PAIRED.spots.gene_names == g)[0]) for g in beyond]
    wanted = gene_pcc(truth[:, at], found.values[:, 50:90])
    assert found.expected_pcc[50:90] == pytest.approx(wanted, abs=0.05)


def test_a_reader_is_warned_where_single_genes_cannot_be_judged() -> None:
    few = without_genes(PAIRED, np.arange(12, 90))
    told = get_method(IMPUTING_BASELINE).fit(few, ImputingOptions(), SilentMonitor()).warnings
    assert any("Only 12 measured genes" in line for line in told)


def test_a_reader_is_warned_of_a_reference_that_says_nothing_of_the_tissue() -> None:
    order = np.random.default_rng(0).permutation(PAIRED.n_genes)
    shuffled = dataclasses.replace(PAIRED.cells, values=PAIRED.cells.values[:, order])
    odd = dataclasses.replace(PAIRED, cells=shuffled)
    told = get_method(IMPUTING_BASELINE).fit(odd, ImputingOptions(), SilentMonitor()).warnings
    assert any("cannot be told here" in line for line in told)
