"""Our docks and the widgets of napari-spatialdata in one window, over the same tissue."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import spatialdata

import napari_tessera as nt
from napari_tessera.widgets.borrowing import FromLayer
from napari_tessera.widgets.contributions import spatialdata_docks

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot
    from tests.window.conftest import Window

PATIENCE_MS = 60_000

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("napari_spatialdata") is None,
        reason="napari-spatialdata is not installed: see `make neighbours`",
    ),
    pytest.mark.window,
    # theirs, and of napari-matplotlib and xarray-datatree beneath it
    pytest.mark.filterwarnings("ignore"),
]


def open_theirs(window: Window, qtbot: QtBot) -> dict[str, Any]:
    """Open their docks by our command; give them by name."""
    spatialdata_docks()
    docks = window.viewer.window.dock_widgets
    qtbot.waitUntil(lambda: "View (napari-spatialdata)" in docks, timeout=PATIENCE_MS)
    qtbot.wait(100)
    return dict(docks)


def choose(window: Window, qtbot: QtBot, role: str) -> Any:  # noqa: ANN401 - a layer
    """Choose a layer of ours in napari's list."""
    layer = window.layer(role)
    window.viewer.layers.selection.active = layer
    qtbot.wait(100)
    return layer


def entries(box: Any) -> list[str]:  # noqa: ANN401 - a list or a combo box
    """Give the words in a list of theirs."""
    take = box.itemText if hasattr(box, "itemText") else lambda i: box.item(i).text()
    return [take(i) for i in range(box.count())]


def open_tissue(window: Window, qtbot: QtBot, source: Any) -> None:  # noqa: ANN401
    """Open a tissue in our docks."""
    before = window.bench.view
    window.bench.open_tissue(source)
    qtbot.waitUntil(lambda: window.bench.view is not before, timeout=PATIENCE_MS)
    qtbot.wait(100)


def test_their_view_lists_columns_and_genes_of_our_spots(window: Window, qtbot: QtBot) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    view = open_theirs(window, qtbot)["View (napari-spatialdata)"]
    choose(window, qtbot, "spots")
    table = window.bench.tissue.sdata.tables["table"]  # type: ignore[union-attr]
    assert entries(view.table_name_widget) == ["table"]
    assert entries(view.var_widget) == list(table.var_names)
    assert set(entries(view.obs_widget)) == set(table.obs.columns)


def test_their_view_colours_our_spots_by_the_counts_of_a_gene(window: Window, qtbot: QtBot) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    view = open_theirs(window, qtbot)["View (napari-spatialdata)"]
    layer = choose(window, qtbot, "spots")
    table = window.bench.tissue.sdata.tables["table"]  # type: ignore[union-attr]
    gene = str(table.var_names[np.asarray(table.X.sum(axis=0)).argmax()])
    view.var_widget._onAction((gene,))
    counts = np.asarray(table[:, gene].X.todense()).ravel()
    greens = np.asarray(layer.face_color)[:, 1]  # of viridis, whose green grows
    assert np.all(np.diff(greens[np.argsort(counts, kind="stable")]) >= 0)
    assert np.ptp(greens) > 0.5


def test_their_view_finds_the_tables_of_a_run(window: Window, qtbot: QtBot) -> None:
    run = nt.map_cells(
        window.sample.tissue, window.sample.reference, cell_type_column="cell_type",
        method="baseline",
    )  # fmt: skip
    nt.write(window.sample.tissue, run)
    open_tissue(window, qtbot, window.sample.tissue)
    view = open_theirs(window, qtbot)["View (napari-spatialdata)"]
    window.bench.show_run(run.name)
    qtbot.waitUntil(
        lambda: window.role("cells") and "adata" in window.layer("cells").metadata,
        timeout=PATIENCE_MS,
    )
    qtbot.waitUntil(
        lambda: entries(view.table_name_widget) == [f"{run.name}_cell_table"], timeout=PATIENCE_MS
    )
    layer = choose(window, qtbot, "cells")
    view.obs_widget._onAction(("confidence",))
    placement = run.result.placement
    assert placement is not None
    order = np.argsort(placement.confidence, kind="stable")
    assert np.all(np.diff(np.asarray(layer.face_color)[order, 1]) >= 0)


