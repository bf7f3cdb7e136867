"""``evaluate placement``: metrics of a run beside the baseline's, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anndata
import numpy as np
import pytest

from napari_tessera.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Sample


def evaluated(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run the command and read its answer."""
    capsys.readouterr()
    assert main(["evaluate", "placement", *words]) == 0
    return dict(json.loads(capsys.readouterr().out))


def run_of(sample: Sample, capsys: pytest.CaptureFixture[str]) -> str:
    """Name of the only run."""
    capsys.readouterr()
    assert main(["runs", str(sample.tissue), "--json"]) == 0
    return str(json.loads(capsys.readouterr().out)["runs"][0]["run"])


@pytest.mark.kit
def test_the_embryo_is_scored_by_group_with_its_composition(
    kit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embryo = kit / "mouse_embryo_seqfish"
    store, cells = str(tmp_path / "embryo.zarr"), str(embryo / "e1z2_cells.h5ad")
    words = ["map", str(embryo / "e1z2_simulated_st.h5ad"), "--out", store, "--reference", cells]
    words += ["--cell-type-column", "cell_type", "--method", "baseline", "--json"]
    capsys.readouterr()
    assert main(words) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    more = ["--pooled-column", "st_spot", "--truth-composition", "cell_type_proportions"]
    scores = evaluated(capsys, store, "--run", run, "--truth", cells, *more)
    assert scores["composition_types"] == 14
    assert scores["mean_distance_unpooled"] <= 11.5
    assert scores["mean_distance_pooled"] < scores["mean_distance"]
    assert scores["composition_pcc"] == scores["baseline"]["composition_pcc"] > 0.95
    assert scores["nearest_spot_distance"] < scores["mean_distance"] < scores["centroid_distance"]


def test_scores_stand_beside_the_baselines(
    mapped: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(mapped, capsys)
    scores = evaluated(capsys, str(mapped.tissue), "--run", run, "--truth", str(mapped.truth))
    assert scores["baseline"].keys() >= {"mean_distance", "median_distance", "hit_50", "hit_200"}
    assert scores["mean_distance"] < scores["centroid_distance"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--pooled-column", "nothing"], "nothing"),
        (["--truth-composition", "nothing"], "nothing"),
    ],
)
def test_a_key_that_is_not_there_is_refused(
    mapped: Sample, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    words = [str(mapped.tissue), "--run", run_of(mapped, capsys), "--truth", str(mapped.truth)]
    assert main(["evaluate", "placement", *words, *more]) == 2
    assert said in capsys.readouterr().err


def test_a_truth_without_places_is_refused(
    mapped: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = anndata.read_h5ad(mapped.truth)
    truth.obsm["spatial"] = np.full((truth.n_obs, 2), np.nan)
    truth.write_h5ad(tmp_path / "lost.h5ad")
    words = [str(mapped.tissue), "--run", run_of(mapped, capsys), "--truth"]
    assert main(["evaluate", "placement", *words, str(tmp_path / "lost.h5ad")]) == 2
    assert f"{truth.n_obs} cells without a place" in capsys.readouterr().err


def test_realistic_pseudo_spots_come_with_the_cells_that_made_them(
    mapped: Sample, tmp_path: Path
) -> None:
    spots, cells = tmp_path / "spots.h5ad", tmp_path / "cells.h5ad"
    words = [str(mapped.truth), str(spots), "--grid", "9x9", "--construction", "realistic"]
    assert main(["evaluate", "pseudospots", *words, "--cells-out", str(cells)]) == 0
    made, marked = anndata.read_h5ad(spots), anndata.read_h5ad(cells)
    held = marked.obs["st_spot"].astype(str)
    assert set(held) - {""} == set(made.obs_names)
    assert made.X.sum() < 0.5 * marked[held != ""].X.sum()
