"""Prediction sets and p-values keep their promise."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.conformal import prediction_sets, set_thresholds, upper_p


@pytest.fixture
def rng() -> np.random.Generator:
    """Draws of one test."""
    return np.random.default_rng(8)


def probabilities(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random probabilities, and types drawn from them."""
    p = rng.dirichlet(np.full(4, 0.4), n)
    codes = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return p, np.minimum(codes, 3)


def test_sets_cover_every_type_as_promised(rng: np.random.Generator) -> None:
    p, codes = probabilities(4000, rng)
    fresh, truth = probabilities(20_000, rng)
    sets = prediction_sets(fresh, set_thresholds(p, codes, 0.9))
    inside = sets[np.arange(truth.size), truth]
    each = [inside[truth == c].mean() for c in range(4)]
    assert each == pytest.approx([0.9] * 4, abs=0.03)


def test_a_type_with_few_cells_takes_the_common_threshold(rng: np.random.Generator) -> None:
    p, codes = probabilities(300, rng)
    codes[codes == 3] = 0
    codes[:3] = 3
    own = p[np.arange(300), codes]
    wanted = np.sort(own)[int(np.floor(301 * 0.1)) - 1]
    assert set_thresholds(p, codes, 0.9)[3] == pytest.approx(wanted)


def test_no_set_is_empty() -> None:
    assert prediction_sets(np.array([[0.4, 0.6]]), np.array([0.9, 0.9])).tolist() == [[False, True]]


def test_p_values_of_known_cells_are_uniform(rng: np.random.Generator) -> None:
    p = upper_p(rng.normal(size=20_000), rng.normal(size=5000))
    assert np.quantile(p, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


def test_the_highest_score_has_the_smallest_p() -> None:
    assert upper_p(np.array([9.0, -9.0]), np.zeros(9)).tolist() == pytest.approx([0.1, 1.0])
