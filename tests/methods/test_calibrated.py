"""How sure a placement says it is, against where the cells really were."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.calibration import risk_coverage
from napari_tessera.numerics.placing import is_bimodal
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.results import Placement, RunResult

QUICK = {"baseline": {}, "stem": {"steps": 100, "members": 2}}
BOTH = pytest.mark.parametrize("name", QUICK)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@cache
def answer(name: str) -> tuple[RunResult, np.ndarray]:
    """Fit a planted tissue once; what the method says, and the errors of its placement."""
    tissue = planted_tissue(n_cells=1000, n_spots=300, seed=4)
    method = get_method(name)
    fitted = method.fit(tissue.paired, method.options_type(**QUICK[name]), SilentMonitor())
    result = method.predict(fitted, tissue.paired)
    assert result.placement is not None
    return result, np.linalg.norm(result.placement.xy - tissue.truth_xy, axis=1)


def placement_of(name: str) -> Placement:
    placement = answer(name)[0].placement
    assert placement is not None
    return placement


@BOTH
def test_discs_hold_about_ninety_percent_of_the_cells(name: str) -> None:
    radius = placement_of(name).radius
    assert radius is not None
    assert 0.8 <= (answer(name)[1] <= radius).mean() <= 0.97


@BOTH
def test_confidence_and_radius_rank_errors_better_than_chance(name: str) -> None:
    placement, errors = placement_of(name), answer(name)[1]
    assert placement.radius is not None
    assert risk_coverage(errors, placement.confidence) < 0.85 * errors.mean()
    assert risk_coverage(errors, -placement.radius) < 0.92 * errors.mean()


@BOTH
def test_the_nearer_mode_of_a_bimodal_cell_is_nearer_than_its_placement(name: str) -> None:
    placement = placement_of(name)
    assert placement.modes is not None
    assert placement.mode_mass is not None
    two = is_bimodal(placement.mode_mass)
    truth = planted_tissue(n_cells=1000, n_spots=300, seed=4).truth_xy
    nearer = np.linalg.norm(placement.modes - truth[:, None], axis=2).min(axis=1)
    assert two.any()
    assert nearer[two].mean() < answer(name)[1][two].mean()


@BOTH
def test_cells_know_whether_their_type_is_here(name: str) -> None:
    placement, composition = placement_of(name), answer(name)[0].composition
    assert composition is not None
    assert composition.absence is not None
    assert placement.absence is not None
    of = dict(zip(composition.types.tolist(), composition.absence.tolist(), strict=True))
    assert placement.cell_types is not None
    wanted = [of[t] for t in placement.cell_types.tolist()]
    np.testing.assert_allclose(placement.absence, wanted, rtol=1e-6)
