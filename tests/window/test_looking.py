"""What a person does in the window: colours, density, hide, show again; drop; samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QMovie
from qtpy.QtWidgets import QApplication, QLabel
from tests.window.conftest import PATIENCE_MS, Window

from napari_tessera.widgets.legible import clipped_words
from napari_tessera.workflows.verbs import write

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.widgets.results import ResultsDock

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]
SMALL = (1280, 800)


def test_the_density_of_a_type_is_drawn_when_it_is_asked_for(
    results: ResultsDock, window: Window, qtbot: QtBot
) -> None:
    assert not window.role("density")
    results.form.density.click()
    qtbot.waitUntil(lambda: window.role("density"), timeout=PATIENCE_MS)


def test_removed_layers_are_drawn_again_by_show(
    results: ResultsDock, window: Window, qtbot: QtBot
) -> None:
    results.remove_button.click()
    qtbot.waitUntil(lambda: not window.role("cells"), timeout=PATIENCE_MS)
    results.show_button.click()
    qtbot.waitUntil(lambda: window.role("cells"), timeout=PATIENCE_MS)


def test_cells_fade_with_their_confidence(results: ResultsDock, window: Window) -> None:
    results.form.fade.setChecked(True)
    faded = window.layer("cells").face_color[:, 3].copy()
    results.form.fade.setChecked(False)
    plain = window.layer("cells").face_color[:, 3].copy()
    assert faded.min() < plain.min()
    assert len(set(faded.round(3).tolist())) > 5


def test_no_word_is_cut_off_on_a_small_screen_whatever_is_drawn(
    results: ResultsDock, window: Window, qtbot: QtBot
) -> None:
    window.viewer.window._qt_window.resize(*SMALL)
    for box in (results.form.cell_colour, results.form.spot_colour):
        for i in range(box.count()):
            box.setCurrentIndex(i)
            box.activated.emit(i)
            qtbot.wait(30)
            assert not [w for dock in window.docks for w in clipped_words(dock)]


def test_what_can_be_shown_of_a_run_is_seen_beside_the_other_docks(
    results: ResultsDock, window: Window, qtbot: QtBot
) -> None:
    window.viewer.window._qt_window.resize(1600, 1000)
    qtbot.wait(100)
    for control in (results.show_button, results.form.cells, results.form.density):
        assert control.visibleRegion().boundingRect().height() == control.height()


def drop(window: Window, path: Path) -> None:
    """Let go of a folder over the canvas, as Qt tells it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    hand = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton)
    target = window.viewer.window._qt_window._qt_viewer
    QApplication.sendEvent(
        target, QDragEnterEvent(QPoint(20, 20), *hand, Qt.KeyboardModifier.NoModifier)
    )
    QApplication.sendEvent(
        target, QDropEvent(QPointF(20, 20), *hand, Qt.KeyboardModifier.NoModifier)
    )


def test_a_folder_that_is_let_go_over_the_window_opens(window: Window, qtbot: QtBot) -> None:
    drop(window, window.sample.tissue)
    qtbot.waitUntil(lambda: window.role("spots"), timeout=PATIENCE_MS)


def test_the_planted_sample_opens_from_the_menu(window: Window, qtbot: QtBot) -> None:
    (word,) = window.viewer.open_sample("napari-tessera", "planted")
    qtbot.waitUntil(lambda: window.role("spots"), timeout=PATIENCE_MS)
    assert word not in window.viewer.layers
    qtbot.waitUntil(lambda: window.bench.can_run, timeout=PATIENCE_MS)


def test_the_sign_of_the_activity_area_does_not_turn_by_itself_during_a_fit(
    window: Window, qtbot: QtBot
) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    window.docks[1].run_bar.run.click()
    job_runs = lambda: bool(window.bench.jobs) and window.bench.jobs[-1].progress is not None  # noqa: E731
    qtbot.waitUntil(job_runs, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(signs()) > 0, timeout=PATIENCE_MS)
    assert {sign.state() for sign in signs()} == {QMovie.MovieState.Paused}
    seen = signs()[0].currentFrameNumber()
    qtbot.waitUntil(lambda: signs()[0].currentFrameNumber() != seen, timeout=PATIENCE_MS)
    window.bench.jobs[-1].cancel()


def signs() -> list[QMovie]:
    """Signs in the window that can turn."""
    labels = [w for w in QApplication.allWidgets() if isinstance(w, QLabel)]
    return [label.movie() for label in labels if label.movie() is not None]


def test_a_run_that_another_process_writes_is_listed(
    window: Window, mapped: Run, qtbot: QtBot
) -> None:
    window.bench.open_tissue(window.sample.tissue)
    qtbot.waitUntil(lambda: window.role("spots"), timeout=PATIENCE_MS)
    window.bench.look_again()
    write(window.sample.tissue, mapped)
    qtbot.waitUntil(lambda: [r.name for r in window.bench.runs] == [mapped.name], timeout=20_000)
