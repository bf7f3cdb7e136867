"""Discs that hold what they promise, and confidence that ranks errors."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.calibration import (
    FLOORS,
    CredibleScale,
    choose_scale,
    risk_coverage,
    risk_curve,
)


def errors_of(
    spread: np.ndarray, factor: float, floor: float, rng: np.random.Generator
) -> np.ndarray:
    return np.asarray(np.abs(rng.normal(size=spread.size)) * factor * np.hypot(spread, floor))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "floor"), [(0.4, 1.0), (3.0, 0.5)])
def test_discs_hold_ninety_percent_of_other_cells_of_the_same_kind(
    factor: float, floor: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    spread = rng.gamma(2.0, 2.0, 4000)
    errors = errors_of(spread, factor, floor, rng)
    scale = choose_scale(errors[:2000], spread[:2000])
    held = (errors <= scale.radius(spread))[2000:].mean()
    assert 0.87 <= held <= 0.93


def test_the_floor_is_the_one_with_the_smallest_discs() -> None:
    rng = np.random.default_rng(0)
    spread = rng.gamma(1.0, 1.0, 5000)
    errors = errors_of(spread, 1.0, 2.0, rng)
    chosen = choose_scale(errors, spread)
    others = [
        CredibleScale(float(np.quantile(errors / np.hypot(spread, f), 0.9)), f) for f in FLOORS
    ]
    best = min(np.median(o.radius(spread)) for o in others)
    assert np.median(chosen.radius(spread)) == pytest.approx(best, rel=1e-2)


def test_a_wider_row_has_a_wider_disc() -> None:
    radius = CredibleScale(factor=1.5, floor=1.0).radius(np.array([0.0, 1.0, 4.0]))
    np.testing.assert_allclose(radius, 1.5 * np.sqrt([1.0, 2.0, 17.0]))


def test_risk_of_a_perfect_ranking_is_the_mean_of_running_means() -> None:
    errors = np.array([3.0, 1.0, 2.0])
    np.testing.assert_allclose(risk_curve(errors, -errors), [1.0, 1.5, 2.0])
    assert risk_coverage(errors, -errors) == pytest.approx(1.5)


def test_a_confidence_that_says_nothing_has_the_risk_of_chance() -> None:
    errors = np.random.default_rng(0).gamma(2.0, 1.0, 500)
    assert risk_coverage(errors, np.ones(500)) == pytest.approx(errors.mean())


def test_a_confidence_that_is_upside_down_is_worse_than_chance() -> None:
    errors = np.random.default_rng(0).gamma(2.0, 1.0, 500)
    assert risk_coverage(errors, errors) > 1.2 * errors.mean()
