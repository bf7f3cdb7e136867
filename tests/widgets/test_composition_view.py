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
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.layer_data import Role
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.results import ResultsDock
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Composition, Run

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
