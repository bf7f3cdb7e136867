"""Children that obey, and children that die in every way: one outcome each."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.backends import ChildBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.jobs.job import Job
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.jobs.runner import JobSpec, Runner


def ended(job: Job) -> Outcome:
    """Wait for the outcome."""
    assert job.wait(60), "no outcome"
    assert job.outcome is not None
    return job.outcome


def started(job: Job) -> Job:
    """Wait until the child has reported a few steps."""
    until = time.monotonic() + 60
    while job.progress is None or job.progress.step < 3:
        assert time.monotonic() < until, "no progress"
        assert job.outcome is None, job.outcome
        time.sleep(0.01)
    return job


def test_a_child_that_works_is_done(runner: Runner, obedient: Callable[[int], JobSpec]) -> None:
    assert ended(runner.submit(obedient(5))) == Outcome(state=JobState.DONE)


def test_progress_comes_while_the_child_works(
    runner: Runner, obedient: Callable[[int], JobSpec]
) -> None:
    job = runner.submit(obedient(30))
    seen: list[int] = []
    job.changed.connect(lambda j: seen.append(j.progress.step) if j.progress else None)
    ended(job)
    assert len(set(seen)) >= 2


def test_previews_are_announced_as_files_that_can_be_read(
    runner: Runner, obedient: Callable[[int], JobSpec]
) -> None:
    job = runner.submit(obedient(10))
    seen: list[list[int]] = []
    job.previewed.connect(lambda _job, path: seen.append(list(np.load(path).shape)))
    ended(job)
    assert seen[0] == [3, 2]


def test_what_libraries_print_goes_to_the_log(
    runner: Runner, obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    ended(runner.submit(obedient(2)))
    assert "chatter of a library" in run_dir.log_path.read_text()


def test_cancel_ends_within_a_second_with_a_checkpoint(
    runner: Runner, obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    job = started(runner.submit(obedient(3000)))
    began = time.monotonic()
    job.cancel()
    outcome = ended(job)
    assert time.monotonic() - began < 1.0
    assert outcome.state is JobState.CANCELLED
    assert outcome.resumable
    state = run_dir.load_checkpoint()
    assert state is not None
    assert state.values["step"] > 0


def test_finish_ends_with_a_result(
    runner: Runner, obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    job = started(runner.submit(obedient(3000)))
    job.finish()
    assert ended(job).state is JobState.DONE
    assert run_dir.read_note("finished_at") is not None


def test_the_outcome_is_announced_exactly_once(
    runner: Runner, obedient: Callable[[int], JobSpec]
) -> None:
    job = runner.submit(obedient(100))
    seen: list[Outcome] = []
    job.ended.connect(lambda _job, outcome: seen.append(outcome))
    started(job)
    job.cancel()
    job.cancel()
    ended(job)
    time.sleep(0.2)
    assert len(seen) == 1


def test_a_listener_that_fails_does_not_take_the_job_with_it(
    runner: Runner, obedient: Callable[[int], JobSpec]
) -> None:
    job = runner.submit(obedient(10))
    job.changed.connect(lambda _job: 1 / 0)
    assert ended(job).state is JobState.DONE


DEATHS = {
    "segmentation fault": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "aborted": "import os; os.abort()",
    "memory ran out": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "code 7": "import os; os._exit(7)",
    "code 0": "pass",
    "code 1": "raise ValueError('a library broke')",
    "code 3": "raise SystemExit(3)",
}


@pytest.mark.parametrize("words", DEATHS)
def test_a_death_without_a_word_becomes_one_clear_outcome(
    runner: Runner, child_of: Callable[[str], JobSpec], words: str
) -> None:
    outcome = ended(runner.submit(child_of(DEATHS[words])))
    assert outcome.state is JobState.FAILED
    assert words in outcome.message
    assert outcome.hint
    assert outcome.resumable


def test_the_last_lines_of_the_log_stand_in_the_outcome(
    runner: Runner, child_of: Callable[[str], JobSpec]
) -> None:
    outcome = ended(runner.submit(child_of(DEATHS["code 1"])))
    assert "a library broke" in outcome.message


def test_garbage_on_the_pipe_is_logged_and_harmless(
    runner: Runner, child_of: Callable[[str], JobSpec], run_dir: RunDir
) -> None:
    code = (
        "import json, os; os.write(1, b'\\xff\\xfe garbage\\n[1, 2]\\n{\"progress\": 3}\\n');"
        "os.write(1, b'x' * 3000000 + b'\\n');"
        "print(json.dumps({'outcome': {'state': 'done'}}))"
    )
    assert ended(runner.submit(child_of(code))).state is JobState.DONE
    assert "garbage" in run_dir.log_path.read_text(errors="replace")


def test_a_child_that_hangs_after_its_outcome_is_ended_and_believed(
    runner: Runner, child_of: Callable[[str], JobSpec]
) -> None:
    code = (
        "import json, time; print(json.dumps({'outcome': {'state': 'done'}}), flush=True);"
        "time.sleep(600)"
    )
    assert ended(runner.submit(child_of(code))).state is JobState.DONE


def test_a_child_that_hears_nothing_is_killed_within_a_second_of_cancel(
    runner: Runner, child_of: Callable[[str], JobSpec]
) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        'print(\'{"progress": {"stage": "s", "step": 3}}\', flush=True); time.sleep(600)'
    )
    job = started(runner.submit(child_of(code)))
    began = time.monotonic()
    job.cancel()
    assert ended(job).state is JobState.CANCELLED
    assert time.monotonic() - began < 1.2


def test_a_child_that_cannot_be_started_is_a_failure_with_a_remedy(
    runner: Runner, child_of: Callable[[str], JobSpec]
) -> None:
    backend = ChildBackend(command=lambda _path: ["/does/not/exist"])
    outcome = ended(runner.submit(dataclasses.replace(child_of(""), backend=backend)))
    assert outcome.state is JobState.FAILED
    assert "could not be started" in outcome.message


def test_closing_ends_a_running_child_within_two_seconds(
    runner: Runner, obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    job = started(runner.submit(obedient(3000)))
    began = time.monotonic()
    assert runner.close(timeout_s=2.0)
    assert time.monotonic() - began < 2.0
    assert job.state is JobState.CANCELLED
    assert run_dir.resumable


def test_no_process_of_the_child_is_left(
    runner: Runner, child_of: Callable[[str], JobSpec], tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(note)!r}, 'w').write(str(p.pid));"
        'print(\'{"progress": {"stage": "s", "step": 3}}\', flush=True); time.sleep(600)'
    )
    job = started(runner.submit(child_of(code)))
    job.cancel()
    ended(job)
    pid = int(note.read_text())
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    gone = not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert gone


def _alone(spec: JobSpec, stdin: int) -> subprocess.Popen[bytes]:
    """Start the child of a job without a supervisor, and wait for its first line."""
    assert isinstance(spec.backend, ChildBackend)
    child = subprocess.Popen(
        spec.backend.command(spec.run_dir),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    assert b"progress" in child.stdout.readline()
    return child


def test_a_child_whose_parent_is_gone_saves_and_leaves(
    obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    with _alone(obedient(3000), stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 130
    assert run_dir.load_checkpoint() is not None


def test_a_child_whose_reader_is_gone_saves_and_leaves(
    obedient: Callable[[int], JobSpec], run_dir: RunDir
) -> None:
    with _alone(obedient(3000), stdin=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(10) == 130
    assert run_dir.load_checkpoint() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to a process of posix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_that_gets_a_signal_saves_and_leaves(
    obedient: Callable[[int], JobSpec], run_dir: RunDir, number: int
) -> None:
    with _alone(obedient(3000), stdin=subprocess.DEVNULL) as child:
        os.kill(child.pid, number)
        assert child.wait(10) == 130
    assert run_dir.load_checkpoint() is not None


def test_a_child_without_a_pipe_on_its_input_works_to_the_end(
    obedient: Callable[[int], JobSpec],
) -> None:
    with _alone(obedient(10), stdin=subprocess.DEVNULL) as child:
        assert child.wait(20) == 0
