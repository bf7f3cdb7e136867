"""The real napari window: legend and Results dock beside the layers, nothing clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_tessera.jobs.job import Job
from napari_tessera.viewer.layer_data import MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.layers import Layer
    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.bench import Bench

pytestmark = pytest.mark.window


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Viewer]) -> Viewer:
    return make_napari_viewer(show=True)


def _roles(viewer: Viewer) -> list[str]:
    return [layer.metadata[MARK]["role"] for layer in viewer.layers]


def _layer(viewer: Viewer, role: str) -> Layer:
    (found,) = [la for la in viewer.layers if la.metadata[MARK]["role"] == role]
    return found


def _job(path: Path) -> Job:
    return Job(name="stem_0", title="STEM", run_dir=path)


def test_the_legend_lists_the_types_on_the_canvas(
    canvas: Canvas, bench: Bench, run: Run, qtbot: QtBot
) -> None:
    bench.run_loaded.emit(run)
    qtbot.wait(20)
    assert canvas.legend is not None
    assert canvas.legend.isVisible()
    assert {row.name for row in canvas.legend.rows} == set(canvas.runs[run.name].types)


def test_the_legend_is_in_a_screenshot_of_the_window(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run, qtbot: QtBot
) -> None:
    bench.run_loaded.emit(run)
    qtbot.wait(50)
    with_legend = viewer.window.screenshot(canvas_only=False, flash=False)
    canvas.set_legend_wanted(wanted=False)
    qtbot.wait(50)
    without = viewer.window.screenshot(canvas_only=False, flash=False)
    assert (with_legend != without).any(axis=-1).sum() > 2000


def test_the_legend_goes_when_a_person_hides_the_layer(
    canvas: Canvas, viewer: Viewer, bench: Bench, run: Run
) -> None:
    bench.run_loaded.emit(run)
    _layer(viewer, "cells").visible = False
    assert canvas.legend is not None
    assert not canvas.legend.isVisible()
