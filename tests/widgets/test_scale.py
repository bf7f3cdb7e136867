"""The scale bar over the canvas, and the line of the dock that sets it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QWidget

from napari_tessera.contract.views import Scale
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_view
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.scale_bar import ScaleBar, camera_of
from napari_tessera.widgets.scale_row import ScaleDialog, ScaleRow, words_of_scale
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.scaling import Scaling

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.views import TissueView


@pytest.fixture(scope="module")
def view() -> TissueView:
    made = planted_view(planted_tissue(n_cells=30, n_spots=40, n_genes=20))
    return dataclasses.replace(made, unit="pixel", coordinate_system="global")


@pytest.fixture
def canvas(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(500, 400)
    widget.show()
    return widget


def test_the_bar_follows_the_zoom(canvas: QWidget) -> None:
    viewer = ViewerModel()
    camera_of(viewer).zoom = 1.0
    bar = ScaleBar(canvas, viewer)
    bar.set_scale(1.0)
    assert (bar.label, bar.length) == ("100 µm", 100)
    camera_of(viewer).zoom = 0.1
    assert (bar.label, bar.length) == ("1 mm", 100)


def test_it_stands_in_the_corner_and_stays_there(canvas: QWidget, qtbot: QtBot) -> None:
    bar = ScaleBar(canvas, ViewerModel())
    bar.set_scale(1.0)
    canvas.resize(700, 300)
    qtbot.wait(20)
    assert (bar.geometry().right(), bar.geometry().bottom()) == (687, 287)


def test_without_a_scale_there_is_no_bar(canvas: QWidget) -> None:
    bar = ScaleBar(canvas, ViewerModel())
    bar.set_scale(2.0)
    assert bar.isVisible()
    bar.set_scale(None)
    assert not bar.isVisible()


def test_words_say_where_the_scale_comes_from(view: TissueView) -> None:
    assert "unknown" in words_of_scale(view)
    known = dataclasses.replace(view, scale=Scale(micrometres=0.73, source="Visium"))
    assert words_of_scale(known) == "1 pixel = 0.73 µm (Visium)"


def test_the_two_numbers_of_the_dialog_follow_each_other(canvas: QWidget, view: TissueView) -> None:
    dialog = ScaleDialog(view, canvas)
    first = dialog.pitch.value()
    dialog.micrometres.setValue(2.0)
    assert dialog.pitch.value() == pytest.approx(2 * first, rel=1e-4)
    dialog.pitch.setValue(first * 3)
    assert dialog.micrometres.value() == pytest.approx(3.0, rel=1e-4)


def test_what_is_said_in_the_dialog_reaches_the_view_and_the_line(
    canvas: QWidget, view: TissueView, tmp_path: Path, qtbot: QtBot
) -> None:
    main_thread = MainThread()
    bench = Bench(main_thread.post)
    bench.tissue = cast(
        "Any",
        SimpleNamespace(path=tmp_path / "t.zarr", title="t", sdata=SimpleNamespace(attrs={})),
    )
    bench.view = dataclasses.replace(view, spots=None)
    scaling = Scaling(bench, main_thread.post)
    row = ScaleRow(scaling)
    row.setParent(canvas)
    row.button.click()
    assert row.dialog is not None
    row.dialog.micrometres.setValue(0.25)
    row.dialog.accept()
    qtbot.waitUntil(lambda: row.text.text() == "1 pixel = 0.25 µm (said by you)", timeout=5000)
    assert bench.view.scale is not None
    scaling.close()
