"""What one word of a job changes is painted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_tessera.widgets.one_paint import OnePaint

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot
    from qtpy.QtGui import QPaintEvent


class Watched(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Counts how often it is painted; a text in a row in a column, as in a dock."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = 0
        self.text = QLabel("a")
        inner, column = QVBoxLayout(), QVBoxLayout(self)
        inner.addWidget(self.text)
        column.addLayout(inner)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted += 1
        super().paintEvent(event)


@pytest.fixture
def widget(qtbot: QtBot) -> Watched:
    made = Watched()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.painted > 0)
    qtbot.wait(300)  # the window manager is done with it
    made.painted = 0
    return made


def test_changes_that_follow_each_other_are_painted_once(widget: Watched, qtbot: QtBot) -> None:
    together = OnePaint(60)
    ended: list[float] = []
    together.painted.connect(ended.append)
    for text in ("b", "a much longer text that moves everything", "c"):
        together.hold(widget)
        widget.text.setText(text)
        qtbot.wait(10)
    qtbot.waitUntil(lambda: bool(ended))
    assert widget.painted == 1


def test_it_can_be_painted_again_afterwards(widget: Watched, qtbot: QtBot) -> None:
    together = OnePaint()
    together.hold(widget)
    qtbot.waitUntil(lambda: widget.painted > 0)
    widget.painted = 0
    widget.update()
    qtbot.waitUntil(lambda: widget.painted > 0)


def test_other_changes_are_made_in_the_same_round(widget: Watched, qtbot: QtBot) -> None:
    together, at_painting = OnePaint(), []
    together.then(lambda: at_painting.append(widget.painted))
    together.hold(widget)
    qtbot.waitUntil(lambda: widget.painted > 0)
    assert at_painting == [0]


def test_it_says_how_long_painting_took(widget: Watched, qtbot: QtBot) -> None:
    together = OnePaint()
    took: list[float] = []
    together.painted.connect(took.append)
    together.hold(widget)
    qtbot.waitUntil(lambda: bool(took))
    assert widget.painted > 0
    assert 0 < took[0] < 2


def test_a_widget_that_is_gone_is_left_alone(qtbot: QtBot) -> None:
    together, gone = OnePaint(), QWidget()
    took: list[float] = []
    together.painted.connect(took.append)
    together.hold(gone)
    gone.deleteLater()
    qtbot.waitUntil(lambda: bool(took))
