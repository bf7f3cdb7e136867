"""The bench on real files: open, check, run, keep; answers come on the window's thread."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.workbench.conftest import begin, end

from napari_tessera.contract.method import Task
from napari_tessera.contract.results import Run
from napari_tessera.contract.sections import SectionData
from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.methods.baselines.options import BaselineOptions
from napari_tessera.methods.transst.options import TransstOptions
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run
from napari_tessera.workbench.checking import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workbench.conftest import Desk, FakeRunner, Sample

    from napari_tessera.workbench.bench import Bench


@pytest.fixture
def opened(
    bench: Bench,
    desk: Desk,
    sample: Sample,
    quick_errands: None,  # noqa: ARG001 - it only has to be there
) -> Bench:
    """Open the tissue of the sample."""
    bench.open_tissue(sample.tissue)
    desk.until(lambda: bench.view is not None and bench.report is not None)
    return bench


@pytest.fixture
def ready(opened: Bench, desk: Desk, sample: Sample) -> Bench:
    """Open the reference too, and wait until the gate has agreed."""
    opened.open_reference(sample.reference)
    desk.until(lambda: opened.can_run)
    return opened


def test_opening_returns_at_once_and_says_that_it_is_busy(bench: Bench, sample: Sample) -> None:
    said: list[str] = []
    bench.busy_changed.connect(said.append)
    bench.open_tissue(sample.tissue)
    assert bench.view is None
    assert said == ["Opening tissue.zarr"]


def test_what_is_opened_arrives_on_the_thread_that_takes_the_posts(
    bench: Bench, desk: Desk, sample: Sample
) -> None:
    threads: list[threading.Thread] = []
    bench.tissue_opened.connect(lambda _view: threads.append(threading.current_thread()))
    bench.open_tissue(sample.tissue)
    desk.until(lambda: threads)
    assert threads == [threading.current_thread()]


def test_an_open_tissue_has_every_default_filled_in(opened: Bench) -> None:
    assert (opened.selection.table, opened.selection.image) == ("table", "he")


def test_a_tissue_alone_is_judged_but_cannot_be_run(opened: Bench) -> None:
    assert opened.report is not None
    assert (opened.report.n_spots, opened.can_run) == (80, False)


def test_a_tissue_that_is_not_there_is_said_once_with_a_remedy(
    bench: Bench, desk: Desk, tmp_path: Path
) -> None:
    said: list[tuple[str, str]] = []
    bench.failed.connect(lambda message, hint: said.append((message, hint)))
    bench.open_tissue(tmp_path / "nothing.zarr")
    desk.until(lambda: said)
    desk.drain()
    assert len(said) == 1
    assert "nothing.zarr" in said[0][0]
    assert said[0][1]


def test_the_newest_tissue_wins(bench: Bench, desk: Desk, sample: Sample, tmp_path: Path) -> None:
    seen: list[str] = []
    bench.tissue_opened.connect(lambda view: seen.append(view.title))
    other = tmp_path / "other.zarr"
    sample.tissue.rename(other)
    bench.open_tissue(sample.tissue)
    bench.open_tissue(other)
    desk.until(lambda: not bench.busy)
    assert seen == ["other"]


def test_tissue_and_reference_that_fit_can_be_run(ready: Bench) -> None:
    assert ready.report is not None
    assert (ready.report.n_cells, ready.report.n_spots, ready.report.n_genes) == (120, 80, 40)


def test_a_choice_that_the_gate_refuses_cannot_be_run(ready: Bench, desk: Desk) -> None:
    ready.select(cell_type_column="no such column")
    assert not ready.can_run
    desk.until(lambda: ready.report is not None)
    assert ready.report is not None
    assert [p.column for p in ready.report.refusals] == ["no such column"]
    assert not ready.can_run


def test_only_the_last_of_several_quick_choices_is_judged(ready: Bench, desk: Desk) -> None:
    reports: list[object] = []
    ready.checked.connect(reports.append)
    for column in ("a", "b", "cell_type"):
        ready.select(cell_type_column=column)
    desk.until(lambda: ready.can_run)
    assert len(reports) == 1


def test_choosing_what_is_chosen_already_does_nothing(ready: Bench) -> None:
    ready.select(table="table")
    assert ready.can_run


def test_a_run_starts_from_what_was_prepared(ready: Bench, runner: FakeRunner) -> None:
    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    run_dir = RunDir(job.run_dir)
    assert run_dir.load_pair().n_cells == 120
    assert run_dir.spec.method == "baseline"
    assert [spec.name for spec in runner.specs] == [job.name]


def test_a_run_lies_beside_its_store(ready: Bench, sample: Sample) -> None:
    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    assert job.run_dir.parent == sample.tissue.with_name("tissue.zarr.tessera")
    note = json.loads((job.run_dir / "prepared.json").read_text())
    assert note["run_directory"] == f"../tissue.zarr.tessera/{job.name}"


def test_a_run_that_is_under_way_is_not_started_twice(ready: Bench, runner: FakeRunner) -> None:
    said: list[str] = []
    ready.said.connect(said.append)
    ready.run("baseline", BaselineOptions())
    assert ready.run("baseline", BaselineOptions()) is None
    assert (len(runner.specs), len(said)) == (1, 1)


def test_other_options_make_another_run(ready: Bench, runner: FakeRunner) -> None:
    ready.run("baseline", BaselineOptions())
    ready.run("baseline", BaselineOptions(seed=3))
    assert len({spec.name for spec in runner.specs}) == 2


def test_running_without_data_says_what_to_do(bench: Bench) -> None:
    said: list[str] = []
    bench.failed.connect(lambda _message, hint: said.append(hint))
    assert bench.run("baseline", BaselineOptions()) is None
    assert said == ["Open both in the Tissue dock, and mend what it lists."]


def test_losses_are_kept_per_job(ready: Bench, desk: Desk) -> None:
    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    begin(job, step=1, total=3.0)
    desk.drain()
    begin(job, step=2, total=2.0)
    desk.drain()
    assert ready.losses(job).terms == {"total": [3.0, 2.0]}


def test_a_job_that_speaks_faster_than_the_window_listens_is_told_once(
    ready: Bench, desk: Desk
) -> None:
    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    desk.drain()
    told: list[object] = []
    ready.job_changed.connect(told.append)
    for step in range(1, 50):
        begin(job, step=step % 10, total=1.0)
    desk.drain()
    assert told == [job]


def test_an_end_is_announced_once(ready: Bench, desk: Desk) -> None:
    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    ends: list[JobState] = []
    ready.job_ended.connect(lambda _job, outcome: ends.append(outcome.state))
    begin(job)
    end(job, JobState.FAILED)
    end(job, JobState.DONE)
    desk.drain()
    assert ends == [JobState.FAILED]


def test_closing_stops_the_runner_and_drops_what_is_under_way(
    bench: Bench, desk: Desk, runner: FakeRunner, sample: Sample
) -> None:
    bench.open_tissue(sample.tissue)
    bench.close(1.0)
    desk.drain()
    assert runner.closed
    assert bench.view is None


@pytest.mark.usefixtures("quick_errands")  # the fit is the child here
def test_a_fit_in_a_child_process_ends_on_the_canvas_and_in_the_store(
    desk: Desk, sample: Sample
) -> None:
    from napari_tessera.data.write import list_runs
    from napari_tessera.workbench.bench import Bench

    bench = Bench(desk.post)
    bench.open_tissue(sample.tissue)
    bench.open_reference(sample.reference)
    desk.until(lambda: bench.can_run)
    job = bench.run("baseline", BaselineOptions())
    assert job is not None
    desk.until(lambda: bench.runs)
    assert isinstance(bench.shown, Run)
    assert bench.shown.name == job.name == bench.runs[0].name
    assert [summary.name for summary in list_runs(sample.tissue)] == [job.name]
    bench.close(1.0)


def test_data_that_live_only_in_memory_are_fitted_in_this_process(
    desk: Desk, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import anndata
    import spatialdata

    from napari_tessera.workbench.bench import Bench

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    bench = Bench(desk.post)
    sdata = spatialdata.read_zarr(sample.tissue)
    sdata.path = None
    bench.open_tissue(sdata)
    bench.open_reference(anndata.read_h5ad(sample.reference))
    desk.until(lambda: bench.can_run)
    job = bench.run("baseline", BaselineOptions(), in_process=True)
    assert job is not None
    desk.until(lambda: bench.runs)
    assert f"{job.name}_cell_table" in sdata.tables
    bench.keep_tissue(tmp_path / "kept.zarr")
    desk.until(lambda: bench.tissue is not None and bench.tissue.path is not None)
    assert [summary.name for summary in bench.runs] == [job.name]
    bench.close(1.0)


def test_a_finished_run_is_shown_instead_of_computed_again(
    ready: Bench, desk: Desk, runner: FakeRunner
) -> None:
    first = ready.run("baseline", BaselineOptions())
    assert first is not None
    done = dataclasses.replace(planted_run(planted_tissue(n_cells=20, n_spots=9)), name=first.name)
    RunDir(first.run_dir).save_result(done)
    begin(first)
    first.end(_done())
    desk.drain()
    assert ready.run("baseline", BaselineOptions()) is None
    desk.until(lambda: ready.shown is not None)
    assert len(runner.specs) == 1


def test_again_gives_a_further_name(ready: Bench, runner: FakeRunner) -> None:
    first = ready.run("baseline", BaselineOptions())
    second = ready.run("baseline", BaselineOptions(), again=True)
    assert first is not None
    assert second is not None
    assert first.name != second.name
    assert len(runner.specs) == 2


def test_a_previewed_placement_arrives_as_coordinates(ready: Bench, desk: Desk) -> None:
    import numpy as np

    job = ready.run("baseline", BaselineOptions())
    assert job is not None
    name = RunDir(job.run_dir).save_preview(np.ones((120, 2)))
    seen: list[tuple[int, ...]] = []
    ready.previewed.connect(lambda _job, xy: seen.append(xy.shape))
    job.previewed.emit(job, job.run_dir / name)
    desk.drain()
    assert seen == [(120, 2)]


def test_methods_that_need_the_same_are_prepared_once() -> None:
    assert Asked().prepared_like(Asked(method="baseline"))


@pytest.mark.parametrize(
    "asked",
    [
        Asked(task=Task.CLUSTER, method="transst"),
        Asked(task=Task.IMPUTE, method="ensemble_impute"),
        Asked(task=Task.PLACE, method="come"),
    ],
)
def test_what_needs_something_else_is_prepared_anew(asked: Asked) -> None:
    assert not Asked().prepared_like(asked)


@pytest.mark.parametrize("more", [{"picture": True}, {"composition": "stem_1a2b3c4d"}])
def test_what_is_looked_at_beside_the_genes_is_prepared_anew(more: dict[str, Any]) -> None:
    asked = Asked(task=Task.CLUSTER, method="transst")
    assert not asked.prepared_like(dataclasses.replace(asked, **more))


def test_the_picture_beside_the_genes_is_among_what_a_run_starts_from(
    opened: Bench, desk: Desk, runner: FakeRunner
) -> None:
    options = TransstOptions(n_domains=3, picture=True)
    opened.ask(Asked(task=Task.CLUSTER, method="transst", picture=True))
    desk.until(lambda: opened.can_run)
    opened.run("transst", options)
    inputs = RunDir(runner.specs[0].run_dir).load_inputs()
    assert isinstance(inputs, SectionData)
    assert inputs.picture is not None


def _done() -> Outcome:
    return Outcome(state=JobState.CANCELLED)
