"""Scripts and notebooks: what was done is done again in a new process, to equal numbers."""

from __future__ import annotations

import dataclasses
import json
import os
import runpy
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.contract.regions import Region
from napari_tessera.jobs.run_dir import run_root
from napari_tessera.methods import METHODS
from napari_tessera.workflows.explained import Question
from napari_tessera.workflows.notebook import notebook_text, write_steps
from napari_tessera.workflows.script import script_text
from napari_tessera.workflows.steps import Computed, Deleted, Drawn, Exported, Opened, Ranked
from napari_tessera.workflows.stored_steps import computed_from, steps_of_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.contract.results import Run
    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.workflows.steps import Step

LEFT = Region.area("left", np.array([[-1e4, -1e4], [1e3, -1e4], [1e3, 1e4], [-1e4, 1e4]]))


@pytest.fixture(scope="module")
def planted(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Run]:
    """Plant a tissue and map it with a short fit."""
    folder = tmp_path_factory.mktemp("script")
    sample = plant(folder, n_cells=400, n_spots=120, n_genes=40, seed=0)
    nt.map_cells(sample.tissue, sample.reference, method="baseline", out=sample.tissue)
    options = nt.StemOptions(steps=12, members=1, batch_cells=64)
    run = nt.map_cells(sample.tissue, sample.reference, options=options, out=sample.tissue)
    before = Region.area("before", np.eye(3, 2))
    nt.write_regions(sample.tissue, [before], "global", "spots")  # a replay replaces its copy
    return sample.tissue, sample.reference, run


def replay(script: Path) -> str:
    """Run a script in a new process, in its own folder."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script.name],
        cwd=script.parent, capture_output=True, text=True, check=False,
        timeout=240, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def session(tissue: Path, reference: Path, run: Run) -> tuple[Step, ...]:
    """Do in steps what a person would: runs, a region, its genes, a deletion, files."""
    spec = run_dir_spec(tissue, run.name)
    other = RunSpec(
        method="baseline", options=nt.BaselineOptions(seed=3).to_json(), selection=spec.selection,
        tissue=str(tissue), reference=str(reference),
    )  # fmt: skip
    options = nt.ExplainOptions(draws=39)
    question = Question(region="left", within="all")
    first = baseline_of(tissue)
    return (
        Opened(source=str(tissue)),
        Computed(name=run.name, spec=spec, places=True),
        Computed(name=first, spec=run_dir_spec(tissue, first)),
        Computed(name="baseline_1", spec=other),
        Drawn(regions=(LEFT,), coordinate_system="global", element="spots"),
        Ranked(name=f"{first}_genes_1", run=first, question=question, options=options),
        Deleted(run="baseline_1"),
        Exported(source=f"{first}_genes_1", what="table", path="/elsewhere/genes.csv"),
        Exported(source=run.name, what="tables", path="/elsewhere/run.csv"),
    )


def baseline_of(tissue: Path) -> str:
    """Name of the baseline's run in a store."""
    return next(summary.name for summary in nt.runs(tissue) if summary.method == "baseline")


def run_dir_spec(tissue: Path, name: str) -> RunSpec:
    """Recipe as the run directory has it."""
    from napari_tessera.jobs.run_dir import RunDir

    return RunDir(run_root(tissue) / name).spec


def same_numbers(one: Run, other: Run) -> bool:
    """Whether two runs say the very same."""
    mine, its = one.result, other.result
    assert mine.placement is not None
    assert its.placement is not None
    assert mine.composition is not None
    assert its.composition is not None
    return (
        np.array_equal(mine.placement.xy, its.placement.xy)
        and np.array_equal(mine.placement.covariance, its.placement.covariance)
        and np.array_equal(mine.composition.values, its.composition.values)
    )


