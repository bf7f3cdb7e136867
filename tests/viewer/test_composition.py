"""Composition: dominant type, one type's share, entropy; matched to the spots by name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.palette import colours_of
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.composition import (
    SpotColour,
    paint_spots,
    spot_columns,
)

if TYPE_CHECKING:
    from napari_tessera.contract.results import Composition
    from napari_tessera.contract.views import SpotsView


def test_a_spot_has_the_colour_of_its_dominant_type(
    composition: Composition, spots: SpotsView
) -> None:
    rgba = paint_spots(composition, spots).rgba
    wanted = rgba_of(colours_of(composition.types)[composition.dominant_type[4]])
    np.testing.assert_allclose(rgba[4], wanted, rtol=1e-6)


def test_spots_are_matched_by_name_whatever_their_order(
    composition: Composition, spots: SpotsView
) -> None:
    back = slice(None, None, -1)
    turned = dataclasses.replace(
        spots, names=spots.names[back], instances=spots.instances[back], xy=spots.xy[back]
    )
    straight, reverse = paint_spots(composition, spots), paint_spots(composition, turned)
    np.testing.assert_array_equal(straight.rgba, reverse.rgba[back])


def test_a_spot_that_the_run_left_out_is_transparent(
    composition: Composition, spots: SpotsView
) -> None:
    part = dataclasses.replace(
        composition,
        spot_names=composition.spot_names[1:],
        values=composition.values[1:],
        entropy=composition.entropy[1:],
    )
    for how in SpotColour:
        alpha = paint_spots(part, spots, how, composition.types[0]).rgba[:, 3]
        assert (alpha[0], alpha[1:].min()) == (0, 1)


def test_the_share_of_a_type_is_lightest_where_there_is_most_of_it(
    composition: Composition, spots: SpotsView
) -> None:
    name = str(composition.types[1])
    rgba = paint_spots(composition, spots, SpotColour.SHARE, name).rgba
    share = composition.values[:, 1]
    assert rgba[share.argmax(), 1] > rgba[share.argmin(), 1]


def test_a_share_begins_at_nought(composition: Composition, spots: SpotsView) -> None:
    legend = paint_spots(composition, spots, SpotColour.SHARE, str(composition.types[0])).legend
    assert legend.low == "0"


def test_entropy_does_not_depend_on_the_type_that_happens_to_be_chosen(
    composition: Composition, spots: SpotsView
) -> None:
    plain = paint_spots(composition, spots, SpotColour.ENTROPY)
    chosen = paint_spots(composition, spots, SpotColour.ENTROPY, str(composition.types[0]))
    np.testing.assert_array_equal(plain.rgba, chosen.rgba)


def test_a_type_that_is_not_there_is_refused(composition: Composition, spots: SpotsView) -> None:
    with pytest.raises(ValueError, match="no type 'unicorn'"):
        paint_spots(composition, spots, SpotColour.SHARE, "unicorn")


def test_the_mouse_tells_dominant_type_and_its_share(
    composition: Composition, spots: SpotsView
) -> None:
    columns = spot_columns(composition, spots)
    assert columns["type"][2] == composition.dominant_type[2]
    assert columns["share"][2] == pytest.approx(composition.values[2].max(), abs=1e-3)
