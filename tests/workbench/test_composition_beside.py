"""Domains by the composition of another run of the open tissue: prepared, run and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import napari_tessera as nt
from napari_tessera.contract.method import Task
from napari_tessera.contract.sections import SectionData
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.checking import Asked
from napari_tessera.workbench.explaining import Explaining
from napari_tessera.workbench.recorder import Recorder
from napari_tessera.workflows.steps import Computed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.workbench.conftest import Desk, Sample

pytestmark = pytest.mark.usefixtures("quick_errands")


@pytest.fixture
def open_bench(desk: Desk, mapped_sample: Sample) -> Iterator[Bench]:
    """Open the tissue."""
    bench = Bench(desk.post)
    bench.open_tissue(mapped_sample.tissue)
    desk.until(lambda: bench.runs and not bench.busy)
    yield bench
    bench.close(1.0)


def test_a_run_starts_from_the_composition_that_was_chosen(
    open_bench: Bench, desk: Desk, mapped_sample: Sample, mapped: tuple[Path, str]
) -> None:
    recorder = Recorder(open_bench, Explaining(open_bench, desk.post), desk.post)
    open_bench.ask(Asked(task=Task.CLUSTER, method="transst", composition=mapped[1]))
    desk.until(lambda: open_bench.can_run)
    job = open_bench.run("transst", nt.TransstOptions(n_domains=3), in_process=True)
    assert job is not None
    desk.until(lambda: len(open_bench.runs) == 2)
    run_dir = RunDir(run_root(mapped_sample.tissue) / job.name)
    inputs = run_dir.load_inputs()
    assert isinstance(inputs, SectionData)
    assert inputs.composition is not None
    assert run_dir.spec.composition == mapped[1]
    made = [step.name for step in recorder.complete() if isinstance(step, Computed)]
    assert made == [mapped[1], job.name]
    recorder.close()


def test_a_run_that_has_gone_is_said_and_nothing_can_be_run(open_bench: Bench, desk: Desk) -> None:
    open_bench.ask(Asked(task=Task.CLUSTER, method="transst", composition="stem_1a2b3c4d"))
    desk.until(lambda: open_bench.report is not None)
    assert open_bench.report is not None
    assert [p.code for p in open_bench.report.refusals] == ["composition-missing"]
    assert not open_bench.can_run
