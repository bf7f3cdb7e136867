"""Placed cells: where they are, what their colours say, what the mouse tells."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.palette import colours_of
from napari_tessera.contract.results import Placement, Run, RunResult
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.frames import apply_affine
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.viewer.placement import (
    CellColour,
    cell_categories,
    cell_features,
    paint_cells,
    placement_layers,
    preview_layer,
    rim_of,
    type_names,
    world_xy,
)

if TYPE_CHECKING:
    from napari_tessera.contract.views import TissueView


def _placement(run: Run) -> Placement:
    assert run.result.placement is not None
    return run.result.placement


def test_cells_are_drawn_exactly_where_they_are(run: Run, view: TissueView) -> None:
    xy = _placement(run).xy
    ((data, _, kind),) = placement_layers(run, view, xy)
    assert kind == "points"
    np.testing.assert_array_equal(data, xy[:, ::-1])


def test_cells_have_the_colour_of_their_type(run: Run, view: TissueView) -> None:
    placement = _placement(run)
    assert placement.cell_types is not None
    ((_, arguments, _),) = placement_layers(run, view, placement.xy)
    wanted = rgba_of(colours_of(type_names(run))[placement.cell_types[5]])
    np.testing.assert_allclose(arguments["face_color"][5], wanted, rtol=1e-6)


def test_the_layer_says_to_which_run_it_belongs(run: Run, view: TissueView) -> None:
    ((_, arguments, _),) = placement_layers(run, view, _placement(run).xy)
    assert arguments["metadata"][MARK] == {"role": "cells", "run": run.name, "detail": ""}


def test_a_run_without_placement_draws_no_cells(run: Run, view: TissueView) -> None:
    result = RunResult(composition=run.result.composition)
    empty = dataclasses.replace(run, result=result)
    assert placement_layers(empty, view, np.zeros((0, 2))) == []


def test_the_mouse_tells_name_type_confidence_and_spot(run: Run) -> None:
    features = cell_features(_placement(run))
    assert list(features) == ["cell", "type", "confidence", "spot"]
    assert features["spot"][3] == _placement(run).spot_names[_placement(run).modal_spot[3]]


def test_cells_without_types_are_one_category(run: Run) -> None:
    nameless = dataclasses.replace(_placement(run), cell_types=None)
    assert cell_categories(nameless).names == ("cells",)


def test_confidence_is_coloured_from_nought_to_one(run: Run) -> None:
    placement = _placement(run)
    painting = paint_cells(placement, cell_categories(placement), CellColour.CONFIDENCE)
    assert (painting.legend.low, painting.legend.high) == ("0", "1")


def test_entropy_and_spread_order_the_cells_by_their_values(run: Run) -> None:
    placement = _placement(run)
    types = cell_categories(placement)
    spread = np.trace(placement.covariance, axis1=1, axis2=2)
    for how, values in ((CellColour.ENTROPY, placement.entropy), (CellColour.SPREAD, spread)):
        rgba = paint_cells(placement, types, how).rgba
        assert rgba[values.argmax(), 1] > rgba[values.argmin(), 1] + 0.5


def test_unsure_cells_fade_as_far_as_their_confidence_says(run: Run) -> None:
    placement = _placement(run)
    painting = paint_cells(placement, cell_categories(placement), CellColour.TYPE, fade=True)
    order = np.argsort(placement.confidence)
    assert (np.diff(painting.rgba[order, 3]) >= 0).all()
    assert painting.rgba[:, 3].max() <= 1


def test_cells_of_a_hidden_type_are_transparent_and_no_others(run: Run) -> None:
    placement = _placement(run)
    types = cell_categories(placement)
    name = types.names[0]
    for how in CellColour:
        rgba = paint_cells(placement, types, how, hidden=frozenset({name})).rgba
        np.testing.assert_array_equal(rgba[:, 3] == 0, placement.cell_types == name)


def test_rims_fade_with_their_dots(run: Run) -> None:
    placement = _placement(run)
    painting = paint_cells(placement, cell_categories(placement), CellColour.TYPE, fade=True)
    rims = rim_of(painting)
    np.testing.assert_allclose(rims[:, 3] / painting.rgba[:, 3], rims[0, 3] / painting.rgba[0, 3])


def test_rims_are_one_colour_while_nothing_fades(run: Run) -> None:
    placement = _placement(run)
    painting = paint_cells(placement, cell_categories(placement), CellColour.TYPE)
    assert rim_of(painting).shape == (4,)


def test_a_preview_is_a_layer_of_the_same_kind(view: TissueView) -> None:
    data, arguments, kind = preview_layer(view, np.array([[1.0, 2.0]]), np.ones((1, 4), np.float32))
    assert (kind, arguments["metadata"][MARK]["role"]) == ("points", "preview")
    assert data.tolist() == [[2.0, 1.0]]
    assert arguments["border_color"][3] > 0


def test_a_preview_that_waits_shows_no_ring_either(view: TissueView) -> None:
    _, arguments, _ = preview_layer(view, np.array([[1.0, 2.0]]), np.zeros(4, np.float32))
    assert arguments["face_color"][3] == 0
    assert arguments["border_color"][3] == 0


def test_in_its_own_coordinate_system_a_placement_stays_where_it_is(
    run: Run, view: TissueView
) -> None:
    assert world_xy(_placement(run), view, "global") is _placement(run).xy


def test_in_another_coordinate_system_a_placement_follows_the_spots(
    run: Run, view: TissueView
) -> None:
    assert view.spots is not None
    affine = np.array([[0.0, -0.5, 30.0], [0.5, 0.0, -9.0], [0.0, 0.0, 1.0]])
    spots = dataclasses.replace(view.spots, xy=apply_affine(affine, view.spots.xy))
    moved = dataclasses.replace(view, spots=spots, coordinate_system="other")
    found = world_xy(_placement(run), moved, "global")
    np.testing.assert_allclose(found, apply_affine(affine, _placement(run).xy), atol=1e-2)
