"""Laws of a COME fit: seeds, resuming, finishing early, recovering what was planted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import sparse
from tests.methods.watcher import Watcher

from napari_tessera.contract.errors import FitCancelled, OptionError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.come.options import ComeOptions, MapForm, Start
from napari_tessera.methods.come.preparing import prepare
from napari_tessera.numerics.sharing import WEIGHTS, share
from napari_tessera.numerics.spatial_statistics import graph_of
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.results import RunResult

TISSUE = planted_tissue(n_cells=250, n_spots=120, n_genes=60, seed=4)
COME = get_method("come")
LACKING = np.arange(3, 60, 6)


KEPT = np.setdiff1d(np.arange(60), LACKING)
PAIRED = dataclasses.replace(
    TISSUE.paired,
    cells=TISSUE.paired.cells.take_genes(KEPT),
    spots=TISSUE.paired.spots.take_genes(KEPT),
    further=TISSUE.paired.cells.take_genes(LACKING),
)
QUICK = ComeOptions(steps=4, members=2, folds=2, batch=64, seed=3)
FREE = ComeOptions(map=MapForm.FREE, steps=25, folds=2)
N_REPORTS = 20
"""Two gene folds, held-out spots and two members, four steps each."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def unbroken() -> Fitted:
    return COME.fit(PAIRED, QUICK, SilentMonitor())


@pytest.fixture(scope="module")
def trained() -> tuple[Fitted, RunResult]:
    options = ComeOptions(steps=40, members=1, folds=3, batch=128)
    fitted = COME.fit(PAIRED, options, SilentMonitor())
    return fitted, COME.predict(fitted, PAIRED)


@pytest.fixture(scope="module")
def free() -> tuple[Fitted, RunResult]:
    fitted = COME.fit(PAIRED, FREE, SilentMonitor())
    return fitted, COME.predict(fitted, PAIRED)


def assert_same(left: Fitted, right: Fitted) -> None:
    assert left.state.arrays.keys() == right.state.arrays.keys()
    for name, array in left.state.arrays.items():
        assert np.array_equal(array, right.state.arrays[name]), name
    assert left.scores == right.scores
    assert left.history == right.history


def imputed_pcc(result: RunResult) -> float:
    imputation = result.imputation
    assert imputation is not None
    counts = TISSUE.paired.spots.values.toarray()
    truth = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 100)[:, LACKING]
    names = TISSUE.paired.spots.gene_names[LACKING]
    each = [
        np.corrcoef(imputation.gene(str(name)), truth[:, i])[0, 1] for i, name in enumerate(names)
    ]
    return float(np.mean(each))


def composition_pcc(result: RunResult) -> float:
    composition = result.composition
    assert composition is not None
    pairs = zip(composition.values.T, TISSUE.composition.T, strict=True)
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]))


def mean_error(result: RunResult) -> float:
    assert result.placement is not None
    return float(np.linalg.norm(result.placement.xy - TISSUE.truth_xy, axis=1).mean())


CENTROID = np.linalg.norm(TISSUE.truth_xy - PAIRED.spot_xy.mean(axis=0), axis=1).mean()


def test_a_seed_repeats_bit_for_bit(unbroken: Fitted) -> None:
    assert_same(COME.fit(PAIRED, QUICK, SilentMonitor()), unbroken)


def test_another_seed_gives_another_network(unbroken: Fitted) -> None:
    other = COME.fit(PAIRED, dataclasses.replace(QUICK, seed=4), SilentMonitor())
    name = "places0/cell_projection.weight"
    assert not np.array_equal(other.state.arrays[name], unbroken.state.arrays[name])


def test_nobody_elses_random_numbers_are_touched() -> None:
    torch.manual_seed(11)
    wanted = torch.rand(3)
    torch.manual_seed(11)
    COME.fit(PAIRED, dataclasses.replace(QUICK, steps=1, members=1), SilentMonitor())
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize("cancel_at", [1, 4, 7, 12, 13, 17, 20])
def test_a_resumed_fit_ends_as_an_unbroken_one(cancel_at: int, unbroken: Fitted) -> None:
    watcher = Watcher(cancel_at=cancel_at)
    with pytest.raises(FitCancelled):
        COME.fit(PAIRED, QUICK, watcher)
    assert_same(COME.fit(PAIRED, QUICK, SilentMonitor(), watcher.state), unbroken)


