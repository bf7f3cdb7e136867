"""Which button may do what, from idle to shown or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from psygnal import Signal
from tests.workbench.conftest import begin, end

from napari_tessera.contract.state import JobState
from napari_tessera.jobs.job import Job
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run
from napari_tessera.workbench.panel import Panel, PanelState

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.workbench.bench import Bench


class FakeBench:
    """Says what a bench says."""

    checking = Signal()
    checked = Signal(object)
    tissue_opened = Signal(object)
    job_changed = Signal(object)
    job_ended = Signal(object, object)
    run_loaded = Signal(object)

    def __init__(self) -> None:
        self.can_run = False
        self.jobs: tuple[Job, ...] = ()
        self.resumed: list[Job] = []

    def follow(self, job: Job) -> Job:
        """Pass on what a job says."""
        job.changed.connect(lambda told: self.job_changed.emit(told))
        job.ended.connect(lambda told, how: self.job_ended.emit(told, how))
        self.jobs = (*self.jobs, job)
        self.job_changed.emit(job)
        return job

    def resume(self, job: Job, *, in_process: bool = False) -> Job:
        assert not in_process
        self.resumed.append(job)
        return job


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


@pytest.fixture
def panel(bench: FakeBench) -> Panel:
    return Panel(cast("Bench", bench))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job("stem_1", "STEM", tmp_path)


def test_nothing_can_be_done_before_anything_is_open(panel: Panel) -> None:
    assert panel.state is PanelState.IDLE
    may = (panel.can_run, panel.can_finish, panel.can_cancel, panel.can_resume)
    assert not any(may)


def test_a_selection_that_passes_can_be_run(panel: Panel, bench: FakeBench) -> None:
    told: list[Panel] = []
    panel.changed.connect(told.append)
    bench.can_run = True
    bench.checked.emit(None)
    assert (panel.state, told) == (PanelState.READY, [panel])


def test_a_job_that_waits_can_be_cancelled_but_not_finished(
    panel: Panel, bench: FakeBench, job: Job
) -> None:
    bench.follow(job)
    assert (panel.state, panel.can_cancel, panel.can_finish) == (PanelState.RUNNING, True, False)


def test_a_job_that_runs_can_be_finished_and_cancelled(
    panel: Panel, bench: FakeBench, job: Job
) -> None:
    begin(bench.follow(job))
    assert (panel.can_cancel, panel.can_finish) == (True, True)


def test_a_done_job_is_shown_when_its_run_is(panel: Panel, bench: FakeBench, job: Job) -> None:
    begin(bench.follow(job))
    end(job, JobState.DONE)
    before = panel.state
    bench.run_loaded.emit(planted_run(planted_tissue(n_cells=20, n_spots=9), name=job.name))
    assert (before, panel.state) == (PanelState.IDLE, PanelState.SHOWN)


def test_a_failed_job_can_be_resumed_if_it_left_a_checkpoint(
    panel: Panel, bench: FakeBench, job: Job
) -> None:
    begin(bench.follow(job))
    end(job, JobState.FAILED, resumable=True)
    assert (panel.state, panel.can_resume) == (PanelState.FAILED, True)
    panel.resume()
    assert bench.resumed == [job]


def test_a_failure_is_put_away_once_read(panel: Panel, bench: FakeBench, job: Job) -> None:
    begin(bench.follow(job))
    end(job, JobState.FAILED)
    panel.dismiss()
    assert (panel.state, panel.job) == (PanelState.IDLE, None)


def test_a_cancelled_job_is_no_failure(panel: Panel, bench: FakeBench, job: Job) -> None:
    bench.can_run = True
    begin(bench.follow(job))
    end(job, JobState.CANCELLED, resumable=True)
    assert (panel.state, panel.can_resume) == (PanelState.READY, True)


def test_a_job_that_waits_does_not_push_the_running_one_aside(
    panel: Panel, bench: FakeBench, job: Job, tmp_path: Path
) -> None:
    begin(bench.follow(job))
    bench.follow(Job("stem_2", "STEM", tmp_path))
    assert panel.job is job


def test_the_next_job_is_followed_when_it_begins(
    panel: Panel, bench: FakeBench, job: Job, tmp_path: Path
) -> None:
    begin(bench.follow(job))
    waiting = bench.follow(Job("stem_2", "STEM", tmp_path))
    end(job, JobState.DONE)
    begin(waiting)
    assert (panel.job, panel.outcome) == (waiting, None)


def test_a_panel_made_late_follows_the_job_that_runs(bench: FakeBench, job: Job) -> None:
    begin(bench.follow(job))
    assert Panel(cast("Bench", bench)).job is job
