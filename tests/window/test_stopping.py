"""A fit that is cancelled, resumed, killed, or waits for another, in the real window."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.window.conftest import PATIENCE_MS, Window, content, ended

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.widgets.legible import clipped_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]


def test_cancel_is_quick_and_resume_goes_on(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    before = content(window.sample.tissue)
    job = window.run_for_steps(qtbot)
    start = time.monotonic()
    window.docks[1].run_bar.cancel.click()
    outcome = ended(job, qtbot)
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
    assert ended(again, qtbot).state is JobState.DONE
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)


def test_a_killed_child_is_told_once_with_what_to_do(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    endings: list[Outcome] = []
    window.bench.job_ended.connect(lambda _job, outcome: endings.append(outcome))
    job = window.run_for_steps(qtbot)
    fits = [c for c in psutil.Process().children() if "fit" in c.cmdline()]
    assert fits
    fits[0].kill()
    assert ended(job, qtbot).state is JobState.FAILED
    qtbot.waitUntil(lambda: len(endings) > 0, timeout=PATIENCE_MS)
    failure = window.docks[1].run_bar.failure
    qtbot.waitUntil(failure.isVisible, timeout=PATIENCE_MS)
    assert failure.message.text()
    assert failure.hint.text()
    assert len(endings) == 1
    assert window.docks[1].run_bar.resume.isEnabled()
    assert not clipped_words(window.docks[1])


def test_a_second_run_waits_in_the_queue(window: Window, qtbot: QtBot) -> None:
    window.open_both(qtbot)
    window.shorten(100_000)
    first = window.run_for_steps(qtbot)
    window.docks[1].form.rows["seed"].set_value(5)
    window.docks[1].run_bar.run.click()
    qtbot.waitUntil(lambda: len(window.bench.jobs) == 2, timeout=PATIENCE_MS)
    second = window.bench.jobs[-1]
    qtbot.wait(200)
    assert second.state is JobState.QUEUED
    first.cancel()
    qtbot.waitUntil(lambda: second.state is JobState.RUNNING, timeout=PATIENCE_MS)
    second.cancel()
    assert ended(second, qtbot).state is JobState.CANCELLED
