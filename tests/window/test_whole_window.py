"""The window as a person uses it: open, run, watch, show, delete; and what it refuses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.window.conftest import PATIENCE_MS, Window, ended

from napari_tessera.contract.state import JobState
from napari_tessera.data.write import list_runs, read_run
from napari_tessera.widgets.legible import clipped_words

if TYPE_CHECKING:
    import numpy as np
    from pytestqt.qtbot import QtBot


pytestmark = pytest.mark.window
SMALL = (1280, 800)


def test_a_person_opens_runs_watches_sees_and_deletes(window: Window, qtbot: QtBot) -> None:
    previews: list[np.ndarray] = []
    window.bench.previewed.connect(lambda _job, xy: previews.append(xy))
    window.open_both(qtbot)
    said = window.docks[0].findChildren(type(window.docks[1].about))
    assert any("160 spots" in label.text() and "200 cells" in label.text() for label in said)
    window.shorten(60)
    job = window.run_for_steps(qtbot)
    assert not [w for dock in window.docks for w in clipped_words(dock)]
    assert ended(job, qtbot).state is JobState.DONE
    qtbot.waitUntil(lambda: window.bench.shown is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.role("cells"), timeout=PATIENCE_MS)
    assert previews[0].shape == (200, 2)
    assert window.session.canvas.legend is not None
    assert window.session.canvas.legend.isVisible()
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)
    (summary,) = list_runs(window.sample.tissue)
    assert read_run(window.sample.tissue, summary.name).result.placement is not None
    window.viewer.window._qt_window.resize(*SMALL)
    qtbot.wait(100)
    assert not [w for dock in window.docks for w in clipped_words(dock)]
    window.bench.delete_run(summary.name)
    qtbot.waitUntil(lambda: not window.bench.runs, timeout=PATIENCE_MS)
    assert list_runs(window.sample.tissue) == ()


def test_a_table_that_is_no_tissue_is_refused_in_words(
    window: Window, qtbot: QtBot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wrong = tmp_path_factory.mktemp("wrong") / "text.h5ad"
    wrong.write_text("no table at all")
    told: list[tuple[str, str]] = []
    window.bench.failed.connect(lambda message, hint: told.append((message, hint)))
    window.bench.open_tissue(wrong)
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
    message, hint = told[0]
    assert "text.h5ad" in message
    assert hint
    assert len(told) == 1
    assert not clipped_words(window.docks[0])


def test_a_dock_opens_within_half_a_second(window: Window) -> None:
    from napari_tessera.widgets.contributions import model_dock, results_dock, tissue_dock

    for make in (tissue_dock, model_dock, results_dock):
        start = time.perf_counter()
        make(window.viewer).deleteLater()
        assert time.perf_counter() - start < 0.5
