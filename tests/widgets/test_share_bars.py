"""The bars of the spot under the mouse: when they are told, where they stand, when they go."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication, QWidget
from tests.widgets.conftest import as_squares

from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.hover import Bar, SpotBars
from napari_tessera.viewer.layer_data import Role
from napari_tessera.widgets import share_bars
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.legend import BAR_HEIGHT, CORNERS, LegendOverlay
from napari_tessera.widgets.results import ResultsDock
from napari_tessera.widgets.share_bars import ShareBars
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.views import SpotsView

PLANTED = planted_tissue(n_cells=60, n_spots=40, n_genes=10)
SPOTS = planted_view(PLANTED).spots
TOLD = SpotBars(title="spot 1: lead 20%", bars=(
    Bar(name="A", share=0.6, rgba=(1.0, 0.0, 0.0, 1.0)),
    Bar(name="B", share=0.4, rgba=(0.0, 0.0, 1.0, 1.0)),
))  # fmt: skip


@pytest.fixture
def scene(qtbot: QtBot) -> Any:  # noqa: ANN401 - a few things by name
    """Draw the spots of a run."""
    return opened(qtbot, SPOTS)


def opened(qtbot: QtBot, spots: SpotsView | None) -> Any:  # noqa: ANN401 - a few things by name
    """Open a tissue with these spots, and draw a run on them."""
    assert spots is not None
    bench = Bench(lambda work: work())
    canvas = Canvas(ViewerModel(), bench)
    bench.tissue_opened.emit(dataclasses.replace(planted_view(PLANTED), spots=spots))
    run = planted_run(PLANTED)
    bench.run_loaded.emit(run)
    canvas.show(run.name, cells=False, spots=True)
    qtbot.wait(1)
    return SimpleNamespace(canvas=canvas, bench=bench, run=run, spots=spots)


def hover(scene: Any, spot: int, *, aside: float = 0.0) -> SpotBars | None:  # noqa: ANN401
    """Move the mouse over a spot, as napari tells it."""
    x, y = scene.spots.xy[spot]
    viewer = scene.canvas._viewer
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, SimpleNamespace(position=(y, x + aside)))
    told: SpotBars | None = scene.canvas.shares.told
    return told


def name_of(scene: Any, spot: int) -> str:  # noqa: ANN401 - of the scene
    return str(scene.spots.names[spot])


def test_the_mouse_over_a_spot_tells_its_shares(scene: Any) -> None:  # noqa: ANN401
    told = hover(scene, 11)
    assert told is not None
    assert told.title.startswith(f"{name_of(scene, 11)}: ")
    assert told.bars[0].share == pytest.approx(scene.run.result.composition.values[11].max())


def test_nothing_is_told_between_spots(scene: Any) -> None:  # noqa: ANN401 - of the scene
    hover(scene, 11)
    assert hover(scene, 11, aside=1e5) is None


def test_the_pies_are_told_of_too(scene: Any) -> None:  # noqa: ANN401 - of the scene
    scene.canvas.show(scene.run.name, spots=False, pies=True)
    assert hover(scene, 3) is not None


def test_nothing_is_told_while_no_spots_are_drawn(scene: Any) -> None:  # noqa: ANN401
    scene.canvas.show(scene.run.name, spots=False, cells=True)
    assert hover(scene, 3) is None


def test_nothing_is_told_once_the_layers_are_removed(scene: Any) -> None:  # noqa: ANN401
    hover(scene, 3)
    scene.canvas.remove(scene.run.name)
    assert scene.canvas.shares.told is None
    assert hover(scene, 4) is None


def test_another_colour_is_seen_at_the_next_move(scene: Any) -> None:  # noqa: ANN401
    before = hover(scene, 3)
    assert before is not None
    scene.canvas.recolour(scene.run.name, {before.bars[0].name: "#ff0000"})
    after = hover(scene, 3)
    assert after is not None
    assert after.bars[0].rgba[:3] == (1, 0, 0)


@pytest.mark.parametrize("kind", ["shapes", "labels"])
def test_polygons_and_labels_are_told_of_to_their_border(qtbot: QtBot, kind: str) -> None:
    scene = opened(qtbot, as_squares(kind, SPOTS, side=600))
    told = hover(scene, 11, aside=25)
    assert told is not None
    assert told.title.startswith(f"{name_of(scene, 11)}: ")
    assert hover(scene, 11, aside=40) is None


def test_labels_that_are_not_drawn_are_told_of_in_their_pies(qtbot: QtBot) -> None:
    scene = opened(qtbot, as_squares("labels", SPOTS, side=600))
    scene.canvas.show(scene.run.name, spots=False, pies=True)
    assert scene.canvas.runs[scene.run.name].layer(Role.PIES) is not None
    assert hover(scene, 11) is not None


def test_a_person_can_do_without(scene: Any, qtbot: QtBot) -> None:  # noqa: ANN401 - of the scene
    dock = ResultsDock(scene.bench, scene.canvas)
    qtbot.addWidget(dock)
    hover(scene, 3)
    dock.shares.setChecked(False)
    assert scene.canvas.shares.told is None
    assert hover(scene, 4) is None
    dock.shares.setChecked(True)
    assert hover(scene, 4) is not None


def test_a_closed_canvas_follows_the_mouse_no_more(scene: Any) -> None:  # noqa: ANN401
    scene.canvas.close()
    assert hover(scene, 3) is None


@pytest.fixture
def under(qtbot: QtBot) -> QWidget:
    """Show a canvas of 600 by 400 pixels."""
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.resize(600, 400)
    canvas.show()
    return canvas


@pytest.fixture
def bars(under: QWidget) -> ShareBars:
    return ShareBars(under)


def test_the_bars_keep_to_the_upper_right_corner_or_to_the_lower_left_one(bars: ShareBars) -> None:
    bars.tell(TOLD)
    assert bars.geometry().getCoords() == (350, 10, 589, 10 + 63)
    bars.tell(TOLD, low=True)
    assert bars.geometry().getCoords() == (10, 326, 249, 389)


def test_the_bars_fit_on_a_narrow_canvas(bars: ShareBars, under: QWidget) -> None:
    under.resize(200, 400)
    bars.tell(TOLD)
    assert (bars.geometry().left(), bars.geometry().right()) == (10, 189)


def test_the_bars_stay_clear_of_the_scale_bar_on_a_narrow_canvas(
    bars: ShareBars, under: QWidget
) -> None:
    under.resize(200, 400)
    bars.tell(TOLD, low=True)
    assert bars.geometry().bottom() < 400 - BAR_HEIGHT


def test_the_bars_go_down_when_the_legend_is_above(
    scene: Any,  # noqa: ANN401 - a few things by name
    under: QWidget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(share_bars, "canvas_widget_of", lambda _viewer: under)
    scene.canvas.legend = LegendOverlay(under)
    for corner, low in zip(CORNERS, (False, True, True, False), strict=True):
        scene.canvas.legend.corner = corner
        scene.canvas.shares.forget()
        hover(scene, 3)
        (bars,) = under.findChildren(ShareBars)
        assert (bars.geometry().top() > 200) == low


def test_the_mouse_goes_through_the_bars(bars: ShareBars) -> None:
    assert bars.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


def test_a_bar_is_as_long_as_its_share(bars: ShareBars) -> None:
    bars.tell(TOLD)
    image = bars.grab().toImage()
    lengths = []
    for number, bar in enumerate(TOLD.bars, start=1):
        row = [image.pixelColor(x, 8 + 16 * number + 8) for x in range(image.width())]
        lengths.append(sum(abs(c.redF() - bar.rgba[0]) + abs(c.blueF() - bar.rgba[2]) < 0.1
                           and c.greenF() < 0.1 for c in row))  # fmt: skip
    assert lengths[0] / lengths[1] == pytest.approx(1.5, abs=0.1)


def test_bars_of_nothing_are_hidden(bars: ShareBars) -> None:
    bars.tell(TOLD)
    bars.tell(None)
    assert not bars.isVisible()


def test_the_bars_go_when_the_mouse_leaves_the_canvas(
    scene: Any,  # noqa: ANN401 - a few things by name
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.show()
    monkeypatch.setattr(share_bars, "canvas_widget_of", lambda _viewer: canvas)
    assert hover(scene, 3) is not None
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert scene.canvas.shares.told is None
