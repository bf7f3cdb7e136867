"""Jobs in a thread of this process, and the queue."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import Progress, Verdict
from napari_tessera.contract.state import JobState, Outcome, State
from napari_tessera.jobs.backends import ThreadBackend
from napari_tessera.jobs.runner import JobSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.progress import Monitor
    from napari_tessera.jobs.job import Job
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.jobs.runner import Runner


def ended(job: Job) -> Outcome:
    """Wait for the outcome."""
    assert job.wait(20), "no outcome"
    assert job.outcome is not None
    return job.outcome


def in_thread(run_dir: RunDir, work: Callable[[RunDir, Monitor], object]) -> JobSpec:
    """Make a job of this process."""
    backend = ThreadBackend(work=work)
    return JobSpec(name="stem_00000000", title="STEM", run_dir=run_dir.path, backend=backend)


def steps(_run_dir: RunDir, monitor: Monitor) -> None:
    """Work for a minute in steps of 5 ms."""
    for step in range(12000):
        time.sleep(0.005)
        monitor.checkpoint(lambda: State(values={"step": step}))  # noqa: B023 - called at once
        if monitor.report(Progress(stage="fitting", step=step)) is Verdict.FINISH:
            return


def test_work_in_a_thread_is_done(runner: Runner, run_dir: RunDir) -> None:
    assert ended(runner.submit(in_thread(run_dir, lambda _d, _m: None))).state is JobState.DONE


def test_cancel_in_a_thread_keeps_a_checkpoint(runner: Runner, run_dir: RunDir) -> None:
    job = runner.submit(in_thread(run_dir, steps))
    time.sleep(0.1)
    job.cancel()
    outcome = ended(job)
    assert outcome.state is JobState.CANCELLED
    assert outcome.resumable
    assert run_dir.load_checkpoint() is not None


def test_finish_in_a_thread_is_done(runner: Runner, run_dir: RunDir) -> None:
    job = runner.submit(in_thread(run_dir, steps))
    time.sleep(0.05)
    job.finish()
    assert ended(job).state is JobState.DONE


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("CUDA error"), "CUDA error"),
        (MemoryError(), "no memory left"),
        (SystemExit(4), "exit code 4"),
        (InputError("expected a, found b.", "Do c."), "expected a, found b."),
    ],
)
def test_whatever_a_thread_raises_becomes_the_outcome(
    runner: Runner, run_dir: RunDir, error: BaseException, words: str
) -> None:
    def work(_run_dir: RunDir, _monitor: Monitor) -> None:
        raise error

    outcome = ended(runner.submit(in_thread(run_dir, work)))
    assert outcome.state is JobState.FAILED
    assert words in outcome.message
    assert outcome.hint


def test_jobs_wait_for_one_another(runner: Runner, run_dir: RunDir) -> None:
    together: list[int] = []
    now: set[int] = set()

    def work(_run_dir: RunDir, _monitor: Monitor) -> None:
        now.add(threading.get_ident())
        together.append(len(now))
        time.sleep(0.02)
        now.discard(threading.get_ident())

    jobs = [runner.submit(in_thread(run_dir, work)) for _ in range(5)]
    for job in jobs:
        ended(job)
    assert together == [1] * 5


def test_a_waiting_job_is_cancelled_at_once(runner: Runner, run_dir: RunDir) -> None:
    first = runner.submit(in_thread(run_dir, steps))
    second = runner.submit(in_thread(run_dir, lambda _d, _m: pytest.fail("it was cancelled")))
    states = [str(second.state)]
    second.cancel()
    states.append(str(second.state))
    assert states == ["queued", "cancelled"]
    assert str(first.state) != "cancelled"
    first.cancel()
    ended(first)


def test_closing_ends_waiting_and_running_jobs(runner: Runner, run_dir: RunDir) -> None:
    jobs = [runner.submit(in_thread(run_dir, steps)) for _ in range(3)]
    time.sleep(0.05)
    began = time.monotonic()
    assert runner.close(timeout_s=2.0)
    assert time.monotonic() - began < 2.0
    assert [ended(job).state for job in jobs] == [JobState.CANCELLED] * 3


def test_a_closed_runner_takes_no_more_jobs(runner: Runner, run_dir: RunDir) -> None:
    runner.close()
    with pytest.raises(RuntimeError, match="closed"):
        runner.submit(in_thread(run_dir, steps))


def test_a_job_after_one_that_failed_runs(runner: Runner, run_dir: RunDir) -> None:
    def work(_run_dir: RunDir, _monitor: Monitor) -> None:
        raise ValueError

    ended(runner.submit(in_thread(run_dir, work)))
    assert ended(runner.submit(in_thread(run_dir, lambda _d, _m: None))).state is JobState.DONE
