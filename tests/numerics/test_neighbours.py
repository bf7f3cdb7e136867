"""Nearest neighbours in the tissue."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.neighbours import mean_over, nearest

RNG = np.random.default_rng(2)
XY = RNG.random((60, 2))


def test_neighbours_are_the_nearest_others_in_order() -> None:
    distance = np.linalg.norm(XY[:, None] - XY, axis=2) + 10 * np.eye(60)
    assert (nearest(XY, 5) == np.argsort(distance, axis=1)[:, :5]).all()


def test_no_neighbour_lies_in_another_section() -> None:
    sample = np.where(np.arange(60) % 2, "a", "b")
    assert (sample[nearest(XY, 5, sample)] == sample[:, None]).all()


def test_cells_at_the_same_place_are_not_their_own_neighbours() -> None:
    found = nearest(np.zeros((30, 2)), 4)
    assert not (found == np.arange(30)[:, None]).any()


def test_too_few_others_are_repeated() -> None:
    assert nearest(XY[:3], 5).shape == (3, 5)


def test_a_cell_alone_is_its_own_neighbour() -> None:
    assert nearest(XY[:1], 2).tolist() == [[0, 0]]


def test_means_are_over_the_neighbours() -> None:
    values, near = RNG.random((60, 3)), nearest(XY, 5)
    assert mean_over(values, near) == pytest.approx(values[near].mean(axis=1))
