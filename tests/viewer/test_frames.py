"""Coordinates: napari's order, where a pixel is, and the way from one frame to another."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.views import typical_distance
from napari_tessera.viewer.frames import (
    apply_affine,
    fit_affine,
    pixel_affine,
    row_col,
)


def test_x_is_the_column_and_y_the_row() -> None:
    assert row_col(np.array([[3.0, 7.0]])).tolist() == [[7.0, 3.0]]


def test_the_first_pixel_of_a_picture_is_centred_half_a_pixel_from_its_corner() -> None:
    affine = np.array([[2.0, 0.0, 10.0], [0.0, 4.0, 100.0], [0.0, 0.0, 1.0]])
    corner = pixel_affine(affine) @ np.array([-0.5, -0.5, 1.0])
    centre = pixel_affine(affine) @ np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(corner, [100.0, 10.0, 1.0])
    np.testing.assert_allclose(centre, [102.0, 11.0, 1.0])


def test_a_rotated_picture_keeps_its_rotation_in_row_and_column() -> None:
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    row, col = 2.5, 4.5
    x, y, _ = turn @ np.array([col + 0.5, row + 0.5, 1.0])
    np.testing.assert_allclose(pixel_affine(turn) @ np.array([row, col, 1.0]), [y, x, 1.0])


def test_an_affine_between_two_frames_is_found_exactly() -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(size=(50, 2)) * 1000 + 5000
    affine = np.array([[0.3, -0.1, 12.0], [0.2, 0.4, -7.0], [0.0, 0.0, 1.0]])
    found = fit_affine(source, apply_affine(affine, source))
    np.testing.assert_allclose(found, affine, rtol=1e-8, atol=1e-8)


def test_the_typical_distance_of_a_lattice_is_its_step() -> None:
    x, y = np.meshgrid(np.arange(10.0), np.arange(10.0))
    assert typical_distance(3.0 * np.column_stack([x.ravel(), y.ravel()])) == pytest.approx(3.0)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_points_have_a_harmless_distance(n: int) -> None:
    assert typical_distance(np.zeros((n, 2))) == 1.0


def test_points_that_all_coincide_have_a_harmless_distance() -> None:
    assert typical_distance(np.zeros((5, 2))) == 1.0
