"""The bar beneath "Checking…": it moves while it is seen, and has the window painted seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_tessera.widgets.busy_bar import EVERY_MS, BusyBar

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot
    from qtpy.QtGui import QPaintEvent


class Watched(BusyBar):
    """A bar that counts how often it is painted."""

    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted += 1
        super().paintEvent(event)


@pytest.fixture
def bar(qtbot: QtBot) -> Watched:
    made = Watched()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_it_moves_and_begins_anew(bar: Watched, qtbot: QtBot) -> None:
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: bar.value() == 1, timeout=4 * EVERY_MS)


def test_it_is_painted_a_few_times_a_second(bar: Watched, qtbot: QtBot) -> None:
    before = bar.painted
    qtbot.wait(2 * EVERY_MS)
    assert 1 <= bar.painted - before <= 5


def test_it_rests_while_nobody_sees_it(bar: Watched, qtbot: QtBot) -> None:
    bar.hide()
    before = bar.value()
    qtbot.wait(2 * EVERY_MS)
    assert bar.value() == before
