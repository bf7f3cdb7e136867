"""``map`` from end to end on a planted tissue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anndata as ad
import pytest

from napari_tessera.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Sample

PROMISED = [
    "run", "store", "method", "seconds", "peak_memory_bytes", "data_memory_bytes", "device",
    "scores", "baseline", "warnings",
]  # fmt: skip


def printed(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Read standard output, which must be one JSON object and nothing else."""
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1
    values: dict[str, Any] = json.loads(lines[0])
    return values


def test_json_has_what_is_promised_and_nothing_else_is_printed(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(sample.map("--json")) == 0
    answer = printed(capfd)
    assert list(answer) == PROMISED
    assert answer["store"] == str(sample.tissue)
    assert answer["run"].startswith("stem_")
    assert answer["scores"]["held_out_distance"] > 0
    assert answer["baseline"]["method"] == "baseline"
    assert answer["peak_memory_bytes"] >= answer["data_memory_bytes"] > 0


def test_the_summary_says_cells_device_seconds_and_both_scores(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(sample.map("--method", "baseline")) == 0
    out = capfd.readouterr().out
    for part in ("200 cells placed on cpu", " s.", "Held-out distance", "baseline's is"):
        assert part in out


def test_what_was_chosen_is_said(sample: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    main(sample.map("--method", "baseline"))
    assert "Chosen: " in capfd.readouterr().err


def test_an_identical_run_is_returned_and_said_to_be_so(
    mapped: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    before = mapped.content()
    assert main(mapped.map()) == 0
    assert "identical run has finished" in capfd.readouterr().err
    assert mapped.content() == before


def test_an_identical_run_is_returned_without_its_directory(
    mapped: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    import shutil

    shutil.rmtree(mapped.tissue.with_name("tissue.zarr.tessera"))
    before = mapped.content()
    assert main(mapped.map()) == 0
    assert "identical run has finished" in capfd.readouterr().err
    assert mapped.content() == before


def test_again_makes_a_further_run(mapped: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(mapped.map("--again")) == 0
    capfd.readouterr()
    assert main(["runs", str(mapped.tissue), "--json"]) == 0
    names = [run["run"] for run in printed(capfd)["runs"]]
    assert len(set(names)) == 2


def test_a_table_is_mapped_into_a_new_store(
    sample: Sample, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "table.h5ad", tmp_path / "out.zarr"
    _as_table(sample, table)
    command = ["map", str(table), "--reference", str(sample.reference), "--out", str(out)]
    assert main([*command, "--method", "baseline", "--json"]) == 0
    assert printed(capfd)["store"] == str(out)
    assert main(["runs", str(out)]) == 0
    assert "baseline_" in capfd.readouterr().out


def _as_table(sample: Sample, path: Path) -> None:
    """Write the spots of the sample as a plain table with coordinates."""
    import spatialdata as sd

    sdata = sd.read_zarr(sample.tissue)
    table = next(iter(sdata.tables.values()))
    region = table.uns["spatialdata_attrs"]["region"]
    region = region if isinstance(region, str) else region[0]
    shapes = sdata.shapes[region]
    plain = ad.AnnData(table.X, obs=table.obs[[]], var=table.var[[]])
    plain.obsm["spatial"] = shapes.geometry.get_coordinates().to_numpy()
    plain.write_h5ad(path)


def test_a_refusal_ends_with_2_and_leaves_the_store_byte_identical(
    sample: Sample, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reference = ad.read_h5ad(sample.reference)
    reference.var_names = [f"alien{i}" for i in range(reference.n_vars)]
    reference.write_h5ad(tmp_path / "alien.h5ad")
    before = sample.content()
    command = ["map", str(sample.tissue), "--reference", str(tmp_path / "alien.h5ad")]
    assert main(command) == 2
    assert "genes" in capfd.readouterr().err
    assert sample.content() == before
    assert not sample.tissue.with_name("tissue.zarr.tessera").exists()


@pytest.mark.parametrize(
    "flag", ["--table", "--layer", "--coordinate-system", "--cell-type-column", "--gene-column"]
)
def test_a_name_that_is_not_there_is_refused(
    sample: Sample, flag: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sample.content()
    assert main([*sample.map("--method", "baseline"), flag, "nowhere"]) == 2
    assert "nowhere" in capfd.readouterr().err
    assert sample.content() == before


def test_a_tissue_that_is_not_there_is_refused(
    sample: Sample, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["map", str(tmp_path / "none.zarr"), "--reference", str(sample.reference)]
    assert main(command) == 2
    assert "none.zarr" in capfd.readouterr().err


def test_a_run_directory_of_ones_own_is_used(sample: Sample, tmp_path: Path) -> None:
    assert main(sample.map("--method", "baseline", "--run-dir", str(tmp_path / "mine"))) == 0
    assert (tmp_path / "mine" / "result.json").is_file()
