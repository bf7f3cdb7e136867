"""The composition of the spots in the window: lead, blend, pies, and the bar under the mouse."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_tessera.contract.palette import colours_of
from napari_tessera.testing.planted import SPOT_RADIUS, planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.results import ResultsDock
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Composition, Run
    from napari_tessera.contract.views import SpotsView

PLANTED = planted_tissue(n_cells=60, n_spots=40, n_genes=10)


@pytest.fixture
def run() -> Run:
    return planted_run(PLANTED, name="stem_1a2b3c4d")


@pytest.fixture
def composition(run: Run) -> Composition:
    assert run.result.composition is not None
    return run.result.composition


@pytest.fixture
def scene(qtbot: QtBot, run: Run) -> Any:  # noqa: ANN401 - a few things by name
    """Make a canvas and a Results dock with a run whose spots are drawn."""
    bench = Bench(lambda work: work())
    canvas = Canvas(ViewerModel(), bench)
    bench.tissue_opened.emit(planted_view(PLANTED))
    dock = ResultsDock(bench, canvas)
    qtbot.addWidget(dock)
    dock.resize(340, 800)
    dock.show()
    bench.runs_changed.emit((SimpleNamespace(
        name=run.name, method="stem", created="2026-03-05T10:11:12", n_cells=60, n_spots=40,
        scores={}, baseline={}),))  # fmt: skip
    bench.run_loaded.emit(run)
    canvas.show(run.name, cells=False, spots=True)
    yield SimpleNamespace(canvas=canvas, dock=dock, bench=bench, run=run)
    canvas.close()


def layers(scene: Any) -> Any:  # noqa: ANN401 - of the scene
    return scene.canvas.runs[scene.run.name]


def choose(scene: Any, how: SpotColour) -> None:  # noqa: ANN401 - of the scene
    """Choose a way to colour spots as a person does."""
    box = scene.dock.form.spot_colour
    box.setCurrentIndex(box.findData(how))
    box.activated.emit(box.currentIndex())


def test_there_is_no_list_of_types_before_a_run_is_shown(qtbot: QtBot) -> None:
    bench = Bench(lambda work: work())
    dock = ResultsDock(bench, Canvas(ViewerModel(), bench))
    qtbot.addWidget(dock)
    dock.show()
    assert not dock.form.blend.isVisible()


def test_the_types_to_blend_are_seen_only_while_types_are_blended(scene: Any) -> None:  # noqa: ANN401
    assert not scene.dock.form.blend.isVisible()
    choose(scene, SpotColour.BLEND)
    assert scene.dock.form.blend.isVisible()
    choose(scene, SpotColour.LEAD)
    assert not scene.dock.form.blend.isVisible()


def test_checked_types_are_blended_on_the_tissue(scene: Any, composition: Composition) -> None:  # noqa: ANN401
    choose(scene, SpotColour.BLEND)
    listed = scene.dock.form.blend.list
    for i in range(listed.count()):
        listed.item(i).setCheckState(Qt.CheckState.Checked if i == 1 else Qt.CheckState.Unchecked)
    (name,) = layers(scene).showing.blend
    wanted = rgba_of(colours_of(composition.types.tolist())[name])[:3]
    faces = layers(scene).layer(Role.COMPOSITION).face_color
    share = composition.values[:, composition.types.tolist().index(name)]
    np.testing.assert_allclose(faces[share.argmax(), :3], wanted, atol=1e-5)


def test_the_keyboard_suffices_to_choose_types(scene: Any, qtbot: QtBot) -> None:  # noqa: ANN401
    choose(scene, SpotColour.BLEND)
    blend = scene.dock.form.blend
    first, *rest = blend.chosen
    press: Any = qtbot.keyClick  # comes without types
    blend.list.setCurrentRow(0)
    press(blend.list, Qt.Key.Key_Space)
    assert layers(scene).showing.blend == tuple(rest)
    for _ in rest:
        press(blend.list, Qt.Key.Key_Down)
        press(blend.list, Qt.Key.Key_Space)
    assert layers(scene).showing.blend == ()
    assert layers(scene).legends()[0].title == "Blend: choose types in the Results dock"
    press(blend.list, Qt.Key.Key_Home)
    press(blend.list, Qt.Key.Key_Space)
    assert layers(scene).showing.blend == (first,)


def test_a_fifth_type_cannot_be_checked(scene: Any) -> None:  # noqa: ANN401 - of the scene
    names = list("ABCDE")
    result = dataclasses.replace(
        scene.run.result.composition, types=np.array(names),
        values=np.full((40, 5), 0.2, np.float32),
    )  # fmt: skip
    five = dataclasses.replace(
        scene.run, result=dataclasses.replace(scene.run.result, composition=result)
    )
    scene.canvas.amend(five)
    scene.canvas.show(scene.run.name, spot_colour=SpotColour.BLEND, blend=tuple("ABCD"))
    listed = scene.dock.form.blend.list
    free = [bool(listed.item(i).flags() & Qt.ItemFlag.ItemIsEnabled) for i in range(5)]
    assert free == [True, True, True, True, False]
    listed.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert listed.item(4).flags() & Qt.ItemFlag.ItemIsEnabled


def test_a_blend_follows_the_colours_that_a_person_chose(scene: Any) -> None:  # noqa: ANN401
    name = layers(scene).showing.blend[0]
    scene.canvas.show(scene.run.name, spot_colour=SpotColour.BLEND, blend=(name,))
    scene.canvas.recolour(scene.run.name, {name: "#010203"})
    faces = layers(scene).layer(Role.COMPOSITION).face_color
    np.testing.assert_allclose(faces[:, :3].max(axis=0), np.array([1, 2, 3]) / 255, atol=1e-5)


def test_a_chosen_blend_survives_another_run(scene: Any) -> None:  # noqa: ANN401 - of the scene
    name = layers(scene).showing.blend[1]
    scene.canvas.show(scene.run.name, spot_colour=SpotColour.BLEND, blend=(name,))
    scene.bench.run_loaded.emit(dataclasses.replace(scene.run, name="other_1"))
    scene.bench.run_loaded.emit(scene.run)
    assert layers(scene).showing.blend == (name,)
    assert scene.dock.form.blend.chosen == (name,)


def near(scene: Any, width: float = 60) -> None:  # noqa: ANN401 - of the scene
    """Go so near to the middle of the tissue that a spot is so many pixels wide."""
    camera = camera_of(scene.canvas._viewer)
    x, y = planted_spots().xy.mean(axis=0)
    camera.center = (0, y, x)
    camera.zoom = width / (2 * SPOT_RADIUS)


def planted_spots() -> SpotsView:
    spots = planted_view(PLANTED).spots
    assert spots is not None
    return spots


def pies_drawn(scene: Any) -> int:  # noqa: ANN401 - of the scene
    """Count the triangles that are seen."""
    layer = layers(scene).layer(Role.PIES)
    return 0 if layer is None else int((layer.vertex_colors[::3, 3] > 0).sum())


def test_pies_are_drawn_when_they_are_asked_for_and_the_camera_is_near(scene: Any) -> None:  # noqa: ANN401
    near(scene)
    assert layers(scene).layer(Role.PIES) is None
    scene.dock.form.pies.click()
    assert pies_drawn(scene) > 0


def test_pies_come_and_go_with_the_camera(scene: Any, qtbot: QtBot) -> None:  # noqa: ANN401
    near(scene, width=10)
    scene.dock.form.pies.click()
    assert pies_drawn(scene) == 0
    near(scene)
    qtbot.waitUntil(lambda: pies_drawn(scene) > 0, timeout=2000)
    near(scene, width=10)
    qtbot.waitUntil(lambda: pies_drawn(scene) == 0, timeout=2000)


def test_the_legend_tells_a_person_to_zoom_in(scene: Any) -> None:  # noqa: ANN401 - of the scene
    near(scene, width=10)
    scene.dock.form.pies.click()
    assert layers(scene).legends()[-1].title == "Pies: zoom in to see them"


def test_pies_lie_above_whatever_else_is_drawn_of_the_run(scene: Any) -> None:  # noqa: ANN401
    scene.canvas.show(scene.run.name, cells=True, density=True, pies=True)
    own = [la.metadata[MARK]["role"] for la in scene.canvas._viewer.layers]
    assert own[2:] == ["density", "composition", "cells", "pies"]


def test_pies_go_with_the_layers_of_the_run(scene: Any) -> None:  # noqa: ANN401 - of the scene
    near(scene)
    scene.dock.form.pies.click()
    scene.dock.remove_button.click()
    roles = [la.metadata[MARK]["role"] for la in scene.canvas._viewer.layers]
    assert roles == ["image", "spots"]


def test_pies_step_back_for_another_run_and_come_back_with_theirs(scene: Any) -> None:  # noqa: ANN401
    near(scene)
    scene.dock.form.pies.click()
    layer = layers(scene).layer(Role.PIES)
    scene.bench.run_loaded.emit(dataclasses.replace(scene.run, name="other_1"))
    assert not layer.visible
    scene.bench.run_loaded.emit(scene.run)
    assert layers(scene).layer(Role.PIES) is layer
    assert layer.visible


def test_pies_are_hidden_and_shown_by_their_box(scene: Any) -> None:  # noqa: ANN401 - of the scene
    near(scene)
    scene.dock.form.pies.click()
    scene.dock.form.pies.click()
    assert not layers(scene).layer(Role.PIES).visible
    scene.dock.form.pies.click()
    assert layers(scene).layer(Role.PIES).visible


def test_pies_that_a_person_took_out_of_the_list_can_be_drawn_again(scene: Any) -> None:  # noqa: ANN401
    near(scene)
    scene.dock.form.pies.click()
    scene.canvas._viewer.layers.remove(layers(scene).layer(Role.PIES))
    scene.canvas.show(scene.run.name, pies=True)
    assert pies_drawn(scene) > 0


def test_pies_follow_a_colour_that_a_person_chose(scene: Any) -> None:  # noqa: ANN401
    near(scene)
    scene.dock.form.pies.click()
    name = layers(scene).types[0]
    scene.canvas.recolour(scene.run.name, {name: "#010203"})
    colours = layers(scene).layer(Role.PIES).vertex_colors[:, :3]
    assert (np.abs(colours - np.array([1, 2, 3]) / 255).max(axis=1) < 1e-6).any()
