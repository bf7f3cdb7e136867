"""The layers of a viewer, as the bench announces tissue, previews and runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from tests.widgets.conftest import as_squares

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.job import Job
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.viewer.colours import categories
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.placement import CellColour
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.results_preview import EVERY_MS, MOST_MS

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.testing.planted import PlantedTissue
    from napari_tessera.workbench.bench import Bench


def _roles(viewer: Viewer) -> list[str]:
    return [layer.metadata[MARK]["role"] for layer in viewer.layers]


def _layer(viewer: Viewer, role: str) -> Layer:
    (found,) = [la for la in viewer.layers if la.metadata[MARK]["role"] == role]
    return found


def _job(path: Path) -> Job:
    return Job(name="stem_0", title="STEM", run_dir=path)


@pytest.mark.usefixtures("canvas")
def test_an_opened_tissue_is_drawn_picture_below_spots(viewer: Viewer) -> None:
    assert _roles(viewer) == ["image", "spots", "preview"]


@pytest.mark.usefixtures("canvas")
def test_spots_lie_on_the_pixels_that_they_were_measured_at(
    viewer: Viewer, planted: PlantedTissue
) -> None:
    picture, spots = _layer(viewer, "image"), _layer(viewer, "spots")
    for number in (0, 30, 59):
        world = spots.data_to_world(spots.data[number])
        row, col = picture.world_to_data(world)
        wanted = planted.paired.spot_xy[number] * planted.image_scale - 0.5
        np.testing.assert_allclose([col, row], wanted, atol=1e-6)


def test_opening_another_tissue_replaces_what_was_drawn(
    canvas: Canvas, viewer: Viewer, bench: Bench, view: TissueView, run: Run
) -> None:
    bench.run_loaded.emit(run)
    bench.tissue_opened.emit(dataclasses.replace(view, title="other"))
    assert _roles(viewer) == ["image", "spots", "preview"]
    assert canvas.runs == {}


@pytest.mark.usefixtures("canvas")
def test_layers_of_other_people_stay(viewer: Viewer, bench: Bench, view: TissueView) -> None:
    mine = viewer.add_shapes(name="mine")
    bench.tissue_opened.emit(dataclasses.replace(view, title="other"))
    assert mine in viewer.layers


def test_a_tissue_that_is_open_already_is_drawn_at_once(
    viewer: Viewer, bench: Bench, view: TissueView, run: Run
) -> None:
    bench.view, bench.shown = view, run
    Canvas(viewer, bench)
    assert _roles(viewer) == ["image", "spots", "cells"]


@pytest.mark.usefixtures("canvas")
def test_the_first_preview_makes_a_layer_and_the_next_moves_it(
    viewer: Viewer, bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    job = _job(tmp_path)
    layer = _layer(viewer, "preview")
    bench.previewed.emit(job, np.full((5, 2), 100.0))
    qtbot.waitUntil(lambda: len(layer.data) == 5)
    bench.previewed.emit(job, np.full((5, 2), 200.0))
    bench.previewed.emit(job, np.full((5, 2), 300.0))
    assert (layer.data == 100).all()
    qtbot.waitUntil(lambda: bool((layer.data == 300).all()), timeout=MOST_MS + 4 * EVERY_MS)
    assert _layer(viewer, "preview") is layer


@pytest.mark.usefixtures("canvas")
def test_a_cancelled_fit_takes_its_preview_with_it(
    viewer: Viewer, bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    job, layer = _job(tmp_path), _layer(viewer, "preview")
    bench.previewed.emit(job, np.full((5, 2), 100.0))
    qtbot.waitUntil(lambda: len(layer.data) == 5)
    bench.job_ended.emit(job, Outcome(state=JobState.CANCELLED))
    assert len(layer.data) == 1
    assert layer.face_color[:, 3].tolist() == [0.0]


def test_outlines_step_back_while_there_are_cells(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    layer = _layer(viewer, "spots")
    before = layer.opacity
    bench.run_loaded.emit(run)
    assert layer.opacity < before
    canvas.remove(run.name)
    assert layer.opacity == before


def test_an_opacity_that_a_person_chose_stays(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    layer = _layer(viewer, "spots")
    layer.opacity = 0.5
    bench.run_loaded.emit(run)
    canvas.remove(run.name)
    assert layer.opacity == 0.5


@pytest.mark.usefixtures("canvas")
def test_a_finished_run_takes_the_place_of_its_preview(
    viewer: Viewer, bench: Bench, run: Run, tmp_path: Path
) -> None:
    job = _job(tmp_path)
    bench.previewed.emit(job, np.full((5, 2), 100.0))
    bench.job_ended.emit(job, Outcome(state=JobState.DONE))
    bench.run_loaded.emit(run)
    assert _roles(viewer) == ["image", "spots", "cells"]


def test_recolouring_keeps_the_layer(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    layer = _layer(viewer, "cells")
    before = layer.face_color.copy()
    canvas.show(run.name, cell_colour=CellColour.ENTROPY)
    assert _layer(viewer, "cells") is layer
    assert (layer.face_color != before).any()


@pytest.mark.parametrize("how", [SpotColour.DOMINANT, SpotColour.SHARE, SpotColour.ENTROPY])
def test_spots_can_be_coloured_in_every_way(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run, how: SpotColour
) -> None:
    bench.run_loaded.emit(run)
    canvas.show(run.name, spots=True, spot_colour=how)
    assert _roles(viewer) == ["image", "spots", "composition", "cells"]


def test_the_density_lies_below_the_cells(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    canvas.show(run.name, density=True, spots=True)
    assert _roles(viewer)[2:] == ["density", "composition", "cells"]


def test_another_type_changes_the_density_in_place(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    canvas.show(run.name, density=True)
    layer = _layer(viewer, "density")
    before = np.array(layer.data)
    canvas.show(run.name, cell_type=canvas.runs[run.name].types[-1])
    assert _layer(viewer, "density") is layer
    assert (np.array(layer.data) != before).any()


def test_what_is_not_wanted_is_hidden_and_not_lost(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    layer = _layer(viewer, "cells")
    canvas.show(run.name, cells=False)
    assert not layer.visible
    canvas.show(run.name, cells=True)
    assert layer.visible


@pytest.mark.usefixtures("canvas")
def test_a_second_run_hides_the_first(viewer: Viewer, bench: Bench, run: Run) -> None:
    bench.run_loaded.emit(run)
    bench.run_loaded.emit(dataclasses.replace(run, name="other_1"))
    seen = {la.name: la.visible for la in viewer.layers if la.metadata[MARK]["run"]}
    assert seen == {f"{run.name} cells": False, "other_1 cells": True}


def test_removing_a_run_takes_its_layers_only(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    canvas.show(run.name, density=True)
    canvas.remove(run.name)
    assert _roles(viewer) == ["image", "spots"]


@pytest.mark.usefixtures("canvas")
def test_a_deleted_run_leaves_the_canvas(viewer: Viewer, bench: Bench, run: Run) -> None:
    bench.run_loaded.emit(run)
    bench.runs_changed.emit((cast("Any", run),))
    bench.runs_changed.emit(())
    assert _roles(viewer) == ["image", "spots"]


@pytest.mark.usefixtures("canvas")
def test_a_run_that_is_not_in_the_store_yet_stays_on_the_canvas(
    viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    bench.runs_changed.emit(())
    assert "cells" in _roles(viewer)


def test_a_layer_that_a_person_removed_can_be_shown_again(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    viewer.layers.remove(_layer(viewer, "cells"))
    canvas.show(run.name, cells=True)
    assert "cells" in _roles(viewer)


def test_a_click_in_the_legend_hides_the_cells_of_a_type_and_shows_them_again(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    layer = _layer(viewer, "cells")
    name = canvas.runs[run.name].types[0]
    canvas.toggle_type(name)
    hidden = layer.face_color[:, 3] == 0
    assert run.result.placement is not None
    np.testing.assert_array_equal(hidden, run.result.placement.cell_types == name)
    canvas.toggle_type(name)
    assert (layer.face_color[:, 3] == 1).all()
    assert (layer.border_color[:, 3] > 0).all()


@pytest.mark.usefixtures("canvas")
def test_the_mouse_over_a_cell_tells_its_type_and_confidence(
    viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    layer = viewer.layers.selection.active
    placement = run.result.placement
    assert layer is not None
    assert placement is not None
    assert placement.cell_types is not None
    status = layer.get_status(layer.data[7], world=True)
    assert f"type: {placement.cell_types[layer.get_value(layer.data[7])]}" in status["coordinates"]
    assert "confidence: " in status["coordinates"]


def test_cells_on_their_way_have_the_colours_of_their_types(
    canvas: Canvas,
    viewer: Viewer,
    bench: Bench,
    planted: PlantedTissue,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    RunDir(tmp_path).save_inputs(planted.paired)
    layer, wanted = _layer(viewer, "preview"), categories(planted.cell_types).rgba()
    bench.previewed.emit(_job(tmp_path), planted.truth_xy)
    qtbot.waitUntil(lambda: len(layer.data) == len(wanted))
    np.testing.assert_allclose(_layer(viewer, "preview").face_color, wanted, atol=1e-6)
    assert canvas.current == ""


@pytest.mark.parametrize("kind", ["shapes", "labels"])
def test_polygons_and_labels_are_recoloured_in_place(
    viewer: Viewer, bench: Bench, view: TissueView, run: Run, kind: str
) -> None:
    canvas = Canvas(viewer, bench)
    bench.tissue_opened.emit(dataclasses.replace(view, spots=as_squares(kind, view.spots)))
    bench.run_loaded.emit(run)
    canvas.show(run.name, spots=True)
    layer = _layer(viewer, "composition")
    before = _colour_of_first(layer)
    canvas.show(run.name, spot_colour=SpotColour.ENTROPY)
    assert _layer(viewer, "composition") is layer
    assert (_colour_of_first(layer) != before).any()


def _colour_of_first(layer: Layer) -> NDArray[np.float32]:
    if hasattr(layer, "face_color"):
        return np.array(layer.face_color[0])
    return np.array(layer.colormap.color_dict[1])


def test_an_earlier_run_that_is_loaded_again_is_seen_again(
    canvas: Canvas, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    bench.run_loaded.emit(dataclasses.replace(run, name="stem_2"))
    bench.run_loaded.emit(run)
    assert canvas.current == run.name
    seen = {name: layers.layer(Role.CELLS).visible for name, layers in canvas.runs.items()}  # type: ignore[union-attr]
    assert seen == {run.name: True, "stem_2": False}
