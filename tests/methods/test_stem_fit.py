"""Laws of a STEM fit: seeds, resuming, finishing early, failing, recovering what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tests.methods.watcher import Watcher

from napari_tessera.contract.errors import DivergedError, FitCancelled, MemoryExhaustedError
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.stem import training
from napari_tessera.methods.stem.options import StemOptions, Variant
from napari_tessera.numerics import together
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.results import RunResult

TISSUE = planted_tissue(n_cells=300, n_spots=120, n_genes=60, seed=4)
PAIRED = TISSUE.paired
STEM = get_method("stem")
QUICK = StemOptions(steps=6, members=2, batch_cells=64, seed=3)
ALONE = StemOptions(steps=6, members=1, batch_cells=64, seed=3)
"""A trial and a network beside it: nothing is to be chosen."""

N_REPORTS = 18
"""Trial and two members, six steps each."""


@pytest.fixture(autouse=True)
def _word_of_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what happens at a certain step be asked for; else a word comes after several."""
    monkeypatch.setattr(together, "TURN_S", 0.0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def unbroken() -> Fitted:
    return STEM.fit(PAIRED, QUICK, SilentMonitor())


def assert_same(left: Fitted, right: Fitted) -> None:
    assert left.state.arrays.keys() == right.state.arrays.keys()
    for name, array in left.state.arrays.items():
        assert np.array_equal(array, right.state.arrays[name]), name
    assert left.scores == right.scores
    assert left.history == right.history


def test_a_seed_repeats_bit_for_bit(unbroken: Fitted) -> None:
    assert_same(STEM.fit(PAIRED, QUICK, SilentMonitor()), unbroken)


def test_another_seed_gives_another_network(unbroken: Fitted) -> None:
    other = STEM.fit(PAIRED, StemOptions(**{**QUICK.to_json(), "seed": 4}), SilentMonitor())
    name = "member0/layers.0.weight"
    assert not np.array_equal(other.state.arrays[name], unbroken.state.arrays[name])


def test_nobody_elses_random_numbers_are_touched() -> None:
    torch.manual_seed(11)
    wanted = torch.rand(3)
    torch.manual_seed(11)
    STEM.fit(PAIRED, StemOptions(steps=1, members=1, batch_cells=64), SilentMonitor())
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize("cancel_at", [1, 4, 6, 7, 13, 18])
def test_a_resumed_fit_ends_as_an_unbroken_one(cancel_at: int, unbroken: Fitted) -> None:
    watcher = Watcher(cancel_at=cancel_at)
    with pytest.raises(FitCancelled):
        STEM.fit(PAIRED, QUICK, watcher)
    assert_same(STEM.fit(PAIRED, QUICK, SilentMonitor(), watcher.state), unbroken)


@pytest.mark.parametrize("cancel_at", [1, 6, 7, 12])
def test_one_network_is_resumed_beside_its_trial(cancel_at: int) -> None:
    watcher = Watcher(cancel_at=cancel_at)
    with pytest.raises(FitCancelled):
        STEM.fit(PAIRED, ALONE, watcher)
    unbroken = STEM.fit(PAIRED, ALONE, SilentMonitor())
    assert_same(STEM.fit(PAIRED, ALONE, SilentMonitor(), watcher.state), unbroken)


def test_one_network_is_the_first_of_several(unbroken: Fitted) -> None:
    alone = STEM.fit(PAIRED, ALONE, SilentMonitor())
    assert alone.scores == unbroken.scores
    for name, array in alone.state.part("member0").arrays.items():
        assert np.array_equal(array, unbroken.state.arrays[f"member0/{name}"]), name


def test_a_fit_does_not_depend_on_the_number_of_threads(unbroken: Fitted) -> None:
    torch.set_num_threads(3)
    try:
        assert_same(STEM.fit(PAIRED, QUICK, SilentMonitor()), unbroken)
    finally:
        torch.set_num_threads(1)


def test_finished_early_all_networks_count_once_they_have_begun_to_learn() -> None:
    soon, later = (STEM.fit(PAIRED, QUICK, Watcher(finish_at=n)) for n in (7, 6 + 4))
    assert [f.state.values["n_members"] for f in (soon, later)] == [1, 2]


@pytest.mark.parametrize(
    ("finish_at", "options"), [*((n, QUICK) for n in (1, 6, 9, 15)), (1, ALONE), (9, ALONE)]
)
def test_finishing_early_keeps_a_valid_result(finish_at: int, options: StemOptions) -> None:
    fitted = STEM.fit(PAIRED, options, Watcher(finish_at=finish_at))
    assert fitted.ending == "finished early"
    placement = STEM.predict(fitted, PAIRED).placement
    assert placement is not None
    assert np.isfinite(placement.xy).all()


def test_progress_rises_to_one() -> None:
    watcher = Watcher()
    STEM.fit(PAIRED, QUICK, watcher)
    fractions = [p.fraction for p in watcher.seen]
    assert len(fractions) == N_REPORTS
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_every_term_and_the_total_are_reported() -> None:
    watcher = Watcher(finish_at=1)
    STEM.fit(PAIRED, QUICK, watcher)
    assert set(watcher.seen[0].losses) == {"extraction", "alignment", "transport", "total"}


def test_previews_show_every_cell() -> None:
    watcher = Watcher()
    STEM.fit(PAIRED, StemOptions(steps=30, members=1, batch_cells=64), watcher)
    assert watcher.previews
    assert all(xy.shape == (300, 2) for xy in watcher.previews)


def test_a_loss_that_is_no_number_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "alignment", lambda u, _z: u.sum() * float("nan"))
    with pytest.raises(DivergedError, match="alignment"):
        STEM.fit(PAIRED, QUICK, SilentMonitor())


