"""Undo, redo, import and export beneath the drawing tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QScrollArea

from napari_tessera.contract.regions import Region
from napari_tessera.data.geojson import geojson_text
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.parts import DOCK_WIDTH
from napari_tessera.widgets.regions_dock import RegionsDock
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.explaining import Explaining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.data.sample import SamplePaths

PATIENCE_MS = 20_000
SQUARE = np.array([[0.0, 0], [400, 0], [400, 400], [0, 400]])
SCROLL_BAR = 14


@pytest.fixture
def dock(plant: Callable[..., SamplePaths], qtbot: QtBot, tmp_path: Path) -> Iterator[RegionsDock]:
    """Open a small tissue and the dock."""
    sample = plant(tmp_path / "s", n_cells=40, n_spots=40, n_genes=20, seed=0)
    post = MainThread()
    bench = Bench(post.post)
    explaining = Explaining(bench, post.post)
    made = RegionsDock(ViewerModel(), bench, explaining)
    qtbot.addWidget(made)
    made.show()
    read: list[object] = []
    explaining.regions_changed.connect(read.append)
    bench.open_tissue(sample.tissue)
    qtbot.waitUntil(lambda: bool(read), timeout=PATIENCE_MS)
    yield made
    explaining.close()
    bench.close()
    qtbot.wait(20)


@pytest.fixture
def drawn(dock: RegionsDock, tmp_path: Path) -> RegionsDock:
    """Import one region with a hole."""
    holed = Region(name="duct", polygons=((SQUARE, 0.5 * SQUARE + 100),), colour="#112233")
    (tmp_path / "a.geojson").write_text(geojson_text([holed]))
    dock.files.read(tmp_path / "a.geojson")
    return dock


def test_an_imported_region_is_listed_drawn_and_said(drawn: RegionsDock) -> None:
    assert drawn.list.name == "duct"
    assert drawn.drawing.layer.nshapes == 2  # its outline and its hole
    assert drawn.story.text() == "a.geojson: 1 region added and stored."


def test_undo_and_redo_change_the_layer(drawn: RegionsDock) -> None:
    drawn.files.undo.click()
    assert drawn.drawing.layer.nshapes == 0
    assert not drawn.files.undo.isEnabled()
    drawn.files.redo.click()
    assert drawn.drawing.layer.nshapes == 2


def test_a_change_on_the_canvas_can_be_undone(drawn: RegionsDock) -> None:
    drawn.drawing.rename("duct", "other")
    drawn.files.undo.click()
    assert [region.name for region in drawn._explaining.regions] == ["duct"]
    assert set(drawn.drawing.layer.features["region"]) == {"duct"}


def test_what_is_drawn_is_written(drawn: RegionsDock, tmp_path: Path) -> None:
    drawn.files.write(tmp_path / "b.geojson")
    assert '"duct"' in (tmp_path / "b.geojson").read_text()
    assert drawn.story.text() == "Wrote 1 region to b.geojson."


def test_a_bad_file_is_said_in_the_dock(dock: RegionsDock, tmp_path: Path) -> None:
    (tmp_path / "bad.geojson").write_text("nonsense")
    dock.files.read(tmp_path / "bad.geojson")
    assert "bad.geojson: expected GeoJSON" in dock.story.text()


def test_the_dock_fits_its_width(dock: RegionsDock) -> None:
    area = dock.findChild(QScrollArea)
    assert area.widget().minimumSizeHint().width() <= DOCK_WIDTH - SCROLL_BAR
