"""Cells as a raster in the real window: seen where they lie, and caught by a lasso."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.window.conftest import PATIENCE_MS, Window

from napari_tessera.contract.population import Kind
from napari_tessera.viewer.colours import categories
from napari_tessera.viewer.raster import DrawAs
from napari_tessera.widgets.explore_dock import ExploreDock
from napari_tessera.widgets.scale_bar import camera_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Placement, Run
    from napari_tessera.widgets.results import ResultsDock

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("quick_errands")]


@pytest.fixture
def placement(results: ResultsDock, window: Window, mapped: Run, qtbot: QtBot) -> Placement:
    """Cells of a run that a person has chosen to see as a raster in the Results dock."""
    box = results.form.draw_as
    box.setCurrentIndex(box.findData(DrawAs.RASTER))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: bool(window.layer("cells").data.any()), timeout=PATIENCE_MS)
    assert window.layer("cells").as_layer_data_tuple()[2] == "image"
    assert mapped.result.placement is not None
    return mapped.result.placement


def test_a_cell_is_seen_on_the_canvas_where_it_lies(
    placement: Placement, window: Window, qtbot: QtBot
) -> None:
    camera, (x, y) = camera_of(window.viewer), placement.xy[7]
    camera.center, camera.zoom = (0, y, x), 4.0
    layer = window.layer("cells")
    qtbot.waitUntil(lambda: np.isclose(layer.affine.scale, 0.25).all(), timeout=PATIENCE_MS)
    seen = window.viewer.screenshot(canvas_only=True, flash=False)
    middle = seen[seen.shape[0] // 2, seen.shape[1] // 2, :3] / 255
    assert placement.cell_types is not None
    near = np.hypot(*(placement.xy - placement.xy[7]).T) < 2
    colours = categories(placement.cell_types).rgba()[near, :3]
    np.testing.assert_allclose(middle, colours.mean(axis=0), atol=0.03)


def test_a_lasso_on_the_tissue_catches_cells_that_are_drawn_as_a_raster(
    placement: Placement, window: Window, qtbot: QtBot
) -> None:
    _, dock = window.viewer.window.add_plugin_dock_widget("napari-tessera", "Explore")
    assert isinstance(dock, ExploreDock)
    window.bench.open_reference(window.sample.reference)
    exploring = window.session.exploring
    exploring.look_at(Kind.CELLS)
    qtbot.waitUntil(
        lambda: exploring.population is not None and len(exploring.first) == len(placement.xy),
        timeout=PATIENCE_MS,
    )
    dock.on_tissue.click()
    lasso = window.viewer.layers["Lasso"]
    middle = float(np.median(placement.xy[:, 1]))
    lasso.add_polygons([np.array([[-1e5, -1e5], [-1e5, 1e5], [middle, 1e5], [middle, -1e5]])])
    qtbot.waitUntil(lambda: bool(exploring.first.any()), timeout=PATIENCE_MS)
    assert (exploring.first == (placement.xy[:, 1] <= middle)).all()
    assert window.layer("cells").opacity == pytest.approx(0.3)
