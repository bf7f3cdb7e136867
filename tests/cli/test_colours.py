"""The command that chooses colours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from napari_tessera.cli.main import main
from napari_tessera.workflows.verbs import map_cells, write

if TYPE_CHECKING:
    from tests.cli.conftest import Sample


@pytest.fixture
def run(sample: Sample) -> str:
    """Name of a run in the sample."""
    made = map_cells(
        sample.tissue, sample.reference, cell_type_column="cell_type", method="baseline"
    )
    write(sample.tissue, made)
    return made.name


def test_colours_are_set_added_to_and_forgotten(
    sample: Sample, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["colours", str(sample.tissue), "--run", run, "--json"]
    capsys.readouterr()
    found = []
    for more in (["--set", "Adipocyte=#ff0000"], ["--set=Tumour=#00ff00"], ["--reset"]):
        assert main([*asked, *more]) == 0
        found.append(json.loads(capsys.readouterr().out)["colours"])
    first, second = {"Adipocyte": "#ff0000"}, {"Adipocyte": "#ff0000", "Tumour": "#00ff00"}
    assert found == [first, second, {}]


def test_what_is_no_name_with_a_colour_is_refused(sample: Sample, run: str) -> None:
    before = sample.content()
    for pair in ("Adipocyte", "=#ff0000", "Adipocyte=red", "unicorn=#ff0000"):
        assert main(["colours", str(sample.tissue), "--run", run, f"--set={pair}"]) == 2
    assert sample.content() == before
