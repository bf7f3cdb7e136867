"""The split that every method is judged on."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.held_out import DRAWS, HeldOut, hold_out
from napari_tessera.testing.planted import planted_tissue

PAIRED = planted_tissue(n_cells=200, n_spots=120, n_genes=40, seed=3).paired


@pytest.fixture
def split() -> HeldOut:
    found = hold_out(PAIRED, 5)
    assert found is not None
    return found


def test_the_same_seed_gives_the_same_split(split: HeldOut) -> None:
    again = hold_out(PAIRED, 5)
    assert again is not None
    assert np.array_equal(again.xy, split.xy)
    assert abs(again.pseudo_cells.values - split.pseudo_cells.values).max() == 0


def test_a_tenth_is_held_out_and_nothing_of_it_stays(split: HeldOut) -> None:
    assert split.inputs.n_spots == 108
    assert len(split.xy) == 12 * DRAWS
    kept = {tuple(xy) for xy in split.inputs.spot_xy}
    assert not kept & {tuple(xy) for xy in split.xy}


def test_pseudo_cells_have_the_depth_of_cells(split: HeldOut) -> None:
    ratio = np.median(split.pseudo_cells.totals()) / np.median(PAIRED.cells.totals())
    assert ratio == pytest.approx(1.0, abs=0.2)


def test_a_perfect_placement_scores_zero(split: HeldOut) -> None:
    assert split.scores(split.xy)["held_out_distance"] == 0.0


def test_distances_are_also_given_in_pitches(split: HeldOut) -> None:
    scores = split.scores(split.xy + np.array([PAIRED.pitch, 0.0]))
    assert scores["held_out_distance_pitch"] == pytest.approx(1.0)


def test_too_few_spots_are_not_split() -> None:
    assert hold_out(PAIRED.take_spots(np.arange(40)), 5) is None
