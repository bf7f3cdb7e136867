"""Colours, hiding and isolating through the legend, down to the points of the layer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_tessera.testing.planted import PlantedTissue, planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.colour_choice import ColourChoice
from napari_tessera.widgets.legend import LegendOverlay
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.colouring import Colouring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.widgets.legend_parts import TypeRow

RED = "#ff0000"


class Scene:
    """A run on a canvas with its legend."""

    def __init__(self, planted: PlantedTissue, widget: QWidget) -> None:
        self.viewer, self.bench = ViewerModel(), Bench(lambda work: work())
        self.canvas = Canvas(self.viewer, self.bench)
        self.canvas.legend = overlay = LegendOverlay(widget)
        overlay.toggled.connect(self.canvas.toggle_type)
        overlay.isolated.connect(self.canvas.isolate_type)
        overlay.recolouring.connect(self.canvas._on_recolouring)
        overlay.undoing.connect(self.canvas._on_undoing)
        self.overlay = overlay
        self.colouring = Colouring(self.bench, lambda work: work())
        self.choice = ColourChoice(self.canvas, self.colouring)
        self.run: Run = planted_run(planted)
        self.bench.tissue_opened.emit(planted_view(planted))
        self.bench.run_loaded.emit(self.run)

    def row(self, number: int = 0) -> TypeRow:
        return self.overlay.rows[number]

    def layer(self, role: str) -> Any:  # noqa: ANN401 - layers of all kinds
        return next(la for la in self.viewer.layers if la.metadata[MARK]["role"] == role)

    def cells_of(self, name: str) -> NDArray[np.float32]:
        """Colours of the cells of one type."""
        placement = self.run.result.placement
        assert placement is not None
        assert placement.cell_types is not None
        return np.asarray(self.layer("cells").face_color[placement.cell_types == name])


@pytest.fixture
def scene(qtbot: QtBot) -> Iterator[Scene]:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(600, 500)
    widget.show()
    made = Scene(planted_tissue(n_cells=200, n_spots=60, n_genes=20), widget)
    yield made
    made.colouring.close(0.1)


def choose(scene: Scene, colour: str) -> None:
    """Choose a colour in the dialog that is open."""
    dialog = scene.choice.dialog
    assert dialog is not None
    dialog.setCurrentColor(QColor(colour))
    dialog.accept()


def test_the_swatch_opens_a_dialog_with_the_present_colour(scene: Scene) -> None:
    scene.row()._swatch.click()
    assert scene.choice.dialog is not None
    wanted = scene.cells_of(scene.row().name)[0]
    found = scene.choice.dialog.currentColor()
    np.testing.assert_allclose(found.getRgbF()[:3], wanted[:3], atol=1 / 255)
    scene.choice.dialog.reject()


def test_a_chosen_colour_is_on_the_cells_and_in_the_legend(scene: Scene) -> None:
    name = scene.row().name
    scene.row()._swatch.click()
    choose(scene, RED)
    assert (scene.cells_of(name)[:, :3] == [1, 0, 0]).all()
    assert scene.row().name == name
    assert scene.row()._swatch._colour.name() == RED


def test_only_that_type_changes(scene: Scene) -> None:
    other = scene.row(1).name
    before = scene.cells_of(other).copy()
    scene.colouring.choose(scene.run.name, scene.row(0).name, RED)
    np.testing.assert_array_equal(scene.cells_of(other), before)


def test_spots_by_dominant_type_have_the_same_colour(scene: Scene) -> None:
    name = scene.row().name
    scene.colouring.choose(scene.run.name, name, RED)
    scene.canvas.show(scene.run.name, spots=True, spot_colour=SpotColour.DOMINANT)
    composition = scene.run.result.composition
    assert composition is not None
    faces = scene.layer("composition").face_color[composition.dominant_type == name]
    assert len(faces)
    assert (faces[:, :3] == [1, 0, 0]).all()


def test_the_density_of_the_type_has_it_too(scene: Scene) -> None:
    name = scene.row().name
    scene.canvas.show(scene.run.name, density=True, cell_type=name)
    scene.colouring.choose(scene.run.name, name, RED)
    assert scene.layer("density").data[0, 0, :3].tolist() == [255, 0, 0]


def test_undo_is_offered_after_a_change_and_brings_the_colour_back(scene: Scene) -> None:
    name = scene.row().name
    before = scene.cells_of(name).copy()
    assert scene.overlay._undo is not None
    assert not scene.overlay._undo.isVisible()
    scene.colouring.choose(scene.run.name, name, RED)
    assert scene.overlay._undo.isVisible()
    scene.overlay._undo.click()
    np.testing.assert_array_equal(scene.cells_of(name), before)
    assert not scene.overlay._undo.isVisible()


def test_a_run_that_comes_with_chosen_colours_is_drawn_with_them(scene: Scene) -> None:
    name = scene.row().name
    other = dataclasses.replace(scene.run, name="stem_2", colours={name: RED})
    scene.bench.run_loaded.emit(other)
    assert scene.row()._swatch._colour.name() == RED


def test_a_double_click_shows_a_type_alone_and_the_next_brings_all_back(scene: Scene) -> None:
    names = {row.name for row in scene.overlay.rows}
    name = scene.row(1).name
    for hidden in (names - {name}, set()):
        _double_click(scene.row(1)._text)
        showing = scene.canvas.runs[scene.run.name].showing
        assert showing.hidden == hidden
    assert (scene.cells_of(scene.row(0).name)[:, 3] == 1).all()


def test_isolating_another_type_goes_straight_to_that_one(scene: Scene) -> None:
    scene.canvas.isolate_type(scene.row(1).name)
    scene.canvas.isolate_type(scene.row(0).name)
    assert (scene.cells_of(scene.row(0).name)[:, 3] == 1).all()
    assert (scene.cells_of(scene.row(1).name)[:, 3] == 0).all()


def test_the_menu_of_a_line_offers_all_of_it(scene: Scene) -> None:
    words = [action.text() for action in scene.row().menu().actions()]
    assert words == ["Hide or show", "Only this one, or all", "Another colour…"]


def test_fading_is_one_switch_for_every_run(scene: Scene) -> None:
    scene.canvas.set_fade(fade=True)
    scene.bench.run_loaded.emit(dataclasses.replace(scene.run, name="stem_2"))
    assert scene.canvas.runs["stem_2"].showing.fade
    scene.canvas.set_fade(fade=False)
    scene.bench.run_loaded.emit(scene.run)
    assert not scene.canvas.runs[scene.run.name].showing.fade


def _double_click(button: QWidget) -> None:
    """Two presses, as Qt tells them of a mouse."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
