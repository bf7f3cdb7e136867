"""The monitor of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import FitCancelled
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.contract.state import State
from napari_tessera.jobs.monitor import JointMonitor, RunDirMonitor

if TYPE_CHECKING:
    from napari_tessera.jobs.run_dir import RunDir


def monitor_of(run_dir: RunDir, seen: list[Progress], every_s: float = 3600.0) -> RunDirMonitor:
    return RunDirMonitor(run_dir, seen.append, checkpoint_every_s=every_s, preview_every_s=every_s)


def test_progress_is_passed_on_at_most_ten_times_a_second(run_dir: RunDir) -> None:
    seen: list[Progress] = []
    monitor = monitor_of(run_dir, seen)
    for step in range(1000):
        monitor.report(Progress(stage="fitting", step=step))
    assert len(seen) <= 3


def test_a_new_stage_is_passed_on_at_once(run_dir: RunDir) -> None:
    seen: list[Progress] = []
    monitor = monitor_of(run_dir, seen)
    for stage in ("a", "b", "c"):
        monitor.report(Progress(stage=stage))
    assert [p.stage for p in seen] == ["a", "b", "c"]


def test_a_message_is_passed_on_at_once(run_dir: RunDir) -> None:
    seen: list[Progress] = []
    monitor = monitor_of(run_dir, seen)
    monitor.report(Progress(stage="a"))
    monitor.report(Progress(stage="a", message="score"))
    assert seen[-1].message == "score"


def test_the_first_preview_is_asked_for_and_announced_by_the_next_report(run_dir: RunDir) -> None:
    seen: list[Progress] = []
    monitor = monitor_of(run_dir, seen)
    monitor.report(Progress(stage="a"))
    monitor.preview(lambda: np.ones((3, 2)))
    monitor.report(Progress(stage="a"))
    assert seen[-1].preview is not None
    assert np.load(run_dir.path / seen[-1].preview).shape == (3, 2)


def test_a_preview_too_soon_is_not_asked_for(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    monitor.preview(lambda: np.ones((3, 2)))
    monitor.preview(lambda: pytest.fail("asked too soon"))


def test_a_checkpoint_is_saved_when_it_is_time(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [], every_s=0.0)
    monitor.checkpoint(lambda: State(values={"step": 3}))
    assert run_dir.load_checkpoint() == State(values={"step": 3})


def test_the_first_checkpoint_is_saved_at_once(run_dir: RunDir) -> None:
    monitor_of(run_dir, []).checkpoint(lambda: State(values={"step": 1}))
    assert run_dir.load_checkpoint() == State(values={"step": 1})


def test_a_checkpoint_too_soon_is_not_asked_for(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    monitor.checkpoint(lambda: State(values={"step": 1}))
    monitor.checkpoint(lambda: pytest.fail("asked too soon"))


def test_finish_is_the_verdict_from_then_on(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    assert monitor.report(Progress(stage="a")) is Verdict.CONTINUE
    monitor.ask_finish()
    assert monitor.report(Progress(stage="a")) is Verdict.FINISH


def test_cancel_saves_the_state_that_was_offered_before_it_came(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    monitor.checkpoint(lambda: State(values={"step": 4}))
    monitor.checkpoint(lambda: State(values={"step": 5}))
    monitor.ask_cancel()
    with pytest.raises(FitCancelled):
        monitor.report(Progress(stage="a"))
    assert run_dir.load_checkpoint() == State(values={"step": 5})


def test_cancel_saves_the_state_that_is_offered_after_it_came(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    monitor.ask_cancel()
    monitor.checkpoint(lambda: State(values={"step": 6}))
    with pytest.raises(FitCancelled):
        monitor.report(Progress(stage="a"))
    assert run_dir.load_checkpoint() == State(values={"step": 6})


def test_cancel_does_not_save_the_state_of_a_former_step(run_dir: RunDir) -> None:
    monitor = monitor_of(run_dir, [])
    monitor.checkpoint(lambda: State(values={"step": 1}))
    monitor.report(Progress(stage="a"))
    monitor.checkpoint(lambda: pytest.fail("that step is over"))
    monitor.report(Progress(stage="a"))
    monitor.ask_cancel()
    with pytest.raises(FitCancelled):
        monitor.report(Progress(stage="b"))


class _Cancelling(SilentMonitor):
    def report(self, progress: Progress) -> Verdict:
        raise FitCancelled(progress.stage)


class _Finishing(SilentMonitor):
    def report(self, progress: Progress) -> Verdict:  # noqa: ARG002 - the protocol's shape
        return Verdict.FINISH


def test_a_callers_cancel_saves_a_checkpoint_too(run_dir: RunDir) -> None:
    joint = JointMonitor(monitor_of(run_dir, []), _Cancelling())
    joint.checkpoint(lambda: State(values={"step": 8}))
    with pytest.raises(FitCancelled):
        joint.report(Progress(stage="a"))
    assert run_dir.load_checkpoint() == State(values={"step": 8})


def test_a_callers_finish_counts(run_dir: RunDir) -> None:
    joint = JointMonitor(monitor_of(run_dir, []), _Finishing())
    assert joint.report(Progress(stage="a")) is Verdict.FINISH
