"""Genes, names and domains asked for in the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.window.conftest import PATIENCE_MS, Window

from napari_tessera.contract.method import Task
from napari_tessera.contract.state import JobState
from napari_tessera.data.write import list_runs
from napari_tessera.methods import METHODS
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.widgets.legible import clipped_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]

QUESTIONS = [
    (Task.IMPUTE, "baseline_impute", SpotColour.GENE),
    (Task.ANNOTATE, "annotation_baseline", SpotColour.TYPE),
    (Task.CLUSTER, "smoothed-mixture", SpotColour.DOMAIN),
]


def ask(window: Window, task: Task, method: str) -> None:
    """Choose question and method in the Model dock as a person would."""
    model = window.docks[1]
    for box, text in ((model.question, str(task)), (model.method, METHODS[method].title)):
        box.setCurrentText(text)
        box.textActivated.emit(text)


@pytest.mark.parametrize(("task", "method", "colour"), QUESTIONS)
def test_a_question_is_asked_answered_shown_and_kept(
    window: Window, qtbot: QtBot, task: Task, method: str, colour: SpotColour
) -> None:
    ask(window, task, method)
    window.open_both(qtbot)
    window.docks[1].run_bar.run.click()
    qtbot.waitUntil(lambda: bool(window.bench.jobs), timeout=PATIENCE_MS)
    job = window.bench.jobs[-1]
    qtbot.waitUntil(lambda: job.outcome is not None, timeout=PATIENCE_MS)
    assert job.outcome is not None
    assert job.outcome.state is JobState.DONE, job.outcome.message
    qtbot.waitUntil(lambda: window.role("composition"), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)
    results = window.docks[2]
    assert results.form.spot_colour.currentData() is colour
    assert results.form.gene.isVisible() is (task is Task.IMPUTE)
    assert not [w for dock in window.docks for w in clipped_words(dock)]
    assert list_runs(window.sample.tissue)[0].method == method


def test_domains_need_no_reference(window: Window, qtbot: QtBot) -> None:
    window.bench.open_tissue(window.sample.tissue)
    qtbot.waitUntil(lambda: window.bench.report is not None, timeout=PATIENCE_MS)
    assert not window.bench.can_run
    ask(window, Task.CLUSTER, "smoothed-mixture")
    qtbot.waitUntil(lambda: window.bench.can_run, timeout=PATIENCE_MS)
    assert "spots" in window.docks[1].cost.text()