def test_a_resumed_free_fit_ends_as_an_unbroken_one() -> None:
    options = dataclasses.replace(FREE, steps=2, folds=0)
    watcher = Watcher(cancel_at=501)
    with pytest.raises(FitCancelled):
        COME.fit(PAIRED, options, watcher)
    resumed = COME.fit(PAIRED, options, SilentMonitor(), watcher.state)
    assert_same(resumed, COME.fit(PAIRED, options, SilentMonitor()))


@pytest.mark.parametrize("finish_at", [1, 6, 10, 15, 18])
def test_finishing_early_keeps_a_valid_result(finish_at: int) -> None:
    fitted = COME.fit(PAIRED, QUICK, Watcher(finish_at=finish_at))
    assert fitted.ending == "finished early"
    result = COME.predict(fitted, PAIRED)
    assert result.placement is not None
    assert result.imputation is not None
    assert np.isfinite(result.placement.xy).all()
    assert np.isfinite(result.imputation.values).all()


def test_progress_rises_to_one() -> None:
    watcher = Watcher()
    COME.fit(PAIRED, QUICK, watcher)
    fractions = [p.fraction for p in watcher.seen]
    assert len(fractions) == N_REPORTS
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_previews_show_every_cell() -> None:
    watcher = Watcher()
    COME.fit(PAIRED, dataclasses.replace(QUICK, steps=30, members=1, folds=0), watcher)
    assert watcher.previews
    assert all(xy.shape == (250, 2) for xy in watcher.previews)


def test_steps_are_chosen_where_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_tessera.methods.come.options.STEP_CHOICES", (2, 5))
    options = ComeOptions(members=1, folds=2, batch=64)
    fitted = COME.fit(PAIRED, options, SilentMonitor())
    assert set(fitted.state.values["steps"]) <= {0, 2, 5}


def test_without_steps_the_map_is_the_soft_correlation() -> None:
    fitted = COME.fit(PAIRED, ComeOptions(steps=0), SilentMonitor())
    result = COME.predict(fitted, PAIRED)
    assert fitted.state.values["steps"] == [0, 0]
    assert mean_error(result) < CENTROID


def test_a_map_that_starts_at_nothing_must_be_trained() -> None:
    with pytest.raises(OptionError, match="steps"):
        ComeOptions(steps=0, start=Start.NOTHING)


def test_planted_cells_find_their_places(trained: tuple[Fitted, RunResult]) -> None:
    assert mean_error(trained[1]) < 0.5 * CENTROID


def test_planted_composition_is_found(trained: tuple[Fitted, RunResult]) -> None:
    assert composition_pcc(trained[1]) > 0.75


def test_planted_genes_that_spots_lack_are_found(trained: tuple[Fitted, RunResult]) -> None:
    assert imputed_pcc(trained[1]) > 0.5


def test_the_expected_correlation_is_about_the_real_one(trained: tuple[Fitted, RunResult]) -> None:
    imputation = trained[1].imputation
    assert imputation is not None
    expected = imputation.expected_pcc[~imputation.measured]
    assert expected.mean() == pytest.approx(imputed_pcc(trained[1]), abs=0.15)


def test_intervals_of_measured_genes_hold_the_truth_as_often_as_they_say(
    trained: tuple[Fitted, RunResult],
) -> None:
    imputation = trained[1].imputation
    assert imputation is not None
    truth = prepare(PAIRED, ComeOptions()).spots.values.toarray()
    off = np.abs(truth - imputation.values[:, imputation.measured])
    held = (off <= imputation.half_width[:, imputation.measured]).mean()
    assert held == pytest.approx(imputation.coverage, abs=0.03)


def test_composition_says_how_sure_it_is(trained: tuple[Fitted, RunResult]) -> None:
    composition = trained[1].composition
    assert composition is not None
    assert composition.spread is not None
    assert (composition.spread >= 0).all()
    assert composition.spread.max() > 0


