"""Metrics against their definitions and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from napari_tessera.numerics import scores


def test_hit_number_of_the_truth_is_k() -> None:
    xy = np.random.default_rng(0).uniform(size=(300, 2))
    assert scores.hit_number(xy, xy, 20) == 20


def test_hit_number_of_shuffled_places_is_near_chance() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(size=(2000, 2))
    assert scores.hit_number(rng.permutation(xy), xy, 50) == pytest.approx(50**2 / 1999, rel=0.25)


def test_pearson_equals_scipy_and_is_zero_for_a_constant() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 50))
    assert scores.pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-12)
    assert scores.pearson(a, np.ones(50)) == 0


def test_jensen_shannon_is_scipys_squared() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(6), size=(2, 9))
    wanted = np.mean([jensenshannon(a, b) ** 2 for a, b in zip(p, q, strict=True)])
    assert scores.jensen_shannon(p, q) == pytest.approx(wanted, abs=1e-12)


def test_composition_pcc_of_the_truth_is_one_and_skips_rare_types() -> None:
    truth = np.random.default_rng(3).dirichlet([4, 4, 0.01], size=200)
    score, scored = scores.composition_pcc(truth, truth)
    assert score == pytest.approx(1.0)
    assert scored.tolist() == [True, True, False]


def test_distance_summary_of_a_known_shift() -> None:
    truth = np.zeros((10, 2))
    found = scores.distance_summary(scores.distances(truth + np.array([3.0, 4.0]), truth))
    assert list(found.values()) == [5.0] * 4
