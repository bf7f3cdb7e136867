"""Domains by the composition of another run, at the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from napari_tessera.cli.main import main
from napari_tessera.data.write import read_run

if TYPE_CHECKING:
    import pytest
    from tests.cli.conftest import Sample


def test_domains_go_by_a_run_that_composed_the_spots(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    tissue = str(sample.tissue)
    reference = ["--reference", str(sample.reference), "--method", "baseline"]
    assert main(["map", tissue, *reference, "--json"]) == 0
    composed = json.loads(capsys.readouterr().out)["run"]
    asked = ["cluster", tissue, "--n-domains", "3", "--composition", composed, "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)["run"]
    assert read_run(sample.tissue, found).provenance.origin.composition == composed


def test_a_composition_that_is_not_there_ends_with_two(
    sample: Sample, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cluster", str(sample.tissue), "--composition", "stem_1a2b3c4d"]) == 2
    assert "no run of that name; there are: none" in capsys.readouterr().err
