"""The first minute: the tour on the sample, all docks at once, and what empty docks say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QWidget
from tests.window.conftest import PATIENCE_MS, Window

from napari_tessera.methods import METHODS
from napari_tessera.widgets import contributions
from napari_tessera.widgets.docks import MAKERS, arrange, find_dock, find_tour, show_dock
from napari_tessera.widgets.genes_dock import GenesDock
from napari_tessera.widgets.legible import clipped_words
from napari_tessera.widgets.regions_dock import RegionsDock
from napari_tessera.widgets.session import session_of
from napari_tessera.widgets.tour import Frame, TourPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.workbench.bench import Bench

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]
SMALL = (1280, 800)


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Viewer], qtbot: QtBot) -> Iterator[Viewer]:
    """Open a small napari window without any dock of ours."""
    made = make_napari_viewer(show=True)
    made.window._qt_window.resize(*SMALL)
    yield made
    session_of(made).close()
    qtbot.wait(50)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, sample: SamplePaths) -> list[bool]:
    """Let the small sample be opened in place of the real one; note that it was asked for."""
    asked: list[bool] = []

    def open_sample(bench: Bench, *, real: bool) -> None:
        asked.append(real)
        bench.open_tissue(sample.tissue)
        bench.open_reference(sample.reference)

    monkeypatch.setattr("napari_tessera.workbench.bench.Bench.open_sample", open_sample)
    return asked


@pytest.fixture
def panel(viewer: Viewer, opened: list[bool], qtbot: QtBot) -> TourPanel:  # noqa: ARG001 - is patched
    """Take the tour."""
    contributions.start_tour(viewer)
    found = find_tour(viewer)
    assert isinstance(found, TourPanel)
    qtbot.waitUntil(lambda: bool(frames(viewer)))
    return found


def frames(viewer: Viewer) -> list[Any]:
    """Frames that the tour has drawn."""
    return list(viewer.window._qt_window.findChildren(Frame))


def framed(viewer: Viewer) -> str:
    """Name of the dock with the frame."""
    (frame,) = frames(viewer)
    return next(name for name in MAKERS if find_dock(viewer, name) is frame.parentWidget())


def test_the_tour_opens_the_sample_and_goes_on_when_it_is_there(
    panel: TourPanel, viewer: Viewer, opened: list[bool], qtbot: QtBot
) -> None:
    assert framed(viewer) == "Tissue"
    qtbot.waitUntil(lambda: panel.tour.at == 1, timeout=PATIENCE_MS)
    assert opened == [True]
    assert framed(viewer) == "Model"


def test_the_tour_leaves_an_open_tissue_alone(
    window: Window, opened: list[bool], qtbot: QtBot
) -> None:
    window.open_both(qtbot)
    contributions.start_tour(window.viewer)
    qtbot.waitUntil(lambda: bool(frames(window.viewer)))
    assert opened == []
    assert "done" in find_tour(window.viewer).number.text()  # type: ignore[union-attr]


def test_the_tour_points_at_every_dock_in_turn_and_ends_without_a_trace(
    panel: TourPanel, viewer: Viewer, qtbot: QtBot
) -> None:
    seen = [framed(viewer)]
    while panel.next.isEnabled():
        panel.next.click()
        assert not clipped_words(panel)
        seen.append(framed(viewer))
    assert seen == ["Tissue", "Model", "Results", "Regions & genes", "Genes", "Explore", "Results"]
    layers = list(viewer.layers)
    panel.end.click()
    qtbot.waitUntil(lambda: find_tour(viewer) is None)
    assert frames(viewer) == []
    assert list(viewer.layers) == layers


def test_doing_what_each_stop_asks_leads_to_the_last_one(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_tessera.widgets.tour.PRAISE_MS", 50)
    window.open_both(qtbot)
    contributions.start_tour(window.viewer)
    panel: Any = find_tour(window.viewer)
    qtbot.waitUntil(lambda: bool(frames(window.viewer)))
    panel.next.click()  # the tissue was open before the tour: nothing pushes on
    reached = [panel.tour.at]
    for do in (_run, _tick_spots, _draw, _choose_gene, _select):
        do(window, qtbot)
        qtbot.waitUntil(lambda: panel.tour.at > reached[-1], timeout=PATIENCE_MS)
        reached.append(panel.tour.at)
    assert reached == [1, 2, 3, 4, 5, 6]
    assert panel.tour.is_last


def _run(window: Window, qtbot: QtBot) -> None:
    model = window.docks[1]
    model.method.setCurrentText(METHODS["baseline"].title)
    model.method.textActivated.emit(METHODS["baseline"].title)
    qtbot.waitUntil(model.run_bar.run.isEnabled, timeout=PATIENCE_MS)
    model.run_bar.run.click()


def _tick_spots(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(window.docks[2].form.spots.isEnabled, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.bench.shown is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(window.docks[2].form.isEnabled, timeout=PATIENCE_MS)
    window.docks[2].form.spots.setChecked(True)


def _draw(window: Window, qtbot: QtBot) -> None:  # noqa: ARG001 - as the others
    dock = window.viewer.window._qt_window.findChild(RegionsDock)
    dock.drawing.start("Lasso")
    layer = dock.drawing.layer
    corners = np.array([[0, 0], [0, 900], [900, 900], [900, 0]])
    layer.add_polygons([np.asarray([layer.world_to_data(corner) for corner in corners])])


def _choose_gene(window: Window, qtbot: QtBot) -> None:
    dock = window.viewer.window._qt_window.findChild(GenesDock)
    qtbot.waitUntil(lambda: dock.list.count() > 0, timeout=PATIENCE_MS)
    QTest.keyClick(dock.line, Qt.Key.Key_Down)


def _select(window: Window, qtbot: QtBot) -> None:
    exploring = window.session.exploring
    qtbot.waitUntil(lambda: exploring.population is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: exploring.groups is not None, timeout=PATIENCE_MS)
    assert exploring.groups is not None
    exploring.select_group(exploring.groups.names[0])


def test_a_click_goes_through_the_frame(panel: TourPanel, viewer: Viewer, qtbot: QtBot) -> None:
    assert panel.isVisible()
    dock = find_dock(viewer, "Tissue")
    assert dock is not None

    def under() -> object:
        dock.window().raise_()  # windows of other tests may lie there, on a screen that all share
        return QApplication.widgetAt(dock.mapToGlobal(dock.rect().center()))

    # nothing lies there before the window is seen, all of the frame before it is cut out
    qtbot.waitUntil(lambda: under() is not None and not isinstance(under(), Frame))


def test_a_dock_that_is_closed_during_the_tour_is_opened_again(
    panel: TourPanel, viewer: Viewer, qtbot: QtBot
) -> None:
    viewer.window.remove_dock_widget(find_dock(viewer, "Tissue"))
    qtbot.waitUntil(lambda: not frames(viewer))
    panel.next.click()
    panel.back.click()
    assert framed(viewer) == "Tissue"


def test_the_empty_tissue_dock_offers_the_tour(
    viewer: Viewer, opened: list[bool], qtbot: QtBot
) -> None:
    dock: Any = contributions.tissue_dock(viewer)
    viewer.window.add_dock_widget(dock, name="Tissue", area="right")
    dock.tour.click()
    qtbot.waitUntil(lambda: opened == [True])
    assert find_tour(viewer) is not None


def test_all_docks_are_tabs_that_can_be_read_on_a_small_screen(
    viewer: Viewer, qtbot: QtBot
) -> None:
    arrange(viewer)
    qtbot.wait(200)
    for name in MAKERS:
        dock = show_dock(viewer, name)
        qtbot.wait(100)
        assert clipped_words(dock) == []
    size = viewer.window._qt_window.size()
    assert (size.width(), size.height()) <= SMALL


def test_every_empty_dock_says_what_to_do_first(viewer: Viewer, qtbot: QtBot) -> None:
    silent = []
    for name in MAKERS:
        dock = show_dock(viewer, name)
        qtbot.waitUntil(dock.isVisible)
        said = " ".join(x.text() for x in dock.findChildren(QLabel) if x.isVisibleTo(dock))
        if "open a tissue" not in said.lower():
            silent.append(name)
    assert silent == []


@pytest.mark.parametrize(("name", "key"), [("Genes", "clear"), ("Explore", "keep")])
def test_the_keys_of_the_newer_docks_press_their_buttons(
    viewer: Viewer, qtbot: QtBot, name: str, key: str
) -> None:
    dock = show_dock(viewer, name)
    made = dock.findChild(QWidget, f"tessera{name}")
    pressed: list[bool] = []
    pushed = getattr(made, key)
    pushed.setEnabled(True)
    pushed.clicked.connect(lambda: pressed.append(True))
    viewer.window._qt_window.activateWindow()
    pushed.setFocus()
    qtbot.waitUntil(pushed.hasFocus)
    letter = {"clear": Qt.Key.Key_X, "keep": Qt.Key.Key_K}[key]
    QTest.keyClick(pushed, letter, Qt.KeyboardModifier.AltModifier)
    assert pressed
