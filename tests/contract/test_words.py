"""Errors, reports, progress and states say what they promise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract import errors
from napari_tessera.contract.errors import FitCancelled, InputError, RefusedError, TesseraError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.contract.report import Problem, Report, Severity
from napari_tessera.contract.state import (
    JobState,
    State,
    join_states,
    pack_sparse,
    unpack_sparse,
)


def problem(severity: Severity) -> Problem:
    return Problem(
        code="counts-nan", severity=severity, element="table", column="X",
        expected="counts", found="3 values that are not numbers", hint="Choose another layer.",
    )  # fmt: skip


REPORT = Report(
    problems=tuple(problem(s) for s in Severity), n_cells=3, n_spots=2, chosen={"table": "table"}
)


def test_every_error_stands_in_the_tree_at_the_top() -> None:
    named = [n for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, Exception)]
    assert errors.__doc__ is not None
    assert [n for n in named if n not in errors.__doc__] == []


def test_a_cancel_is_no_error() -> None:
    assert not issubclass(FitCancelled, TesseraError)


def test_bad_input_ends_with_two() -> None:
    assert (TesseraError.exit_code, InputError.exit_code) == (1, 2)


def test_an_error_reads_as_what_and_what_to_do() -> None:
    assert str(TesseraError("Expected a, found b.", "Do c.")) == "Expected a, found b. Do c."


def test_a_refusal_lists_only_what_refuses() -> None:
    assert str(RefusedError(REPORT)).count("expected") == 1


def test_a_problem_names_element_column_expected_found_and_hint() -> None:
    assert str(problem(Severity.REFUSE)) == (
        "table, X: expected counts; found 3 values that are not numbers. Choose another layer."
    )


def test_a_report_survives_json() -> None:
    assert Report.from_json(json.loads(json.dumps(REPORT.to_json()))) == REPORT


def test_a_report_sorts_its_problems() -> None:
    assert [len(p) for p in (REPORT.refusals, REPORT.repairs, REPORT.remarks)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("severity", "ok"),
    [(Severity.REFUSE, False), (Severity.REPAIR, True), (Severity.REMARK, True)],
)
def test_only_a_refusal_forbids_training(severity: Severity, ok: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert Report(problems=(problem(severity),)).ok is ok


def test_progress_survives_json() -> None:
    progress = Progress(stage="fitting", step=3, n_steps=9, losses={"total": 1.5}, fraction=0.4)
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress


def test_time_left_follows_from_the_fraction_done() -> None:
    assert Progress(stage="fitting", elapsed_s=10.0, fraction=0.25).left_s == pytest.approx(30.0)


@pytest.mark.parametrize(("elapsed_s", "fraction"), [(10.0, 0.0), (0.0, 0.5)])
def test_time_left_is_unknown_at_the_start(elapsed_s: float, fraction: float) -> None:
    assert Progress(stage="fitting", elapsed_s=elapsed_s, fraction=fraction).left_s is None


def test_a_silent_monitor_lets_everything_pass() -> None:
    assert SilentMonitor().report(Progress(stage="fitting")) is Verdict.CONTINUE


def test_states_come_apart_as_they_were_joined() -> None:
    joined = join_states({"a": State(arrays={"x": np.ones(2)}), "ab": State(values={"y": 1})})
    assert list(joined.part("a").arrays) == ["x"]
    assert joined.part("a").values == {}
    assert joined.part("ab").values == {"y": 1}


def test_a_sparse_matrix_survives_packing() -> None:
    matrix = sparse.csr_matrix(np.array([[0, 2, 0], [0, 0, 0]], dtype=np.float32))
    after = unpack_sparse("m", pack_sparse("m", matrix))
    assert (after.shape, after.toarray().tolist()) == (matrix.shape, matrix.toarray().tolist())


def test_a_job_ends_in_one_of_three_ways() -> None:
    assert {s for s in JobState if s.ended} == {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
