"""Keys press buttons, and tooltips name them; each dock says what to do first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tessera.widgets.parts import button
from napari_tessera.widgets.shortcuts import bind
from napari_tessera.widgets.tissue_dock import TissueDock
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_key_presses_its_button_and_the_tooltip_names_it(qtbot: QtBot) -> None:
    pressed: list[str] = []
    dock = QWidget()
    column = QVBoxLayout(dock)
    run = button("Run", "Start", lambda: pressed.append("run"))
    column.addWidget(run)
    bind(dock, {"Ctrl+Return": run})
    qtbot.addWidget(dock)
    with qtbot.waitExposed(dock):
        dock.show()
    dock.activateWindow()
    run.setFocus()
    qtbot.waitUntil(run.hasFocus)
    QTest.keyClick(run, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == ["run"]
    assert run.toolTip() == "Start (Ctrl+Return)"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note what sample is asked for, instead of making it."""
    found: list[bool] = []
    monkeypatch.setattr(Bench, "open_sample", lambda _bench, *, real: found.append(real))
    return found


def test_an_empty_tissue_dock_offers_the_sample(qtbot: QtBot, asked: list[bool]) -> None:
    bench = Bench(lambda work: work())
    dock = TissueDock(bench)
    qtbot.addWidget(dock)
    dock.show()
    assert dock.sample.isVisible()
    dock.sample.click()
    assert asked == [True]
    bench.close()
