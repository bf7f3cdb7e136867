"""A planted tissue and its run on a canvas, for whatever room of the window is tried."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_tessera.contract.method import Task
from napari_tessera.testing.planted import PlantedTissue, planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.spots import paint_polygons
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.model_dock import ModelDock
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import SpotsView, TissueView

HALF_SIDE = 30.0
"""Half the side of a spot that is a square, in world units."""


@pytest.fixture(scope="session")
def planted() -> PlantedTissue:
    return planted_tissue(n_cells=300, n_spots=60, n_genes=20)


@pytest.fixture(scope="session")
def view(planted: PlantedTissue) -> TissueView:
    return planted_view(planted)


@pytest.fixture(scope="session")
def run(planted: PlantedTissue) -> Run:
    return planted_run(planted)


@pytest.fixture
def viewer(qtbot: QtBot) -> ViewerModel:  # noqa: ARG001 - timers need an application
    return ViewerModel()


@pytest.fixture
def bench() -> Bench:
    return Bench(lambda work: work())


@pytest.fixture
def domains_dock(qtbot: QtBot, bench: Bench) -> ModelDock:
    """Ask for domains."""
    made = ModelDock(bench)
    qtbot.addWidget(made)
    made.show()
    made.question.setCurrentText(str(Task.CLUSTER))
    made.question.textActivated.emit(str(Task.CLUSTER))
    return made


@pytest.fixture
def canvas(viewer: Viewer, bench: Bench, view: TissueView) -> Canvas:
    """Draw the tissue."""
    made = Canvas(viewer, bench)
    bench.tissue_opened.emit(view)
    return made


def as_squares(kind: str, spots: SpotsView | None, side: int = 300) -> SpotsView:
    """Turn spots into squares: polygons ("shapes"), or a label picture so many pixels wide."""
    assert spots is not None
    square = HALF_SIDE * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    polygons = tuple(square + centre for centre in spots.xy)
    if kind == "shapes":
        return dataclasses.replace(spots, radius=None, polygons=polygons)
    picture, affine = paint_polygons(polygons, side=side)
    ids = np.arange(1, len(polygons) + 1)
    return dataclasses.replace(
        spots, radius=None, labels=picture, labels_affine=affine, instances=ids
    )