def test_a_full_device_is_said_so_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        message = "CUDA out of memory"
        raise torch.OutOfMemoryError(message)

    monkeypatch.setattr(training, "transport", full)
    with pytest.raises(MemoryExhaustedError) as error:
        STEM.fit(PAIRED, QUICK, SilentMonitor())
    assert "batch" in error.value.hint or "cells per step" in error.value.hint


def test_without_enough_spots_there_is_a_warning_and_no_score() -> None:
    few = PAIRED.take_spots(np.arange(60))
    fitted = STEM.fit(few, StemOptions(steps=2, members=1, batch_cells=64), SilentMonitor())
    assert fitted.warnings
    assert not fitted.scores


@pytest.mark.parametrize(("sigma", "word"), [(0.1, "small"), (3.0, "large")])
def test_a_sigma_that_makes_no_sense_is_remarked(sigma: float, word: str) -> None:
    options = StemOptions(steps=1, members=1, batch_cells=64, sigma=sigma)
    fitted = STEM.fit(PAIRED, options, SilentMonitor())
    assert any(word in warning for warning in fitted.warnings)


@pytest.fixture(scope="module")
def trained() -> tuple[Fitted, RunResult]:
    fitted = STEM.fit(PAIRED, StemOptions(steps=60, members=1, batch_cells=128), SilentMonitor())
    return fitted, STEM.predict(fitted, PAIRED)


def test_planted_cells_find_their_places(trained: tuple[Fitted, RunResult]) -> None:
    placement = trained[1].placement
    assert placement is not None
    error = np.linalg.norm(placement.xy - TISSUE.truth_xy, axis=1).mean()
    centroid = np.linalg.norm(TISSUE.truth_xy - PAIRED.spot_xy.mean(axis=0), axis=1).mean()
    assert error < 0.5 * centroid


def test_planted_composition_is_found(trained: tuple[Fitted, RunResult]) -> None:
    composition = trained[1].composition
    assert composition is not None
    pairs = zip(composition.values.T, TISSUE.composition.T, strict=True)
    assert np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.8


def test_neighbours_leave_the_cell_itself_out(trained: tuple[Fitted, RunResult]) -> None:
    placement = trained[1].placement
    assert placement is not None
    assert placement.neighbours is not None
    assert not (placement.neighbours == np.arange(300)[:, None]).any()


def test_rotating_the_tissue_rotates_the_placement() -> None:
    import dataclasses

    options = StemOptions(steps=5, members=1, batch_cells=64)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    turned = dataclasses.replace(PAIRED, spot_xy=PAIRED.spot_xy @ turn + 50.0)
    placed = []
    for inputs in (PAIRED, turned):
        placement = STEM.predict(STEM.fit(inputs, options, SilentMonitor()), inputs).placement
        assert placement is not None
        placed.append(placement.xy)
    off = np.linalg.norm(placed[0] @ turn + 50.0 - placed[1], axis=1)
    assert np.median(off) < 0.02 * PAIRED.pitch


def test_the_published_form_trains_on_whole_logarithms_with_dropout() -> None:
    options = StemOptions(steps=4, members=1, variant=Variant.PUBLISHED)
    fitted = STEM.fit(PAIRED, options, SilentMonitor())
    assert not fitted.state.arrays["member0/cosine"]
    assert (fitted.state.arrays["factors"] == 1).all()