def test_both_kinds_of_trial_leave_a_score(trained: tuple[Fitted, RunResult]) -> None:
    scores = trained[0].scores
    assert 0 < scores["held_out_pcc"] < 1
    assert scores["held_out_distance"] > 0


def test_measured_genes_are_predicted_where_none_are_lacking() -> None:
    fitted = COME.fit(TISSUE.paired, dataclasses.replace(QUICK, steps=0), SilentMonitor())
    imputation = COME.predict(fitted, TISSUE.paired).imputation
    assert imputation is not None
    assert imputation.measured.all()
    assert imputation.expected_pcc.mean() > 0.4


def test_a_cell_that_was_never_seen_is_placed(trained: tuple[Fitted, RunResult]) -> None:
    fitted, result = trained
    rows = np.arange(0, 250, 2)
    some = dataclasses.replace(
        PAIRED,
        cells=PAIRED.cells.take(rows),
        further=None,
        cell_types=None if PAIRED.cell_types is None else PAIRED.cell_types[rows],
    )
    placed = COME.predict(fitted, some).placement
    assert placed is not None
    assert result.placement is not None
    off = np.linalg.norm(placed.xy - result.placement.xy[rows], axis=1)
    assert np.median(off) < PAIRED.pitch


def test_a_tissue_without_counts_or_types_is_imputed() -> None:
    spots = dataclasses.replace(
        PAIRED.spots,
        values=sparse.csr_matrix(np.sqrt(PAIRED.spots.values.toarray())),
        scale=ExpressionScale.NORMALISED,
    )
    inputs = dataclasses.replace(PAIRED, spots=spots, cell_types=None)
    fitted = COME.fit(inputs, dataclasses.replace(QUICK, steps=20), SilentMonitor())
    result = COME.predict(fitted, inputs)
    assert result.answers == ("placement", "imputation")
    assert imputed_pcc(result) > 0.4


def test_the_free_map_places_composes_and_imputes(free: tuple[Fitted, RunResult]) -> None:
    assert mean_error(free[1]) < CENTROID
    assert composition_pcc(free[1]) > 0.6
    assert imputed_pcc(free[1]) > 0.4


def test_the_free_map_is_no_softmax(free: tuple[Fitted, RunResult]) -> None:
    weights = free[0].state.arrays["places0/weights"]
    assert weights.shape == (120, 250)
    assert not np.allclose(weights.sum(axis=1), 1.0, atol=0.05)


def test_permuting_cells_permutes_the_free_map() -> None:
    order = np.arange(250)[::-1].copy()
    assert PAIRED.cell_types is not None
    turned = dataclasses.replace(
        PAIRED,
        cells=PAIRED.cells.take(order),
        further=None,
        cell_types=PAIRED.cell_types[order],
    )
    options = dataclasses.replace(FREE, folds=0)
    one, other = (
        COME.predict(COME.fit(inputs, options, SilentMonitor()), inputs).placement
        for inputs in (PAIRED, turned)
    )
    assert one is not None
    assert other is not None
    assert np.median(np.linalg.norm(one.xy[order] - other.xy, axis=1)) < PAIRED.pitch


def test_neighbours_have_the_weight_that_is_asked_for() -> None:
    own = COME.fit(PAIRED, QUICK, SilentMonitor())
    fitted = COME.fit(PAIRED, dataclasses.replace(QUICK, neighbours=0.5), SilentMonitor())
    alone, shared = (COME.predict(f, PAIRED).composition for f in (own, fitted))
    assert alone is not None
    assert shared is not None
    graph = graph_of(PAIRED)
    np.testing.assert_allclose(shared.values, share(alone.values, graph, 0.5), atol=1e-6)


def test_held_out_counts_choose_the_weight_of_the_neighbours_where_asked() -> None:
    fitted = COME.fit(PAIRED, dataclasses.replace(QUICK, neighbours=None), SilentMonitor())
    assert fitted.state.values["neighbours"] in WEIGHTS


def test_the_free_map_is_composed_as_published_whatever_counts_say() -> None:
    asked = dataclasses.replace(FREE, neighbours=None)
    assert COME.fit(PAIRED, asked, SilentMonitor()).state.values["neighbours"] == 0.0
