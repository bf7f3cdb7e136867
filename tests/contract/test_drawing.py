"""How a run shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.results import Provenance, Run, RunResult

if TYPE_CHECKING:
    from napari_tessera.contract.results import Placement

PROVENANCE = Provenance(
    method="stem",
    seconds=12.34,
    scores={"held_out_distance": 3.0},
    baseline={"method": "baseline", "held_out_distance": 5.0},
    warnings=("a < b",),
)


@pytest.fixture
def run(placement: Placement) -> Run:
    """Make a run with a placement."""
    return Run(name="stem_1", result=RunResult(placement=placement), provenance=PROVENANCE)


def test_a_run_in_a_notebook_says_its_score_beside_the_baselines(run: Run) -> None:
    assert f"3 {run.result.placement.unit} (baseline 5)" in run._repr_html_()  # type: ignore[union-attr]


def test_what_a_warning_says_is_escaped(run: Run) -> None:
    assert "a &lt; b" in run._repr_html_()


def test_a_run_draws_a_point_for_every_cell(run: Run) -> None:
    axes = run.plot(Figure().subplots())
    drawn = sum(np.asarray(points.get_offsets()).shape[0] for points in axes.collections)
    assert drawn == run.result.placement.cell_names.size  # type: ignore[union-attr]


def test_y_points_down_as_in_the_picture(run: Run) -> None:
    assert run.plot(run.plot(Figure().subplots())).yaxis_inverted()


def test_a_run_without_cells_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="placed cells"):
        Run(name="r", result=RunResult(), provenance=PROVENANCE).plot()
