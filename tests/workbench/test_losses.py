"""Loss curves of a job: what is drawn while it trains."""

from __future__ import annotations

from napari_tessera.contract.progress import Progress
from napari_tessera.workbench.losses import KEPT, LossTrace


def _told(step: int, stage: str = "fitting", **losses: float) -> Progress:
    return Progress(stage=stage, step=step, losses=losses)


def test_every_term_has_a_value_per_step() -> None:
    trace = LossTrace()
    trace.take(_told(1, a=3.0, total=4.0))
    trace.take(_told(2, a=2.0, total=3.0))
    assert (trace.steps, trace.terms) == ([1, 2], {"a": [3.0, 2.0], "total": [4.0, 3.0]})


def test_progress_without_losses_changes_nothing() -> None:
    trace = LossTrace()
    trace.take(_told(1, a=3.0))
    assert not trace.take(_told(2))
    assert trace.steps == [1]


def test_a_new_stage_begins_new_curves() -> None:
    trace = LossTrace()
    trace.take(_told(9, stage="choosing steps", a=3.0))
    trace.take(_told(1, a=5.0))
    assert (trace.stage, trace.steps, trace.terms) == ("fitting", [1], {"a": [5.0]})


def test_a_step_told_twice_is_drawn_once() -> None:
    trace = LossTrace()
    assert trace.take(_told(4, a=1.0))
    assert not trace.take(_told(4, a=1.0))


def test_a_long_run_keeps_its_first_and_last_point_and_not_too_many() -> None:
    trace = LossTrace()
    for step in range(1, 3 * KEPT):
        trace.take(_told(step, a=float(step)))
    assert len(trace.steps) <= KEPT
    assert (trace.steps[0], trace.steps[-1]) == (1, 3 * KEPT - 1)
    assert trace.terms["a"] == [float(step) for step in trace.steps]
