"""The unit that a child runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tests.workflows.conftest import prepare

from napari_tessera.contract.errors import (
    DivergedError,
    FitCancelled,
    InputError,
    MemoryExhaustedError,
)
from napari_tessera.contract.inputs import RunSpec
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.jobs.monitor import RunDirMonitor
from napari_tessera.jobs.supervise import usable_threads
from napari_tessera.methods import METHODS
from napari_tessera.numerics import together
from napari_tessera.workflows.processor import memory_words, thread_share
from napari_tessera.workflows.unit import solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Run
    from napari_tessera.jobs.run_dir import RunDir


class Watcher(SilentMonitor):
    """Remembers progress; stops at the n-th report."""

    def __init__(self, stop_at: int = 10**9) -> None:
        self.seen: list[Progress] = []
        self._stop_at = stop_at

    def report(self, progress: Progress) -> Verdict:
        """Remember, and stop when it is time."""
        self.seen.append(progress)
        if len(self.seen) >= self._stop_at:
            raise FitCancelled
        return Verdict.CONTINUE


def placed(run: Run) -> np.ndarray:
    """Coordinates of the cells."""
    assert run.result.placement is not None
    return run.result.placement.xy


@pytest.mark.parametrize("method", ["stem", "baseline"])
def test_a_run_says_how_it_came_about(prepared: Callable[..., RunDir], method: str) -> None:
    provenance = solve(prepared(method), SilentMonitor()).provenance
    assert provenance.method == method
    assert provenance.scores["held_out_distance"] > 0
    assert provenance.baseline["method"] == "baseline"
    assert provenance.baseline["held_out_distance"] > 0
    assert {"napari-tessera", "torch", "numpy", "python"} <= set(provenance.versions)
    assert provenance.seconds > 0
    assert provenance.created


def test_every_option_stands_in_the_provenance(prepared: Callable[..., RunDir]) -> None:
    provenance = solve(prepared("stem"), SilentMonitor()).provenance
    expected = METHODS["stem"].options_type(steps=12, members=1, batch_cells=64)
    assert provenance.options == expected.to_json()


def test_the_result_lies_in_the_directory(prepared: Callable[..., RunDir]) -> None:
    run_dir = prepared("baseline")
    run = solve(run_dir, SilentMonitor())
    np.testing.assert_array_equal(placed(run_dir.load_result()), placed(run))


def test_the_baseline_comes_first_and_is_shown(prepared: Callable[..., RunDir]) -> None:
    seen: list[Progress] = []
    run_dir = prepared("stem")
    solve(run_dir, RunDirMonitor(run_dir, seen.append))
    first_preview = next(i for i, p in enumerate(seen) if p.preview)
    first_loss = next(i for i, p in enumerate(seen) if p.losses)
    assert first_preview < first_loss


def test_fractions_never_fall(prepared: Callable[..., RunDir]) -> None:
    watcher = Watcher()
    solve(prepared("stem"), watcher)
    fractions = [p.fraction for p in watcher.seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_the_score_is_said_beside_the_baselines(prepared: Callable[..., RunDir]) -> None:
    watcher = Watcher()
    solve(prepared("stem"), watcher)
    assert "baseline's" in watcher.seen[-1].message


def test_a_finished_run_is_not_fitted_again(prepared: Callable[..., RunDir]) -> None:
    run_dir = prepared("baseline")
    solve(run_dir, SilentMonitor())
    watcher = Watcher()
    solve(run_dir, watcher)
    assert watcher.seen == []


def test_a_finished_run_keeps_no_checkpoints(prepared: Callable[..., RunDir]) -> None:
    run_dir = prepared("stem")
    solve(run_dir, RunDirMonitor(run_dir, lambda _p: None, checkpoint_every_s=0))
    assert not list(run_dir.path.glob("checkpoint_*"))


@pytest.fixture(scope="module")
def unbroken(pair: PairedData, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return solve(prepare(pair, tmp_path_factory.mktemp("unbroken")), SilentMonitor())


@pytest.mark.parametrize("stop_at", [1, 4, 9, 14])
def test_a_resumed_run_equals_an_unbroken_one(
    prepared: Callable[..., RunDir], unbroken: Run, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = prepared("stem", "broken")
    seen: list[Progress] = []

    def emit(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) >= stop_at:
            monitor.ask_cancel()

    monitor = RunDirMonitor(run_dir, emit)
    monkeypatch.setattr(monitor, "_pass_on", emit)  # every step counts here
    monkeypatch.setattr(together, "TURN_S", 0.0)  # and is told of
    with pytest.raises(FitCancelled):
        solve(run_dir, monitor)
    resumed = solve(run_dir, SilentMonitor())
    np.testing.assert_array_equal(placed(resumed), placed(unbroken))
    assert resumed.provenance.scores == unbroken.provenance.scores
    assert resumed.provenance.history == unbroken.provenance.history


def test_a_resumed_run_does_not_compute_the_baseline_again(
    prepared: Callable[..., RunDir],
) -> None:
    run_dir = prepared("stem")
    run_dir.write_note("baseline", {"method": "baseline", "held_out_distance": 123.5})
    assert solve(run_dir, SilentMonitor()).provenance.baseline["held_out_distance"] == 123.5


class _Failing:
    """A baseline that cannot be computed."""

    name = "baseline"
    title = "Failing"
    options_type = METHODS["baseline"].options_type

    def fit(self, *_: object) -> None:
        msg = "no number."
        raise DivergedError(msg)


def test_a_baseline_that_fails_is_a_warning(
    prepared: Callable[..., RunDir], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "baseline", _Failing())
    run = solve(prepared("stem"), SilentMonitor())
    assert any("no number" in warning for warning in run.provenance.warnings)
    assert "held_out_distance" not in run.provenance.baseline


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("could not create a primitive"),
    ],
)
def test_every_way_of_running_out_of_memory_is_one_error_with_a_remedy(error: Exception) -> None:
    with pytest.raises(MemoryExhaustedError, match="memory") as caught, memory_words("cuda"):
        raise error
    assert caught.value.hint


def test_another_runtime_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_words("cpu"):
        raise RuntimeError("shapes do not match")  # noqa: EM101 - one statement may raise


def test_an_unknown_method_in_a_recipe_is_bad_input(prepared: Callable[..., RunDir]) -> None:
    run_dir = prepared("stem")
    run_dir.write_spec(RunSpec(method="oracle"))
    with pytest.raises(InputError, match="oracle"):
        solve(run_dir, SilentMonitor())


@pytest.mark.parametrize(("said", "wanted"), [("2", 2), ("2,4", 2), ("", usable_threads())])
def test_a_fit_has_the_threads_that_were_asked_for_whatever_another_library_set(
    said: str, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    before = torch.get_num_threads()
    torch.set_num_threads(wanted + 1)
    with thread_share():
        assert torch.get_num_threads() == wanted
    assert torch.get_num_threads() == wanted + 1
    torch.set_num_threads(before)


def test_torch_gets_its_threads_back(
    prepared: Callable[..., RunDir], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    solve(prepared("baseline"), SilentMonitor())
    assert torch.get_num_threads() == before
