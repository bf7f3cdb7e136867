"""The geometric median."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.placing import geometric_median, is_bimodal, two_modes


def expected_distance(at: np.ndarray, weights: np.ndarray, points: np.ndarray) -> float:
    return float((weights * np.linalg.norm(points - at, axis=1)).sum())


def test_no_point_nearby_has_a_smaller_expected_distance() -> None:
    rng = np.random.default_rng(0)
    weights, points = rng.dirichlet(np.ones(20), size=1), rng.normal(size=(1, 20, 2))
    at = geometric_median(weights, points, 1e-3)[0]
    least = expected_distance(at, weights[0], points[0])
    for step in 0.05 * rng.normal(size=(50, 2)):
        assert expected_distance(at + step, weights[0], points[0]) >= least - 1e-6


def test_three_of_four_at_one_place_win() -> None:
    points = np.array([[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [9.0, 9.0]]])
    assert np.abs(geometric_median(np.full((1, 4), 0.25), points, 1e-3)).max() < 0.1


def test_it_moves_with_the_tissue() -> None:
    rng = np.random.default_rng(1)
    weights, points = rng.dirichlet(np.ones(9), size=4), rng.normal(size=(4, 9, 2))
    moved = geometric_median(weights, 100 * points + 7, 0.1)
    assert moved == pytest.approx(100 * geometric_median(weights, points, 1e-3) + 7)


def test_one_certain_spot_is_the_answer() -> None:
    weights, points = np.array([[1.0, 0.0]]), np.array([[[3.0, 4.0], [8.0, 8.0]]])
    assert geometric_median(weights, points, 1e-3)[0] == pytest.approx([3.0, 4.0], abs=1e-2)


def test_a_blur_keeps_a_divided_row_off_the_spot_centre() -> None:
    weights, points = np.array([[0.6, 0.4]]), np.array([[[0.0, 0.0], [1.0, 0.0]]])
    assert geometric_median(weights, points, 1e-3)[0, 0] < 0.01
    assert geometric_median(weights, points, 0.25)[0, 0] > 0.05


def test_two_heaps_are_two_modes_the_heavier_first() -> None:
    rng = np.random.default_rng(0)
    heaps = [rng.normal(centre, 0.5, (20, 2)) for centre in ((0.0, 0.0), (20.0, 0.0))]
    weights = np.repeat([0.3 / 20, 0.7 / 20], 20)[None]
    modes, mass = two_modes(weights, np.concatenate(heaps)[None], 1.0)
    np.testing.assert_allclose(modes[0], [[20, 0], [0, 0]], atol=0.5)
    np.testing.assert_allclose(mass[0], [0.7, 0.3], atol=1e-6)
    assert is_bimodal(mass).tolist() == [False]
    assert is_bimodal(np.array([[0.5, 0.4]])).tolist() == [True]


def test_a_single_heap_has_no_second_mode() -> None:
    points = np.random.default_rng(0).normal(0, 0.5, (1, 20, 2))
    modes, mass = two_modes(np.full((1, 20), 0.05), points, 1.0)
    assert mass[0, 1] == 0
    np.testing.assert_array_equal(modes[0, 0], modes[0, 1])


def test_a_heavy_point_far_from_others_does_not_beat_a_heap() -> None:
    heap = np.random.default_rng(0).normal(0, 0.5, (10, 2))
    points = np.concatenate([[[30.0, 0.0]], heap])[None]
    weights = np.concatenate([[0.2], np.full(10, 0.08)])[None]
    modes, _ = two_modes(weights, points, 1.0)
    assert np.linalg.norm(modes[0, 0]) < 1
    np.testing.assert_allclose(modes[0, 1], [30, 0], atol=1e-6)
