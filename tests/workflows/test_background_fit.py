"""A real fit in a real child: cancel, close, resume, and the same result as without a break."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.state import JobState
from napari_tessera.jobs.runner import JobSpec, Runner
from napari_tessera.workflows.unit import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_tessera.jobs.job import Job
    from napari_tessera.jobs.run_dir import RunDir


@pytest.fixture
def runner() -> Iterator[Runner]:
    """Make a runner that is closed when the test ends."""
    made = Runner()
    yield made
    assert made.close(timeout_s=5.0)


def submitted(runner: Runner, run_dir: RunDir) -> Job:
    """Submit a fit to a child."""
    return runner.submit(JobSpec(name=run_dir.run_name, title="STEM", run_dir=run_dir.path))


def training(job: Job, n_steps: int) -> Job:
    """Wait until the network has trained so many steps."""
    until = time.monotonic() + 120
    while job.progress is None or not job.progress.losses or job.progress.step < n_steps:
        assert job.outcome is None, job.outcome
        assert time.monotonic() < until
        time.sleep(0.005)
    return job


@pytest.mark.slow
def test_a_fit_that_is_cancelled_in_a_child_and_resumed_equals_an_unbroken_one(
    prepared: Callable[..., RunDir], runner: Runner
) -> None:
    unbroken = solve(prepared(name="unbroken", steps=60), SilentMonitor())
    run_dir = prepared(name="broken", steps=60)
    job = training(submitted(runner, run_dir), 5)
    began = time.monotonic()
    job.cancel()
    assert job.wait(20)
    assert time.monotonic() - began < 1.5
    assert job.state is JobState.CANCELLED
    assert run_dir.load_checkpoint() is not None
    again = submitted(runner, run_dir)
    assert again.wait(120)
    assert again.state is JobState.DONE, again.outcome
    resumed = run_dir.load_result()
    assert resumed.result.placement is not None
    assert unbroken.result.placement is not None
    np.testing.assert_array_equal(resumed.result.placement.xy, unbroken.result.placement.xy)


@pytest.mark.slow
def test_closing_during_a_fit_takes_less_than_two_seconds_and_leaves_a_run_to_resume(
    prepared: Callable[..., RunDir], runner: Runner
) -> None:
    run_dir = prepared(steps=20000)
    training(submitted(runner, run_dir), 5)
    began = time.monotonic()
    assert runner.close(timeout_s=2.0)
    assert time.monotonic() - began < 2.0
    assert run_dir.resumable
    assert run_dir.load_checkpoint() is not None
