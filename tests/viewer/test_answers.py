"""Spots coloured by what a run says of them, whatever that is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import Composition, Provenance, Run, RunResult
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_view
from napari_tessera.viewer.answers import (
    SpotLook,
    answer_layers,
    colours_for,
    gene_entries,
    paint_answer,
)
from napari_tessera.viewer.certainty import certainty
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.layer_data import MARK

if TYPE_CHECKING:
    from napari_tessera.contract.views import SpotsView, TissueView


@pytest.fixture(scope="module")
def view() -> TissueView:
    return planted_view(planted_tissue(n_cells=100, n_spots=40, n_genes=20))


@pytest.fixture(scope="module")
def spots(view: TissueView) -> SpotsView:
    assert view.spots is not None
    return view.spots


@pytest.fixture(scope="module")
def result(spots: SpotsView) -> RunResult:
    """All answers for all spots but the first."""
    names = spots.names[1:]
    n, rng = names.size, np.random.default_rng(0)
    soft = rng.dirichlet(np.ones(3), n).astype(np.float32)
    values = rng.random((n, 2), dtype=np.float32)
    return RunResult(
        imputation=Imputation(
            spot_names=names, gene_names=np.array(["A", "B"]), values=values,
            scale=ExpressionScale.LOG1P, half_width=(values / 2 + 0.1).astype(np.float32),
            expected_pcc=np.array([0.8, 0.1], np.float32), measured=np.array([True, False]),
        ),
        annotation=Annotation(
            spot_names=names, types=np.array(["x", "y", "z"]), probability=soft,
            prediction_set=soft > 0.2, novelty_p=values[:, 0],
        ),
        domains=Domains(spot_names=names, names=np.array(["1", "2", "3"]), probability=soft),
    )  # fmt: skip


@pytest.fixture(scope="module")
def mixed(spots: SpotsView) -> RunResult:
    """Compositions for all spots but the first."""
    names = spots.names[1:]
    shares = np.random.default_rng(1).dirichlet(np.ones(3), names.size).astype(np.float32)
    entropy = -(shares * np.log(shares)).sum(axis=1)
    return RunResult(
        composition=Composition(
            spot_names=names, types=np.array(["x", "y", "z"]), values=shares, entropy=entropy
        )
    )


FADING = (
    SpotColour.TYPE,
    SpotColour.DOMAIN,
    SpotColour.GENE,
    SpotColour.DOMINANT,
    SpotColour.SHARE,
    SpotColour.LEAD,
)


OF_SHARES = {SpotColour.DOMINANT, SpotColour.SHARE, SpotColour.LEAD}


def look(how: SpotColour, **more: object) -> SpotLook:
    return SpotLook(how=how, gene="A", **more)  # type: ignore[arg-type]


def test_every_colouring_that_is_offered_can_be_painted(
    result: RunResult, spots: SpotsView
) -> None:
    for how in colours_for(result):
        painted = paint_answer(result, spots, look(how))
        assert painted.rgba.shape == (spots.names.size, 4)
        assert painted.legend.title


def test_a_spot_that_the_run_left_out_is_clear(result: RunResult, spots: SpotsView) -> None:
    alpha = paint_answer(result, spots, look(SpotColour.DOMAIN)).rgba[:, 3]
    assert alpha[0] == 0
    assert alpha[1:].min() == 1


def test_unsure_labels_fade(result: RunResult, spots: SpotsView) -> None:
    alpha = paint_answer(result, spots, look(SpotColour.TYPE, fade=True)).rgba[1:, 3]
    assert result.annotation is not None
    assert np.corrcoef(alpha, result.annotation.confidence)[0, 1] > 0.99


def test_wide_intervals_fade(result: RunResult, spots: SpotsView) -> None:
    alpha = paint_answer(result, spots, look(SpotColour.GENE, fade=True)).rgba[1:, 3]
    assert result.imputation is not None
    assert np.corrcoef(alpha, result.imputation.half_width[:, 0])[0, 1] < -0.95


def test_a_hidden_domain_is_clear(result: RunResult, spots: SpotsView) -> None:
    assert result.domains is not None
    painted = paint_answer(result, spots, look(SpotColour.DOMAIN, hidden=frozenset({"2"})))
    assert (painted.rgba[1:, 3] == 0).tolist() == (result.domains.domain == "2").tolist()


def test_genes_that_were_never_measured_stand_first_with_their_score(result: RunResult) -> None:
    entries = gene_entries(result)
    assert [name for name, _ in entries] == ["B", "A"]
    assert entries[0][1] == "predicted, r 0.1 (weak)"
    assert entries[1][1] == "measured, r 0.8"


def test_what_a_run_does_not_say_cannot_be_painted(spots: SpotsView) -> None:
    with pytest.raises(ValueError, match="domain"):
        paint_answer(RunResult(), spots, look(SpotColour.DOMAIN))


def test_the_mouse_is_told_label_and_confidence(result: RunResult, view: TissueView) -> None:
    assert view.spots is not None
    run = Run(name="r_1", result=result, provenance=Provenance(method="m"))
    painted = paint_answer(result, view.spots, look(SpotColour.TYPE))
    ((_, arguments, _),) = answer_layers(run, view, painted)
    assert arguments["metadata"][MARK]["run"] == "r_1"
    assert result.annotation is not None
    assert arguments["features"]["cell type"][1:].tolist() == result.annotation.cell_type.tolist()
    assert arguments["features"]["domain"][0] == "not used"


@pytest.mark.parametrize("how", FADING)
def test_whatever_says_something_fades_where_it_is_unsure(
    result: RunResult, mixed: RunResult, spots: SpotsView, how: SpotColour
) -> None:
    of = mixed if how in OF_SHARES else result
    sure = certainty(of, how, gene="A", cell_type="x")
    assert sure is not None
    alpha = paint_answer(of, spots, look(how, fade=True, cell_type="x")).rgba[1:, 3]
    assert np.ptp(alpha) > 0.1
    np.testing.assert_array_equal(np.argsort(alpha, kind="stable"), np.argsort(sure, kind="stable"))


@pytest.mark.parametrize(
    "how", [SpotColour.TYPE_CONFIDENCE, SpotColour.DOMAIN_CONFIDENCE, SpotColour.GENE_WIDTH]
)
def test_a_colour_that_says_how_sure_a_spot_is_does_not_fade(
    result: RunResult, spots: SpotsView, how: SpotColour
) -> None:
    assert (paint_answer(result, spots, look(how, fade=True)).rgba[1:, 3] == 1).all()


def test_a_known_spread_says_how_sure_a_share_is(mixed: RunResult) -> None:
    assert mixed.composition is not None
    spread = np.full(mixed.composition.values.shape, 0.1, np.float32)
    spread[3, 0] = 0.5
    told = dataclasses.replace(
        mixed, composition=dataclasses.replace(mixed.composition, spread=spread)
    )
    sure = certainty(told, SpotColour.SHARE, cell_type="x")
    assert sure is not None
    assert np.argmin(sure) == 3


def test_a_chosen_colour_is_used(result: RunResult, spots: SpotsView) -> None:
    painted = paint_answer(result, spots, look(SpotColour.DOMAIN, colours={"1": "#ff0000"}))
    assert result.domains is not None
    assert (painted.rgba[1:][result.domains.domain == "1"][:, :3] == [1, 0, 0]).all()


def test_spots_of_a_hidden_dominant_type_are_clear(mixed: RunResult, spots: SpotsView) -> None:
    painted = paint_answer(mixed, spots, look(SpotColour.DOMINANT, hidden=frozenset({"x"})))
    assert mixed.composition is not None
    np.testing.assert_array_equal(painted.rgba[1:, 3] == 0, mixed.composition.dominant_type == "x")


def test_a_pure_spot_stays_and_an_even_one_fades_however_many_cells_it_is_spread_over(
    mixed: RunResult, spots: SpotsView
) -> None:
    assert mixed.composition is not None
    shares = np.full(mixed.composition.values.shape, 1 / 3, np.float32)
    shares[0] = (1, 0, 0)
    many_cells = np.full(len(shares), 8.0, np.float32)
    told = dataclasses.replace(mixed.composition, values=shares, entropy=many_cells)
    faded = paint_answer(
        RunResult(composition=told), spots, look(SpotColour.DOMINANT, fade=True)
    ).rgba[1:, 3]
    assert faded[0] == pytest.approx(1)
    assert faded[1:].max() < 0.1
