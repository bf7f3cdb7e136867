"""The window as a person uses it: open, run, watch, cancel, resume, show, delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.window.conftest import PATIENCE_MS, Window, content

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.data.write import list_runs, read_run
from napari_tessera.widgets.legible import clipped_words

if TYPE_CHECKING:
    import numpy as np
    from pytestqt.qtbot import QtBot

    from napari_tessera.jobs.job import Job

pytestmark = pytest.mark.window
quickly = pytest.mark.usefixtures("quick_errands")
SMALL = (1280, 800)


def run_and_wait_for_steps(window: Window, qtbot: QtBot) -> Job:
    """Press Run, and wait until the network trains."""
    model = window.docks[1]
    before = len(window.bench.jobs)
    model.run_bar.run.click()
    qtbot.waitUntil(lambda: len(window.bench.jobs) > before, timeout=PATIENCE_MS)
    job = window.bench.jobs[-1]
    qtbot.waitUntil(lambda: job.progress is not None and job.progress.step > 3, timeout=PATIENCE_MS)
    return job


def wait_for_end(job: Job, qtbot: QtBot) -> Outcome:
    """Wait until a job is over; its outcome."""
    qtbot.waitUntil(lambda: job.outcome is not None, timeout=PATIENCE_MS)
    assert job.outcome is not None
    return job.outcome


def test_a_person_opens_runs_watches_sees_and_deletes(window: Window, qtbot: QtBot) -> None:
    previews: list[np.ndarray] = []
    window.bench.previewed.connect(lambda _job, xy: previews.append(xy))
    window.open_both(qtbot)
    said = window.docks[0].findChildren(type(window.docks[1].about))
    assert any("160 spots" in label.text() and "200 cells" in label.text() for label in said)
    window.shorten(60)
    job = run_and_wait_for_steps(window, qtbot)
    assert not [w for dock in window.docks for w in clipped_words(dock)]
    assert wait_for_end(job, qtbot).state is JobState.DONE
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


@quickly
def test_cancel_is_quick_and_resume_goes_on(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    before = content(window.sample.tissue)
    job = run_and_wait_for_steps(window, qtbot)
    start = time.monotonic()
    window.docks[1].run_bar.cancel.click()
    outcome = wait_for_end(job, qtbot)
    assert time.monotonic() - start < 3.0
    assert outcome.state is JobState.CANCELLED
    assert outcome.resumable
    assert content(window.sample.tissue) == before
    assert job.progress is not None
    reached = job.progress.step
    qtbot.waitUntil(window.docks[1].run_bar.resume.isEnabled, timeout=PATIENCE_MS)
    window.docks[1].run_bar.resume.click()
    again = window.bench.jobs[-1]
    qtbot.waitUntil(lambda: again.progress is not None, timeout=PATIENCE_MS)
    assert again.progress is not None
    qtbot.waitUntil(
        lambda: again.progress is not None and again.progress.step > reached, timeout=PATIENCE_MS
    )
    window.docks[1].run_bar.finish.click()
    assert wait_for_end(again, qtbot).state is JobState.DONE
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)


@quickly
def test_a_killed_child_is_told_once_with_what_to_do(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    endings: list[Outcome] = []
    window.bench.job_ended.connect(lambda _job, outcome: endings.append(outcome))
    job = run_and_wait_for_steps(window, qtbot)
    fits = [c for c in psutil.Process().children() if "fit" in c.cmdline()]
    assert fits
    fits[0].kill()
    assert wait_for_end(job, qtbot).state is JobState.FAILED
    qtbot.waitUntil(lambda: len(endings) > 0, timeout=PATIENCE_MS)
    failure = window.docks[1].run_bar.failure
    qtbot.waitUntil(failure.isVisible, timeout=PATIENCE_MS)
    assert failure.message.text()
    assert failure.hint.text()
    assert len(endings) == 1
    assert window.docks[1].run_bar.resume.isEnabled()
    assert not clipped_words(window.docks[1])


@quickly
def test_a_second_run_waits_in_the_queue(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    first = run_and_wait_for_steps(window, qtbot)
    window.docks[1].form.rows["seed"].set_value(5)
    window.docks[1].run_bar.run.click()
    qtbot.waitUntil(lambda: len(window.bench.jobs) == 2, timeout=PATIENCE_MS)
    second = window.bench.jobs[-1]
    qtbot.wait(200)
    assert second.state is JobState.QUEUED
    first.cancel()
    qtbot.waitUntil(lambda: second.state is JobState.RUNNING, timeout=PATIENCE_MS)
    second.cancel()
    assert wait_for_end(second, qtbot).state is JobState.CANCELLED


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
