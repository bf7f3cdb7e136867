"""Metrics of predicted genes against their definitions and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from napari_tessera.numerics import gene_scores as scores

RNG = np.random.default_rng(0)
TRUTH = RNG.gamma(1.0, size=(60, 4))
FOUND = TRUTH + RNG.normal(size=TRUTH.shape)


def test_correlation_is_scipys() -> None:
    wanted = [stats.pearsonr(t, x).statistic for t, x in zip(TRUTH.T, FOUND.T, strict=True)]
    assert scores.gene_pcc(TRUTH, FOUND) == pytest.approx(wanted, abs=1e-12)


def test_a_constant_prediction_has_no_correlation() -> None:
    assert scores.gene_pcc(TRUTH, np.full_like(TRUTH, 0.3)).tolist() == [0, 0, 0, 0]


def test_the_error_of_standardised_genes_says_what_the_correlation_says() -> None:
    pcc = scores.gene_pcc(TRUTH, FOUND)
    assert scores.gene_rmse(TRUTH, FOUND) == pytest.approx(np.sqrt(2 - 2 * pcc), abs=1e-10)


def test_similarity_of_the_truth_with_itself_is_one() -> None:
    assert scores.gene_ssim(TRUTH, TRUTH) == pytest.approx(np.ones(4), abs=1e-12)


def test_similarity_does_not_see_the_scale() -> None:
    scaled = np.clip(FOUND, 0, None) * 7
    assert scores.gene_ssim(TRUTH, scaled) == pytest.approx(scores.gene_ssim(TRUTH, FOUND))


def test_similarity_equals_the_two_factor_form() -> None:
    t, x = (np.clip(v[:, 0], 0, None) / v[:, 0].max() for v in (TRUTH, FOUND))
    cov = np.cov(t, x, bias=True)
    first = (2 * t.mean() * x.mean() + 1e-4) / (t.mean() ** 2 + x.mean() ** 2 + 1e-4)
    second = (2 * cov[0, 1] + 9e-4) / (cov[0, 0] + cov[1, 1] + 9e-4)
    assert scores.gene_ssim(TRUTH, FOUND)[0] == pytest.approx(first * second, abs=1e-12)


def test_divergence_is_scipys_squared() -> None:
    x = np.clip(FOUND, 0, None)
    wanted = [jensenshannon(a, b) ** 2 for a, b in zip(TRUTH.T, x.T, strict=True)]
    assert scores.gene_jsd(TRUTH, FOUND) == pytest.approx(wanted, abs=1e-12)


def test_an_empty_prediction_counts_as_even() -> None:
    even = scores.gene_jsd(TRUTH, np.ones_like(TRUTH))
    assert scores.gene_jsd(TRUTH, np.zeros_like(TRUTH)) == pytest.approx(even)


def test_the_best_rank_is_one_and_ties_share() -> None:
    assert scores.ranks(np.array([3.0, 1.0, 1.0]), higher_is_better=False).tolist() == [
        1 / 3,
        2.5 / 3,
        2.5 / 3,
    ]


def test_the_rank_of_one_method_is_one() -> None:
    assert scores.accuracy_score({"a": scores.gene_table(TRUTH, FOUND)}) == {"a": 1.0}


def test_the_better_method_has_the_higher_accuracy_score() -> None:
    tables = {"truth": scores.gene_table(TRUTH, TRUTH), "found": scores.gene_table(TRUTH, FOUND)}
    assert scores.accuracy_score(tables) == {"truth": 1.0, "found": 0.5}


def test_the_interval_of_the_mean_holds_the_mean() -> None:
    low, high = scores.mean_interval(TRUTH[:, 0], np.random.default_rng(0))
    assert low < TRUTH[:, 0].mean() < high
