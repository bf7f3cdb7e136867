"""``explain`` at the command line."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.cli.main import main
from napari_tessera.data.genes import ranking_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths

HALF = np.array([[-1e5, -1e5], [1000.0, -1e5], [1000.0, 1e5], [-1e5, 1e5]])


@pytest.fixture(scope="module")
def mapped(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Plant a tissue, map it with the baseline, draw a half of it."""
    folder = tmp_path_factory.mktemp("explain")
    sample = plant(folder, n_cells=400, n_spots=120, n_genes=40, seed=0)
    run = nt.map_cells(sample.tissue, sample.reference, method="baseline", out=sample.tissue)
    nt.write_regions(sample.tissue, [nt.Region.area("half", HALF)], "global")
    return str(sample.tissue), run.name


def explain(mapped: tuple[str, str], *more: str) -> int:
    """Run the command on the half, all cells compared."""
    tissue, run = mapped
    fixed = ["--run", run, "--region", "half", "--within", "all", "--draws", "39"]
    return main(["explain", tissue, *fixed, *more])


def test_the_answer_is_one_object(
    mapped: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert explain(mapped, "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert said["ranking"] in ranking_names(nt.open_tissue(mapped[0]).sdata)
    assert len(said["genes"]) == 10


def test_counts_of_both_sides_are_said_first(
    mapped: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert explain(mapped) == 0
    out, err = capfd.readouterr()
    assert "cells in half" in err
    assert "half against the rest" in out


def test_the_table_and_the_figure_are_written(mapped: tuple[str, str], tmp_path: Path) -> None:
    table, figure = tmp_path / "genes.csv", tmp_path / "genes.svg"
    assert explain(mapped, "--csv", str(table), "--figure", str(figure)) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 40
    assert {"gene", "rank", "auc", "p_adjusted", "expression_auc"} <= set(rows[0])
    assert figure.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--region", "nowhere"], "There are: half"),
        (["--run", "stem_1"], "map again"),
        (["--figure", "genes.bmp"], ".svg, .png or .pdf"),
        (["--csv", "nowhere/genes.csv"], "expected a folder"),
        (["--steps", "1"], "at least 2"),
        (["--inside", "x"], "float"),
    ],
)
def test_bad_usage_ends_with_two_and_says_what_to_do(
    mapped: tuple[str, str], capfd: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    before = ranking_names(nt.open_tissue(mapped[0]).sdata)
    assert explain(mapped, *more) == 2
    assert words in capfd.readouterr().err
    assert ranking_names(nt.open_tissue(mapped[0]).sdata) == before


def test_two_questions_at_once_are_bad_usage(mapped: tuple[str, str]) -> None:
    assert explain(mapped, "--cell-type", "tumour") == 2
