"""A planted tissue and a run that tells the truth about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_tessera.testing.planted import PlantedTissue, planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view

if TYPE_CHECKING:
    from napari_tessera.contract.results import Composition, Run
    from napari_tessera.contract.views import SpotsView, TissueView


@pytest.fixture(scope="session")
def planted() -> PlantedTissue:
    return planted_tissue(n_cells=400, n_spots=80, n_genes=20)


@pytest.fixture(scope="session")
def view(planted: PlantedTissue) -> TissueView:
    return planted_view(planted)


@pytest.fixture(scope="session")
def run(planted: PlantedTissue) -> Run:
    return planted_run(planted)


@pytest.fixture
def spots(view: TissueView) -> SpotsView:
    assert view.spots is not None
    return view.spots


@pytest.fixture
def composition(run: Run) -> Composition:
    assert run.result.composition is not None
    return run.result.composition
