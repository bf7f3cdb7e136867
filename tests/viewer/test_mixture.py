"""The lead of the dominant type, and types blended by their shares."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.palette import colours_of
from napari_tessera.contract.results import Composition, RunResult
from napari_tessera.contract.views import SpotsView
from napari_tessera.viewer.answers import SpotLook, paint_answer
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.mixture import blendable, paint_blend, usual_blend

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARES = np.array(
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.3, 0.2], [0.0, 0.25, 0.75]], dtype=np.float32
)
TYPES = np.array(["A", "B", "C"])
RED_BLUE = {"A": "#ff0000", "B": "#0000ff", "C": "#00ff00"}


@pytest.fixture
def composition() -> Composition:
    names = np.array(["s0", "s1", "s2", "s3"])
    return Composition(
        spot_names=names, types=TYPES, values=SHARES, entropy=np.zeros(4, np.float32)
    )


@pytest.fixture
def spots(composition: Composition) -> SpotsView:
    """One spot more than the run knows of."""
    names = np.append(composition.spot_names, "left out")
    return SpotsView(
        table="t", element="e", names=names, instances=np.arange(5), xy=np.zeros((5, 2))
    )


def led(composition: Composition, spots: SpotsView, **more: object) -> NDArray[np.float32]:
    """Colours by dominant type and its lead."""
    look = SpotLook(how=SpotColour.LEAD, **more)  # type: ignore[arg-type]
    return paint_answer(RunResult(composition=composition), spots, look).rgba


def test_the_lead_is_the_first_share_less_the_second(composition: Composition) -> None:
    np.testing.assert_allclose(composition.lead, [1.0, 0.0, 0.2, 0.5], atol=1e-6)


def test_a_single_type_leads_by_its_whole_share(composition: Composition) -> None:
    alone = dataclasses.replace(composition, types=TYPES[:1], values=SHARES[:, :1])
    np.testing.assert_array_equal(alone.lead, SHARES[:, 0])


def test_a_spot_of_one_type_has_its_full_colour(composition: Composition, spots: SpotsView) -> None:
    wanted = rgba_of(colours_of(TYPES.tolist())["A"])
    np.testing.assert_allclose(led(composition, spots)[0], wanted, atol=1e-6)


def test_a_spot_without_a_lead_is_nearly_white(composition: Composition, spots: SpotsView) -> None:
    assert (led(composition, spots)[1, :3] > 0.95).all()


def test_the_smaller_the_lead_the_paler_the_spot(
    composition: Composition, spots: SpotsView
) -> None:
    paleness = led(composition, spots, colours=dict.fromkeys(TYPES, "#000000"))[:4, 0]
    assert np.argsort(paleness).tolist() == [0, 3, 2, 1]


def test_the_legend_tells_types_and_what_the_palest_and_the_fullest_lead_is(
    composition: Composition, spots: SpotsView
) -> None:
    look = SpotLook(how=SpotColour.LEAD)
    legend = paint_answer(RunResult(composition=composition), spots, look).legend
    assert [entry.name for entry in legend.entries] == ["A", "C"]
    assert (legend.low, legend.high) == ("no lead", "lead 0.85+")


def test_a_hidden_type_is_clear_whatever_its_lead(
    composition: Composition, spots: SpotsView
) -> None:
    alpha = led(composition, spots, hidden=frozenset({"A"}))[:, 3]
    assert alpha.tolist() == [0, 0, 0, 1, 0]


def test_fading_leaves_the_paleness_alone(composition: Composition, spots: SpotsView) -> None:
    plain, faded = led(composition, spots), led(composition, spots, fade=True)
    np.testing.assert_array_equal(plain[:, :3], faded[:, :3])
    assert faded[1, 3] < faded[0, 3]


def test_half_and_half_is_the_mean_of_the_two_colours(
    composition: Composition, spots: SpotsView
) -> None:
    rgba = paint_blend(composition, spots, ("A", "B"), colours=RED_BLUE).rgba
    np.testing.assert_allclose(rgba[:2, :3], [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]], atol=1e-6)


def test_a_type_weighs_as_much_as_its_share(composition: Composition, spots: SpotsView) -> None:
    rgba = paint_blend(composition, spots, ("A", "B", "C"), colours=RED_BLUE).rgba
    np.testing.assert_allclose(rgba[2, :3], [0.5, 0.2, 0.3], atol=1e-6)


def test_a_spot_without_any_of_the_chosen_types_is_clear(
    composition: Composition, spots: SpotsView
) -> None:
    alpha = paint_blend(composition, spots, ("A",), colours={}).rgba[:, 3]
    assert alpha[0] == pytest.approx(1)
    assert (alpha[3], alpha[4]) == (0, 0)


def test_a_type_that_is_hidden_in_the_legend_is_left_out_of_the_mixture(
    composition: Composition, spots: SpotsView
) -> None:
    painted = paint_blend(composition, spots, ("A", "B"), colours=RED_BLUE, hidden={"B"})
    np.testing.assert_allclose(painted.rgba[1, :3], [1, 0, 0], atol=1e-6)
    assert [entry.name for entry in painted.legend.entries] == ["A", "B"]


def test_the_legend_says_what_is_blended_and_how_much_there_is_of_it(
    composition: Composition, spots: SpotsView
) -> None:
    legend = paint_blend(composition, spots, ("A", "C"), colours=RED_BLUE).legend
    assert [(e.name, e.said, e.rgba[:3]) for e in legend.entries] == [
        ("A", "50%", (1.0, 0.0, 0.0)),
        ("C", "24%", (0.0, 1.0, 0.0)),
    ]


def test_a_blend_of_nothing_says_what_to_do(composition: Composition, spots: SpotsView) -> None:
    painted = paint_blend(composition, spots, (), colours={})
    assert painted.legend.title == "Blend: choose types in the Results dock"
    assert not painted.rgba[:, 3].any()


def test_no_more_than_four_types_are_blended(composition: Composition, spots: SpotsView) -> None:
    many = dataclasses.replace(
        composition, types=np.array(list("ABCDE")), values=np.full((4, 5), 0.2, np.float32)
    )
    assert len(paint_blend(many, spots, list("ABCDE"), colours={}).legend.entries) == 4


def test_the_most_abundant_types_are_offered_first(composition: Composition) -> None:
    assert [name for name, _ in blendable(composition)] == ["A", "B", "C"]


def test_the_three_most_abundant_types_are_blended_at_first(composition: Composition) -> None:
    many = dataclasses.replace(
        composition,
        types=np.array(list("ABCD")),
        values=np.tile(np.array([0.1, 0.2, 0.4, 0.3], np.float32), (4, 1)),
    )
    assert usual_blend(many) == ("C", "D", "B")
