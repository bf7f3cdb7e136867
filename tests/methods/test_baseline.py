"""The training-free map."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import BASELINE, METHODS, get_method
from napari_tessera.methods.baselines.options import BaselineOptions
from napari_tessera.numerics.multinomial import MapRecipe, gene_weights, weighted_log_profiles
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.results import RunResult

TISSUE = planted_tissue(n_cells=400, n_spots=150, n_genes=80, seed=1)
PAIRED = TISSUE.paired
MAP = get_method(BASELINE)


@pytest.fixture(scope="module")
def result() -> RunResult:
    return MAP.predict(MAP.fit(PAIRED, BaselineOptions(), SilentMonitor()), PAIRED)


def test_planted_cells_find_their_places(result: RunResult) -> None:
    assert result.placement is not None
    error = np.linalg.norm(result.placement.xy - TISSUE.truth_xy, axis=1).mean()
    assert error < 2 * PAIRED.pitch


def test_planted_composition_is_found(result: RunResult) -> None:
    assert result.composition is not None
    pairs = zip(result.composition.values.T, TISSUE.composition.T, strict=True)
    assert np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.85


def test_profiles_equal_the_equation_where_nothing_is_smoothed() -> None:
    recipe = MapRecipe(smoothing=0.0, gene_weight_power=0.0, match_platform=False)
    counts = PAIRED.spots.values.toarray().astype(float)
    overall = counts.sum(axis=0) / counts.sum()
    p = counts + 0.2 * np.median(counts.sum(axis=1)) * (overall + 1e-9)
    wanted = np.log(p / p.sum(axis=1, keepdims=True)).T
    wanted -= wanted.mean(axis=1, keepdims=True)
    assert weighted_log_profiles(PAIRED, recipe) == pytest.approx(wanted, abs=1e-4)


def test_gene_weights_keep_the_mean_weighted_count() -> None:
    counts = PAIRED.cells.values.toarray().sum(axis=0)
    weights = gene_weights(PAIRED, MapRecipe())
    assert (weights * counts).sum() == pytest.approx(counts.sum())


def test_a_bias_per_gene_does_not_move_the_cells() -> None:
    bias = np.exp(np.random.default_rng(0).normal(scale=1.0, size=80))
    spots = dataclasses.replace(
        PAIRED.spots, values=sparse.csr_matrix(PAIRED.spots.values.multiply(bias))
    )
    biased = dataclasses.replace(PAIRED, spots=spots)
    errors = []
    for match in (True, False):
        options = BaselineOptions(match_platform=match, temperature=4.0)
        placed = MAP.predict(MAP.fit(biased, options, SilentMonitor()), biased).placement
        assert placed is not None
        errors.append(np.linalg.norm(placed.xy - TISSUE.truth_xy, axis=1).mean())
    assert errors[0] < errors[1]


def test_the_temperature_is_chosen_on_held_out_spots_and_scored_there() -> None:
    chosen = MAP.fit(PAIRED, BaselineOptions(), SilentMonitor())
    poor = MAP.fit(PAIRED, BaselineOptions(temperature=900.0), SilentMonitor())
    assert chosen.scores["held_out_distance"] < poor.scores["held_out_distance"]


def test_a_given_temperature_is_used() -> None:
    fitted = MAP.fit(PAIRED, BaselineOptions(temperature=7.0), SilentMonitor())
    assert fitted.state.values["temperature"] == 7.0


def test_without_cell_types_there_is_no_composition() -> None:
    bare = dataclasses.replace(PAIRED, cell_types=None)
    fitted = MAP.fit(bare, BaselineOptions(), SilentMonitor())
    assert MAP.predict(fitted, bare).composition is None


def test_an_unknown_method_is_refused_with_the_known_names() -> None:
    with pytest.raises(InputError, match="stem, baseline"):
        get_method("nonsense")


def test_the_first_method_is_stem() -> None:
    assert next(iter(METHODS)) == "stem"