def test_what_their_scatter_annotates_stands_in_our_tissue(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    open_theirs(window, qtbot)
    _, scatter = window.viewer.window.add_plugin_dock_widget("napari-spatialdata", "Scatter")
    choose(window, qtbot, "spots")
    table = window.bench.tissue.sdata.tables["table"]  # type: ignore[union-attr]
    inside = np.arange(table.n_obs) < 7
    monkeypatch.setattr(scatter, "open_annotation_dialog", lambda: "mine")
    monkeypatch.setattr(scatter.plot_widget, "roi_list", [object()])
    monkeypatch.setattr(scatter.plot_widget, "get_selection", lambda: inside.astype(str))
    scatter.export()
    kept = window.bench.tissue.sdata.tables["table"].obs["mine"]  # type: ignore[union-attr]
    assert (kept == "True").sum() == 7


@pytest.fixture
def stretched(window: Window) -> Any:  # noqa: ANN401 - a SpatialData
    """Tissue whose spots lie in two coordinate systems, in neither as they are stored."""
    from spatialdata.transformations import Scale, set_transformation

    sdata = spatialdata.read_zarr(window.sample.tissue)
    for name in ("spots", "he"):
        for system, factor in (("global", 2.0), ("halved", 0.5)):
            set_transformation(sdata[name], Scale([factor, factor], axes=("x", "y")), system)
    return sdata


def test_choosing_in_their_list_leaves_our_spots_where_they_belong(
    window: Window,
    qtbot: QtBot,
    stretched: Any,  # noqa: ANN401 - a SpatialData
) -> None:
    open_tissue(window, qtbot, stretched)
    systems = open_theirs(window, qtbot)["SpatialData"].coordinate_system_widget
    systems.setCurrentRow(entries(systems).index(str(window.bench.selection.coordinate_system)))
    layer = window.layer("spots")
    assert np.allclose(layer.affine.affine_matrix, np.eye(3))
    assert np.allclose(layer.size, 2 * window.bench.view.spots.radius)  # type: ignore[union-attr, operator]


def test_the_coordinate_system_chosen_in_their_list_is_ours_too(
    window: Window,
    qtbot: QtBot,
    stretched: Any,  # noqa: ANN401 - a SpatialData
) -> None:
    open_tissue(window, qtbot, stretched)
    before = window.bench.view.spots.xy  # type: ignore[union-attr]
    here = window.bench.selection.coordinate_system
    systems = open_theirs(window, qtbot)["SpatialData"].coordinate_system_widget
    other = next(name for name in entries(systems) if name != here)
    systems.setCurrentRow(entries(systems).index(other))
    qtbot.waitUntil(lambda: window.bench.view.coordinate_system == other, timeout=PATIENCE_MS)  # type: ignore[union-attr]
    factor = 0.25 if other == "halved" else 4.0
    assert np.allclose(window.bench.view.spots.xy, factor * before)  # type: ignore[union-attr]
    assert np.allclose(window.layer("spots").affine.affine_matrix, np.eye(3))


def test_another_tissue_can_be_opened_while_their_docks_are_there(
    window: Window, qtbot: QtBot
) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    open_theirs(window, qtbot)
    open_tissue(window, qtbot, window.sample.tissue)
    assert [layer.name for layer in window.viewer.layers][:2] == ["he", "spots"]


def test_a_layer_of_ours_can_be_deleted_while_their_docks_are_there(
    window: Window, qtbot: QtBot
) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    open_theirs(window, qtbot)
    window.viewer.layers.remove(window.layer("spots"))
    assert not window.role("spots")


def test_we_take_the_tissue_behind_a_layer_that_their_list_has_added(
    window: Window, qtbot: QtBot
) -> None:
    from napari_spatialdata import Interactive

    sdata = spatialdata.read_zarr(window.sample.tissue)
    theirs = Interactive(sdata, headless=True)
    theirs.switch_coordinate_system("global")
    theirs.add_element("spots", "global")
    qtbot.waitUntil(lambda: "spots" in window.viewer.layers, timeout=PATIENCE_MS)
    row = window.docks[0].findChild(FromLayer)
    qtbot.waitUntil(lambda: not row.isHidden(), timeout=PATIENCE_MS)
    row.take.click()
    qtbot.waitUntil(lambda: window.role("spots"), timeout=PATIENCE_MS)
    assert window.bench.tissue is not None
    assert window.bench.tissue.sdata is sdata
    assert window.layer("spots").metadata["name"] == "spots"


def test_their_view_is_a_tab_beside_our_docks(window: Window, qtbot: QtBot) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    height = window.viewer.window._qt_window.height()
    open_theirs(window, qtbot)
    main = window.viewer.window._qt_window
    view = window.session.neighbours._docks()["View (napari-spatialdata)"]
    assert main.tabifiedDockWidgets(view)
    assert main.height() == height


def test_their_annotation_links_a_drawn_layer_to_our_tissue(window: Window, qtbot: QtBot) -> None:
    open_tissue(window, qtbot, window.sample.tissue)
    open_theirs(window, qtbot)
    _, panel = window.viewer.window.add_plugin_dock_widget("napari-spatialdata", "Annotation")
    drawn = window.viewer.add_shapes(np.array([[0, 0], [0, 9], [9, 9]]), shape_type="polygon")
    panel.annotation_widget.link_button.click()
    assert window.bench.tissue is not None
    assert drawn.metadata["sdata"] is window.bench.tissue.sdata
