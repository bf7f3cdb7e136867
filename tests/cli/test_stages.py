"""The three stages apart, as the window calls them, and the commands around a store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anndata as ad
import pytest

from napari_tessera.cli.main import main
from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Sample


def last_line(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Read the last line of standard output as JSON."""
    values: dict[str, Any] = json.loads(capfd.readouterr().out.splitlines()[-1])
    return values


@pytest.fixture
def spec_file(sample: Sample, tmp_path: Path) -> Path:
    """Write the recipe of a quick run."""
    spec = RunSpec(
        method="baseline",
        selection=Selection(cell_type_column="cell_type"),
        tissue=str(sample.tissue),
        reference=str(sample.reference),
    )
    path = tmp_path / "run.json"
    path.write_text(json.dumps(spec.to_json()))
    return path


def test_check_fit_and_commit_lead_to_a_run_in_the_store(
    sample: Sample, spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = str(tmp_path / "stage")
    assert main(["check", "--spec", str(spec_file), "--run-dir", stage]) == 0
    checked = last_line(capfd)
    assert checked["report"]["n_cells"] == 200
    assert not checked["finished"]
    assert main(["fit", "--spec", f"{stage}/spec.json", "--run-dir", stage]) == 0
    assert last_line(capfd)["outcome"]["state"] == "done"
    assert main(["commit", "--run-dir", stage]) == 0
    assert last_line(capfd) == {"run": checked["run"], "store": str(sample.tissue)}
    assert main(["runs", str(sample.tissue)]) == 0
    assert checked["run"] in capfd.readouterr().out


def test_check_knows_a_run_that_has_finished(
    sample: Sample, spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(sample.map("--method", "baseline")) == 0
    assert main(["check", "--spec", str(spec_file), "--run-dir", str(tmp_path / "stage")]) == 0
    assert last_line(capfd)["finished"]


def test_check_refuses_with_the_whole_report(
    sample: Sample, spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reference = ad.read_h5ad(sample.reference)
    reference.var_names = [f"alien{i}" for i in range(reference.n_vars)]
    reference.write_h5ad(sample.reference)
    stage = tmp_path / "stage"
    assert main(["check", "--spec", str(spec_file), "--run-dir", str(stage)]) == 2
    assert any(p["severity"] == "refuse" for p in last_line(capfd)["report"]["problems"])
    assert not stage.exists()


def test_fit_prepares_what_was_not_prepared(
    spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "fresh"
    assert main(["fit", "--spec", str(spec_file), "--run-dir", str(run_dir)]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert all(set(line) in ({"progress"}, {"outcome"}) for line in lines)
    assert RunDir(run_dir).finished


def test_fit_touches_no_store(sample: Sample, spec_file: Path, tmp_path: Path) -> None:
    before = sample.content()
    assert main(["fit", "--spec", str(spec_file), "--run-dir", str(tmp_path / "fresh")]) == 0
    assert sample.content() == before


def test_fit_in_the_directory_of_another_run_is_refused(
    spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--spec", str(spec_file), "--run-dir", str(tmp_path / "a")]) == 0
    other = json.loads(spec_file.read_text()) | {"method": "stem"}
    spec_file.write_text(json.dumps(other))
    assert main(["fit", "--spec", str(spec_file), "--run-dir", str(tmp_path / "a")]) == 2
    assert "found another" in last_line(capfd)["outcome"]["message"]


def test_resume_of_a_prepared_run_stores_its_result(
    sample: Sample, spec_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["check", "--spec", str(spec_file), "--run-dir", str(tmp_path / "r")])
    capfd.readouterr()
    assert main(["resume", str(tmp_path / "r"), "--json"]) == 0
    answer = last_line(capfd)
    assert answer["store"] == str(sample.tissue)
    assert main(["runs", str(sample.tissue)]) == 0
    assert answer["run"] in capfd.readouterr().out


def test_a_deleted_run_is_gone_with_its_directory(
    mapped: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["runs", str(mapped.tissue), "--json"])
    name = last_line(capfd)["runs"][0]["run"]
    assert main(["runs", str(mapped.tissue), "--delete", name]) == 0
    main(["runs", str(mapped.tissue), "--json"])
    assert last_line(capfd)["runs"] == []
    assert not (mapped.tissue.with_name("tissue.zarr.tessera") / name).exists()


def test_deleting_a_run_that_is_not_there_ends_with_2(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", str(sample.tissue), "--delete", "stem_ffffffff"]) == 2
    assert "stem_ffffffff" in capfd.readouterr().err


def test_info_says_sizes_and_choices(sample: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["info", str(sample.tissue), "--reference", str(sample.reference)]
    assert main(command) == 0
    out = capfd.readouterr().out
    for part in ("200 cells, 160 spots", "cell_type", "Ready."):
        assert part in out


def test_info_as_json_is_one_object(sample: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(sample.tissue), "--json"]) == 0
    assert last_line(capfd)["report"]["n_spots"] == 160


def test_a_planted_sample_is_written(tmp_path: Path) -> None:
    sizes = ["--cells", "50", "--spots", "40", "--genes", "30", "--seed", "3"]
    assert main(["sample", str(tmp_path / "s"), *sizes]) == 0
    assert ad.read_h5ad(tmp_path / "s" / "reference.h5ad").shape == (50, 30)


def test_placement_is_scored_against_the_truth(
    mapped: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["runs", str(mapped.tissue), "--json"])
    name = last_line(capfd)["runs"][0]["run"]
    command = ["evaluate", "placement", str(mapped.tissue), "--run", name]
    assert main([*command, "--truth", str(mapped.truth)]) == 0
    assert last_line(capfd)["mean_distance"] > 0
