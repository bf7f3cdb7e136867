"""The legend over the canvas: what it says, what a click does, where it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QPoint, QRect
from qtpy.QtWidgets import QLabel, QPushButton, QScrollArea, QToolButton, QWidget

from napari_tessera.viewer.legend import Legend, LegendEntry, ramp_legend
from napari_tessera.widgets.legend import CORNERS, LegendOverlay

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def _types(n: int, *, name: str = "type") -> Legend:
    entries = tuple(
        LegendEntry(name=f"{name} {i}", rgba=(1.0, 0.5, 0.0, 1.0), count=1000 + i) for i in range(n)
    )
    return Legend(title="Cells by type", entries=entries)


@pytest.fixture
def canvas(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    return widget


@pytest.fixture
def overlay(canvas: QWidget) -> LegendOverlay:
    return LegendOverlay(canvas)


def _settle(qtbot: QtBot) -> None:
    qtbot.wait(20)


def _clipped(overlay: LegendOverlay) -> list[str]:
    """Texts of visible labels and buttons that do not fit where they are."""
    bounds = QRect(QPoint(0, 0), overlay.size())
    found = []
    for widget in overlay.findChildren((QLabel, QPushButton)):
        if not widget.isVisible() or not widget.text():
            continue
        place = QRect(widget.mapTo(overlay, QPoint(0, 0)), widget.size())
        needed = widget.fontMetrics().horizontalAdvance(widget.text())
        if not bounds.contains(place) or widget.width() < needed:
            found.append(widget.text())
    return found


def test_without_legends_there_is_nothing_on_the_canvas(overlay: LegendOverlay) -> None:
    overlay.set_legends([])
    assert not overlay.isVisible()


def test_every_type_has_a_line(overlay: LegendOverlay) -> None:
    overlay.set_legends([_types(3)])
    assert [row.name for row in overlay.rows] == ["type 0", "type 1", "type 2"]
    assert overlay.isVisible()


@pytest.mark.parametrize("n", [1, 7, 30])
def test_nothing_in_it_is_clipped(overlay: LegendOverlay, qtbot: QtBot, n: int) -> None:
    overlay.set_legends([_types(n, name="Cancer Epithelial, cycling"), ramp_legend("E", (0, 1))])
    _settle(qtbot)
    visible = [row for row in overlay.rows if not row.visibleRegion().isEmpty()]
    assert len(visible) >= min(n, 12)
    if n <= 12:
        assert _clipped(overlay) == []


def test_more_than_twelve_types_scroll(overlay: LegendOverlay, qtbot: QtBot) -> None:
    overlay.set_legends([_types(30)])
    _settle(qtbot)
    (area,) = overlay.findChildren(QScrollArea)
    assert area.verticalScrollBar().maximum() > 0
    assert overlay.height() < 300


def test_a_click_on_a_type_asks_to_toggle_it(overlay: LegendOverlay) -> None:
    asked: list[str] = []
    overlay.toggled.connect(asked.append)
    overlay.set_legends([_types(3)])
    overlay.rows[1].findChild(QPushButton).click()
    assert asked == ["type 1"]


def test_a_hidden_type_is_dimmed(overlay: LegendOverlay) -> None:
    overlay.set_legends([_types(2)], frozenset({"type 1"}))
    assert [row.dimmed for row in overlay.rows] == [False, True]


def test_the_same_type_in_two_legends_is_dimmed_in_both(overlay: LegendOverlay) -> None:
    spots = Legend(title="Spots by dominant type", entries=_types(2).entries)
    overlay.set_legends([_types(2), spots], frozenset({"type 1"}))
    assert [row.dimmed for row in overlay.rows] == [False, True, False, True]


def test_it_goes_round_the_corners(overlay: LegendOverlay, canvas: QWidget, qtbot: QtBot) -> None:
    overlay.set_legends([_types(3)])
    _settle(qtbot)
    seen = []
    for corner in CORNERS:
        assert overlay.corner == corner
        centre = overlay.geometry().center()
        seen.append((centre.y() > canvas.height() / 2, centre.x() > canvas.width() / 2))
        overlay.move_on()
    assert seen == [(True, False), (False, False), (False, True), (True, True)]
    assert overlay.corner == CORNERS[0]


def test_it_keeps_to_its_corner_when_the_canvas_grows(
    overlay: LegendOverlay, canvas: QWidget, qtbot: QtBot
) -> None:
    overlay.set_legends([_types(3)])
    _settle(qtbot)
    canvas.resize(900, 700)
    _settle(qtbot)
    assert canvas.height() - overlay.geometry().bottom() < 20


@pytest.mark.parametrize("width", [230, 600])
def test_it_stays_clear_of_the_scale_bar(
    overlay: LegendOverlay, canvas: QWidget, qtbot: QtBot, width: int
) -> None:
    canvas.resize(width, 400)
    overlay.set_legends([_types(3)])
    bar = QRect(width - 150, 400 - 45, 150, 45)
    for _ in CORNERS:
        overlay.move_on()
        _settle(qtbot)
        assert not overlay.geometry().intersects(bar)


def test_the_cross_hides_it_and_says_so(overlay: LegendOverlay) -> None:
    overlay.set_legends([_types(3)])
    closed: list[bool] = []
    overlay.closed.connect(lambda: closed.append(True))
    overlay.findChildren(QToolButton)[-1].click()
    assert closed == [True]
    assert not overlay.isVisible()


def test_hidden_by_hand_it_stays_hidden_until_it_is_wanted(overlay: LegendOverlay) -> None:
    overlay.set_wanted(wanted=False)
    overlay.set_legends([_types(3)])
    assert not overlay.isVisible()
    overlay.set_wanted(wanted=True)
    assert overlay.isVisible()


def test_every_button_says_what_it_does(overlay: LegendOverlay) -> None:
    overlay.set_legends([_types(2)])
    buttons = overlay.findChildren((QToolButton, QPushButton))
    assert [b.text() for b in buttons if b.isVisible() and not b.toolTip()] == []