@pytest.fixture(scope="module")
def replayed(
    planted: tuple[Path, Path, Run], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Write the session as a script and replay it in a new process."""
    folder = tmp_path_factory.mktemp("replay")
    script = write_steps(session(*planted), folder / "script.py")
    return folder / "tissue_replayed.zarr", replay(script)


def test_a_replayed_run_has_the_same_name_and_the_very_same_numbers(
    planted: tuple[Path, Path, Run], replayed: tuple[Path, str]
) -> None:
    run = planted[2]
    assert same_numbers(run, nt.read(replayed[0], run.name))


def test_a_replayed_run_was_computed_again(
    planted: tuple[Path, Path, Run], replayed: tuple[Path, str]
) -> None:
    run = planted[2]
    assert nt.read(replayed[0], run.name).provenance.created > run.provenance.created


def test_replayed_genes_are_ranked_alike(
    planted: tuple[Path, Path, Run], replayed: tuple[Path, str], tmp_path: Path
) -> None:
    tissue = planted[0]
    copy = shutil.copytree(tissue, tmp_path / "tissue.zarr")
    shutil.copytree(run_root(tissue), run_root(copy))
    nt.write_regions(copy, [LEFT], "global", "spots")
    options = nt.ExplainOptions(draws=39)
    found = nt.explain_region(copy, baseline_of(copy), region="left", within="all", options=options)
    there = replayed[0].with_name("genes.csv").read_text()
    found.ranking.table().to_csv(tmp_path / "genes.csv")
    assert (tmp_path / "genes.csv").read_text() == there


def test_a_deleted_run_is_not_there_after_a_replay(
    planted: tuple[Path, Path, Run], replayed: tuple[Path, str]
) -> None:
    there = {summary.name for summary in nt.runs(replayed[0])}
    assert there == {planted[2].name, baseline_of(planted[0])}


def test_exported_tables_are_written_beside_the_copy(replayed: tuple[Path, str]) -> None:
    written = sorted(path.name for path in replayed[0].parent.glob("run_*.csv"))
    assert written == ["run_cells.csv", "run_composition.csv"]


@pytest.mark.filterwarnings("ignore")  # as a person runs it
def test_a_stored_run_tells_how_to_make_it_again(
    planted: tuple[Path, Path, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tissue, _, run = planted
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(nt.export_script(tissue, run.name, tmp_path / "again.py")))
    assert same_numbers(run, nt.read(tmp_path / "tissue_replayed.zarr", run.name))


def test_a_run_whose_directory_has_gone_needs_the_reference(
    planted: tuple[Path, Path, Run], tmp_path: Path
) -> None:
    tissue, reference, run = planted
    copy = shutil.copytree(tissue, tmp_path / "tissue.zarr")
    with pytest.raises(InputError, match="path of the reference"):
        steps_of_run(copy, run.name)
    computed = steps_of_run(copy, run.name, reference)[-1]
    assert isinstance(computed, Computed)
    known = run_dir_spec(tissue, run.name)
    assert (computed.spec.options, computed.spec.selection) == (known.options, known.selection)


def test_what_was_edited_by_hand_is_said_and_no_option(planted: tuple[Path, Path, Run]) -> None:
    tissue, reference, run = planted
    options = {**run.provenance.options, "edited_from": run.name, "edits": ["a and b are one"]}
    provenance = dataclasses.replace(run.provenance, options=options)
    edited = dataclasses.replace(run, name="stem_edited", provenance=provenance)
    computed = computed_from(tissue, edited, reference)
    assert "edited this run by hand" in computed.note
    assert set(computed.spec.options) == set(run.provenance.options)


def test_a_notebook_has_the_code_of_the_script_and_figures(
    planted: tuple[Path, Path, Run],
) -> None:
    steps = session(*planted)
    cells = json.loads(notebook_text(steps))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    figures = [text for text in code if text in {"run_1.plot();", "genes_1.figure()"}]
    assert len(figures) == 2
    script = script_text(steps)
    assert all(text in script for text in code if text not in figures)


@pytest.mark.filterwarnings("ignore")  # as a person runs it
def test_every_cell_of_a_notebook_runs(
    planted: tuple[Path, Path, Run],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tissue = planted[0]
    name = baseline_of(tissue)
    path = nt.export_script(tissue, name, tmp_path / "again.ipynb")
    cells = json.loads(path.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (tmp_path / "cells.py").write_text("\n".join(["import matplotlib as m; m.use('agg')", *code]))
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(tmp_path / "cells.py"))
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_every_method_can_be_called_from_a_script(method: object) -> None:
    assert hasattr(nt, method.options_type.__name__)  # type: ignore[attr-defined]


def test_only_the_last_of_several_drawings_is_written() -> None:
    drawn: list[Step] = [
        Drawn(regions=(Region.area(name, np.eye(3, 2)),), coordinate_system="s", element="e")
        for name in ("first", "second")
    ]
    text = script_text([Opened(source="/t.zarr"), *drawn])
    assert "'second'" in text
    assert "'first'" not in text


def test_a_tissue_in_memory_is_refused_with_a_remedy() -> None:
    with pytest.raises(InputError, match="lives in memory only") as caught:
        script_text([Opened(source="")])
    assert "Write the tissue to disk" in caught.value.hint


def test_nothing_done_is_said() -> None:
    with pytest.raises(InputError, match="found nothing"):
        script_text([])


def test_two_tissues_get_two_copies() -> None:
    spec = RunSpec(method="smoothed-mixture", task="domains", selection=Selection(table="t"))
    steps: list[Step] = [
        Opened(source="/a/one.zarr"), Opened(source="/b/two.zarr"), Opened(source="/a/one.zarr"),
        Computed(name="x", spec=spec),
    ]  # fmt: skip
    text = script_text(steps)
    assert text.count("nt.import_tissue(") == 2
    assert "out=OUT," in text
