"""Steps that see some of many spots."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.stem.options import StemOptions, Variant
from napari_tessera.methods.stem.patches import PATCH, Patches
from napari_tessera.methods.stem.training import TrainingData, draw
from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.testing.planted import PITCH, planted_tissue

SIDE = 30
XY = np.stack(np.divmod(np.arange(SIDE * SIDE), SIDE), axis=1).astype(float)
TARGET = gaussian_adjacency(XY, 0.5)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_a_batch_has_the_spots_asked_for_once_and_they_lie_together() -> None:
    patches = Patches.of(XY, None, TARGET)
    rows = patches.draw(np.random.default_rng(0), 4 * PATCH)
    assert np.unique(rows).size == rows.size == 4 * PATCH
    away = np.abs(XY[rows, None] - XY[rows]).sum(axis=2)
    assert ((away == 1).sum(axis=1) >= 2).mean() > 0.95


@pytest.mark.parametrize("n", [13 * PATCH, 14 * PATCH, 20 * PATCH])
def test_a_batch_of_nearly_all_spots_is_as_large_as_it_can_be(n: int) -> None:
    rows = Patches.of(XY, None, TARGET).draw(np.random.default_rng(0), n)
    assert np.unique(rows).size == min(n, len(XY))


def test_batches_reach_every_spot() -> None:
    patches = Patches.of(XY, None, TARGET)
    rng = np.random.default_rng(0)
    seen = np.unique(np.concatenate([patches.draw(rng, 4 * PATCH) for _ in range(60)]))
    assert seen.size == len(XY)


def test_the_target_of_a_batch_is_the_whole_one_cut_and_scaled() -> None:
    patches = Patches.of(XY, None, TARGET)
    rows = patches.draw(np.random.default_rng(1), 2 * PATCH)
    wanted = TARGET.toarray()[np.ix_(rows, rows)]
    wanted /= wanted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(patches.target_of(rows).toarray(), wanted)


def test_patches_stay_within_their_section() -> None:
    sample = np.where(XY[:, 0] < 3, "small", "large")  # 90 spots and the rest
    patches = Patches.of(XY, sample, TARGET)
    assert (sample[patches.nearest] == sample[:, None]).all()


def test_a_section_smaller_than_a_patch_repeats_its_spots() -> None:
    sample = np.where(XY[:, 0] < 1, "tiny", "large")
    nearest = Patches.of(XY, sample, TARGET).nearest
    assert np.unique(nearest[0]).size == SIDE


def test_only_many_spots_are_drawn_from_and_never_in_the_published_form() -> None:
    assert not StemOptions().samples_spots(4096)
    assert StemOptions().samples_spots(4097)
    assert not StemOptions(batch_spots=0).samples_spots(100_000)
    assert not StemOptions(variant=Variant.PUBLISHED).samples_spots(100_000)


def test_steps_grow_with_the_spots_that_a_step_does_not_see() -> None:
    assert StemOptions().step_choices(4000) == (100, 200)
    assert StemOptions().step_choices(4 * 4096) == (200, 400)
    assert StemOptions(steps=50).step_choices(4 * 4096) == (50,)


def test_a_step_holds_the_drawn_spots_only() -> None:
    paired = planted_tissue(n_cells=100, n_spots=300, n_genes=50).paired
    options = StemOptions(batch_spots=2 * PATCH, batch_cells=30)
    data = TrainingData.prepare(paired, options, torch.device("cpu"))
    drawn = draw(data, options, 0, 0)
    assert drawn.queries is not None
    n_drawn = drawn.spots.n
    assert n_drawn == 2 * PATCH
    assert drawn.queries.matrix.shape == drawn.spots.matrix.shape
    assert drawn.target.shape == (n_drawn, n_drawn)
    again = partial(draw, data, options, 0)(0)
    assert again.queries is not None
    every = slice(None)
    np.testing.assert_array_equal(again.queries(every), drawn.queries(every))


def test_what_is_learned_from_patches_places_nearly_as_well() -> None:
    tissue = planted_tissue(n_cells=300, n_spots=300, n_genes=100, seed=5)
    method = get_method("stem")
    off = []
    for batch in (0, 3 * PATCH):
        options = method.options_type(steps=60, members=1, batch_spots=batch, batch_cells=128)
        fitted = method.fit(tissue.paired, options, SilentMonitor())
        placement = method.predict(fitted, tissue.paired).placement
        assert placement is not None
        off.append(np.linalg.norm(placement.xy - tissue.truth_xy, axis=1).mean() / PITCH)
    assert off[1] < 1.15 * off[0]
