"""Metrics of annotation against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from napari_tessera.numerics.annotation_scores import (
    auroc,
    calibration_error,
    f1_per_type,
    macro_f1,
)

RNG = np.random.default_rng(5)
TRUTH = RNG.integers(0, 4, 200)
FOUND = np.where(RNG.random(200) < 0.6, TRUTH, RNG.integers(0, 4, 200))


def test_f1_equals_scikit_learn() -> None:
    wanted = f1_score(TRUTH, FOUND, average=None)
    assert f1_per_type(FOUND, TRUTH, 4) == pytest.approx(wanted)


def test_macro_f1_equals_scikit_learn_where_all_types_are_there() -> None:
    assert macro_f1(FOUND, TRUTH, 4) == pytest.approx(f1_score(TRUTH, FOUND, average="macro"))


def test_a_type_that_the_truth_lacks_does_not_enter_the_mean() -> None:
    assert macro_f1(np.array([0, 1, 2]), np.array([0, 1, 1]), 3) == pytest.approx((1 + 2 / 3) / 2)


def test_auroc_with_ties_equals_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 5, 200) + (TRUTH == 1), TRUTH == 1
    assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_auroc_without_positives_is_not_a_number() -> None:
    assert np.isnan(auroc(np.ones(3), np.zeros(3, dtype=bool)))


def test_calibration_error_is_the_gap_of_each_bin_weighted() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.3, 0.3])
    correct = np.array([True, True, False, False, False, True])
    assert calibration_error(confidence, correct) == pytest.approx((4 * 0.4 + 2 * 0.2) / 6)


def test_calibrated_draws_have_a_small_error() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, 20_000)
    assert calibration_error(confidence, rng.random(20_000) < confidence) < 0.02
