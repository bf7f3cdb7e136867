"""The Genes dock in the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QSettings
from tests.window.conftest import PATIENCE_MS, Window

from napari_tessera.widgets.genes_dock import GenesDock
from napari_tessera.widgets.legible import clipped_words

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]


def test_a_measured_gene_is_searched_for_and_drawn(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path))
    _, dock = window.viewer.window.add_plugin_dock_widget("napari-tessera", "Genes")
    assert isinstance(dock, GenesDock)
    window.bench.open_tissue(window.sample.tissue)
    qtbot.waitUntil(lambda: dock.list.count() == 60, timeout=PATIENCE_MS)
    dock.line.setText(dock.entries()[7].name)
    dock.line.returnPressed.emit()
    qtbot.waitUntil(lambda: window.role("genes"), timeout=PATIENCE_MS)
    assert window.session.canvas.genes.legends()[0].title.endswith("(measured)")
    assert not clipped_words(dock)
