"""``export`` and the import of regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.cli.main import main
from napari_tessera.contract.regions import Region

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Sample

SQUARE = Region.area("tumour", np.array([[0.0, 0], [400, 0], [400, 400], [0, 400]]))


@pytest.fixture
def run(sample: Sample) -> str:
    """Map with the baseline; give the run's name."""
    return nt.map_cells(
        sample.tissue, sample.reference, method="baseline", out=sample.tissue
    ).name  # fmt: skip


def test_regions_go_out_and_come_back(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.geojson"
    nt.write_regions(sample.tissue, [SQUARE], "global")
    assert main(["export", str(sample.tissue), "--geojson", str(file)]) == 0
    assert main(["import", str(file), str(sample.tissue)]) == 0
    assert "tumour, tumour 2" in capsys.readouterr().out


def test_a_run_is_written_as_tables_figure_and_script(
    sample: Sample, run: str, tmp_path: Path
) -> None:
    asked = ["--csv", "t.csv", "--figure", "f.png", "--script", "s.py"]
    places = [str(tmp_path / word) if "." in word else word for word in asked]
    assert main(["export", str(sample.tissue), "--run", run, *places]) == 0
    written = {path.name for path in tmp_path.glob("[tfs]*.*") if path.is_file()}
    assert written >= {"t_cells.csv", "t_composition.csv", "f.png", "s.py"}


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ([], "found nothing"),
        (["--csv", "t.csv"], "expected the name of a run"),
        (["--run", "nobody", "--csv", "t.csv"], "nobody"),
        (["--run", "nobody", "--figure", "t.bmp"], "ends in .svg"),
    ],
)
def test_what_cannot_be_written_is_refused(
    sample: Sample, flags: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(sample.tissue), *flags]) == 2
    assert found in capsys.readouterr().err
