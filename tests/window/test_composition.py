"""Mixed spots in the real window: pies on the canvas, bars of the spot under a real mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_tessera.testing.planted import PlantedTissue, planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.legend import canvas_widget_of
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.widgets.share_bars import ShareBars
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run

pytestmark = pytest.mark.window
COLOURS = ("#ff00ff", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff0000", "#000000", "#ffffff")


@pytest.fixture(scope="module")
def planted() -> PlantedTissue:
    return planted_tissue(n_cells=100, n_spots=40, n_genes=20)


@pytest.fixture
def run(planted: PlantedTissue) -> Run:
    return planted_run(planted)


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Viewer]) -> Viewer:
    return make_napari_viewer(show=True)


@pytest.fixture
def canvas(viewer: Viewer, planted: PlantedTissue, run: Run, qtbot: QtBot) -> Iterator[Canvas]:
    """Draw the spots of a run, seen from so near that each is 80 pixels wide."""
    bench = Bench(lambda work: work())
    canvas = Canvas(viewer, bench)
    view = planted_view(planted)
    bench.tissue_opened.emit(view)
    bench.run_loaded.emit(run)
    canvas.show(run.name, cells=False, spots=True)
    assert view.spots is not None
    assert view.spots.radius is not None
    x, y = view.spots.xy[20]
    camera_of(viewer).center = (0, y, x)
    camera_of(viewer).zoom = 40 / view.spots.radius[0]
    qtbot.wait(100)
    yield canvas
    canvas.close()


def over(viewer: Viewer) -> QWidget:
    widget = canvas_widget_of(viewer)
    assert widget is not None
    return widget


def move(widget: QWidget, x: float, y: float) -> None:
    """Move the mouse, as the desktop tells Qt."""
    at = QPointF(x, y)
    nobody = (Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)
    everywhere = QPointF(widget.mapToGlobal(at.toPoint()))
    event = QMouseEvent(QEvent.Type.MouseMove, at, everywhere, *nobody)
    QApplication.sendEvent(widget, event)


def test_the_bars_of_the_spot_under_the_mouse_stand_in_the_upper_right_corner(
    canvas: Canvas, viewer: Viewer, planted: PlantedTissue, qtbot: QtBot
) -> None:
    widget = over(viewer)
    move(widget, widget.width() / 2, widget.height() / 2)
    qtbot.waitUntil(lambda: canvas.shares.told is not None, timeout=2000)
    (bars,) = widget.findChildren(ShareBars)
    assert bars.isVisible()
    assert bars.geometry().right() > widget.width() - 20
    assert bars.geometry().bottom() < widget.height() / 2
    assert bars.told is not None
    assert bars.told.title.startswith(f"{planted.paired.spots.obs_names[20]}: ")


def test_the_colours_of_a_pie_are_seen_in_the_shares_of_its_types(
    canvas: Canvas, viewer: Viewer, run: Run, qtbot: QtBot
) -> None:
    assert run.result.composition is not None
    types = run.result.composition.types.tolist()
    canvas.recolour(run.name, dict(zip(types, COLOURS, strict=False)))
    canvas.show(run.name, spots=False, pies=True)
    qtbot.wait(100)
    seen = viewer.screenshot(canvas_only=True, flash=False)
    row, col = seen.shape[0] // 2, seen.shape[1] // 2
    spot = seen[row - 30 : row + 30, col - 30 : col + 30, :3].reshape(-1, 3) / 255
    for share, colour in zip(run.result.composition.values[20], COLOURS, strict=False):
        near = np.abs(spot - rgba_of(colour)[:3]).max(axis=1) < 0.1
        assert near.mean() == pytest.approx(share, abs=0.08)
