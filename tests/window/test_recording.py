"""In the real window: run, export the script, replay it elsewhere; the main job by keyboard."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QShortcut
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication
from tests.window.conftest import PATIENCE_MS, Window

import napari_tessera as nt
from napari_tessera.contract.state import JobState
from napari_tessera.methods import METHODS
from napari_tessera.widgets.results_export import ResultsExport
from napari_tessera.workbench import reading

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot
    from qtpy.QtWidgets import QWidget

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]


def export_of(window: Window) -> ResultsExport:
    """Find the buttons beneath the runs."""
    found: ResultsExport = window.docks[2].findChild(ResultsExport)
    return found


def _said(export: ResultsExport, file: str) -> bool:
    return f"Wrote {file}" in export.said.text()


def run_baseline(window: Window, qtbot: QtBot) -> str:
    """Map with the baseline as a person would; give the run's name."""
    window.open_both(qtbot)
    model = window.docks[1]
    model.method.setCurrentText(METHODS["baseline"].title)
    model.method.textActivated.emit(METHODS["baseline"].title)
    model.form.rows["seed"].set_value(4)
    model.run_bar.run.click()
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)
    return str(window.bench.runs[0].name)


def test_a_run_is_exported_and_replayed_elsewhere_and_its_settings_come_back(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    name = run_baseline(window, qtbot)
    export, model = export_of(window), window.docks[1]
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for file in ("n.ipynb", "s.py"):
        export.write(folder / file)
        qtbot.waitUntil(partial(_said, export, file), timeout=PATIENCE_MS)
    assert json.loads((folder / "n.ipynb").read_text())["nbformat"] == 4
    assert same_numbers(window.sample.tissue, replay(folder), name)
    model.method.setCurrentText(METHODS["stem"].title)
    model.method.textActivated.emit(METHODS["stem"].title)
    export.same.click()
    qtbot.waitUntil(lambda: model.method.currentData() == "baseline", timeout=PATIENCE_MS)
    assert model.form.options().seed == 4


def replay(folder: Path) -> Path:
    """Run the script in a new process; give the store that it made."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "s.py"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "tissue_replayed.zarr"


def same_numbers(store: Path, other: Path, name: str) -> bool:
    """Whether a run says the very same in two stores."""
    one, two = nt.read(store, name).result, nt.read(other, name).result
    assert one.placement is not None
    assert two.placement is not None
    assert one.composition is not None
    assert two.composition is not None
    return np.array_equal(one.placement.xy, two.placement.xy) and np.array_equal(
        one.composition.values, two.composition.values
    )


def press(widget: QWidget, key: Qt.Key) -> None:
    """Press a key on what has the keyboard."""
    assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(widget, key)


def test_the_main_job_needs_no_mouse(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open a planted sample, run, and show, with Tab, arrows, space and Enter alone."""
    from napari_tessera.widgets.contributions import planted_sample

    monkeypatch.setattr(reading, "make_sample", lambda **_: window.sample)
    window.viewer.window._qt_window.activateWindow()
    planted_sample()  # File > Open Sample > Tessera, and an entry of the command palette
    qtbot.waitUntil(lambda: window.bench.can_run, timeout=PATIENCE_MS)
    _tissue, model, results = window.docks
    while model.method.currentData() != "baseline":
        press(model.method, Qt.Key.Key_Down)
    press(model.run_bar.run, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(window.bench.jobs), timeout=PATIENCE_MS)
    job = window.bench.jobs[-1]
    qtbot.waitUntil(lambda: job.outcome is not None, timeout=PATIENCE_MS)
    assert job.outcome is not None
    assert job.outcome.state is JobState.DONE
    qtbot.waitUntil(lambda: results.remove_button.isEnabled(), timeout=PATIENCE_MS)
    assert window.role("cells")
    press(results.remove_button, Qt.Key.Key_Space)
    assert not window.role("cells")
    press(results.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.role("cells"), timeout=PATIENCE_MS)
    assert silent_buttons(window) == []
    assert shared_keys(window) == set()


def shared_keys(window: Window) -> set[str]:
    """Keys of our docks that napari's menus have too: Qt would press neither."""
    main = window.viewer.window._qt_window
    shortcuts = main.findChildren(QShortcut)
    ours = [s for s in shortcuts if s.parent().objectName().startswith("tessera")]
    own = {shortcut.key().toString() for shortcut in ours}
    actions = [*main.findChildren(QAction)]
    actions += [action for each in QApplication.allWidgets() for action in each.actions()]
    menus = {key.toString() for action in actions for key in action.shortcuts()}
    assert {"Ctrl+Return", "Alt+O", "Alt+M"} <= own
    return own & menus


def silent_buttons(window: Window) -> list[str]:
    """Buttons without a tooltip."""
    return [
        f"{type(dock).__name__}: {made.text()}"
        for dock in window.docks
        for made in dock.findChildren(QAbstractButton)
        if made.isVisibleTo(dock) and made.text() and not made.toolTip()
    ]
