"""Numbers of a run in the order of the spots on the screen."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.views import SpotsView
from napari_tessera.viewer.spots import placed


@pytest.fixture
def spots() -> SpotsView:
    names = np.array(["a", "b", "c"])
    return SpotsView(
        table="t", element="e", names=names, instances=np.arange(3), xy=np.zeros((3, 2))
    )


def test_numbers_are_matched_by_name_and_what_is_missing_is_said(spots: SpotsView) -> None:
    found = placed(np.array([3, 1], np.float32), np.array(["c", "a"]), spots, missing=-1)
    assert found.tolist() == [1, -1, 3]


def test_colours_of_a_subset_are_clear_elsewhere(spots: SpotsView) -> None:
    found = placed(np.ones((2, 4), np.float32), np.array(["c", "a"]), spots)
    assert found[:, 3].tolist() == [1, 0, 1]


def test_more_names_than_spots_are_matched_too(spots: SpotsView) -> None:
    names = np.array(["a", "b", "c", "d"])
    assert placed(np.arange(4, dtype=np.float32), names, spots).tolist() == [0, 1, 2]


def test_other_names_are_not_taken_for_those_asked_before(spots: SpotsView) -> None:
    for _ in range(50):
        order = np.random.default_rng(_).permutation(3)
        names = spots.names[order]
        assert placed(order.astype(np.float32), names, spots).tolist() == [0, 1, 2]
