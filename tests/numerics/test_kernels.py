"""Spacing of spots and the spatial target."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from napari_tessera.numerics.kernels import (
    effective_neighbours,
    gaussian_adjacency,
    is_lattice,
    nearest_distances,
    spot_spacing,
)


def square(side: int, step: float) -> np.ndarray:
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    return np.asarray(grid.reshape(-1, 2) * step, dtype=np.float64)


def test_a_lattice_has_its_step_as_spacing() -> None:
    assert spot_spacing(square(9, 100.0)) == pytest.approx(100.0)


def test_scattered_cells_have_the_root_of_area_per_cell_as_spacing() -> None:
    xy = np.random.default_rng(0).random((4000, 2)) * 1000
    assert not is_lattice(nearest_distances(xy))
    assert spot_spacing(xy) == pytest.approx(np.sqrt(1e6 / 4000), rel=0.06)


def test_repeated_positions_do_not_shrink_the_spacing() -> None:
    xy = square(6, 10.0)
    assert spot_spacing(np.concatenate([xy, xy[:5]])) == pytest.approx(10.0)


def test_adjacency_equals_the_dense_gaussian() -> None:
    xy = square(7, 2.0)
    phi = np.exp(-(cdist(xy, xy) ** 2) / 2)
    dense = phi / phi.sum(axis=1, keepdims=True)
    assert np.abs(gaussian_adjacency(xy, 1.0).toarray() - dense).max() < 1e-6


def test_adjacency_moves_and_scales_with_the_tissue() -> None:
    xy = square(6, 3.0)
    turned = 5.0 * xy @ np.array([[0.6, -0.8], [0.8, 0.6]]) + 17.0
    there = gaussian_adjacency(turned, 7.5).toarray()
    assert there == pytest.approx(gaussian_adjacency(xy, 1.5).toarray(), abs=1e-9)


def test_sections_are_not_neighbours() -> None:
    xy = np.concatenate([square(4, 1.0), square(4, 1.0)])
    sample = np.repeat(["a", "b"], 16)
    s = gaussian_adjacency(xy, 0.5, sample).toarray()
    assert s[:16, 16:].sum() == 0
    assert s[:16, :16] == pytest.approx(gaussian_adjacency(xy[:16], 0.5).toarray())


def test_coinciding_spots_share_their_weight() -> None:
    s = gaussian_adjacency(np.zeros((4, 2)), 1.0).toarray()
    assert s == pytest.approx(np.full((4, 4), 0.25))


def test_sigma_zero_is_the_identity() -> None:
    assert gaussian_adjacency(square(3, 1.0), 0.0).toarray() == pytest.approx(np.eye(9))


def test_effective_neighbours_is_the_exponential_of_the_mean_entropy() -> None:
    s = gaussian_adjacency(square(8, 2.0), 1.0)
    rows = [row[row > 0] for row in s.toarray()]
    entropy = np.mean([-(row * np.log(row)).sum() for row in rows])
    assert effective_neighbours(s) == pytest.approx(np.exp(entropy))
