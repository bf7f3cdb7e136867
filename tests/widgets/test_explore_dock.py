"""The Explore dock: lasso, bars, violins and the table, as a person uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt

import napari_tessera as nt
from napari_tessera.contract.population import Against, Kind
from napari_tessera.widgets.explore_dock import BY_SELECTION, ExploreDock
from napari_tessera.widgets.legible import clipped_words
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.exploring import Exploring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.data.sample import SamplePaths

PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def sample(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> SamplePaths:
    return plant(tmp_path_factory.mktemp("explore"), n_cells=200, n_spots=120, n_genes=40, seed=0)


@pytest.fixture(scope="module")
def run(sample: SamplePaths) -> Run:
    return nt.map_cells(sample.tissue, sample.reference, method="baseline")


@pytest.fixture
def dock(
    qtbot: QtBot, sample: SamplePaths, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExploreDock]:
    """Look at the placed cells of a run, with an embedding that is known."""
    monkeypatch.setattr(Bench, "_check", lambda _: None)  # the gate has nothing to do here
    post = MainThread()
    bench = Bench(post.post)
    exploring = Exploring(bench, post.post)
    made = ExploreDock(ViewerModel(), bench, exploring)
    qtbot.addWidget(made)
    made.resize(340, 900)
    made.show()
    bench.open_tissue(sample.tissue)
    bench.open_reference(sample.reference)
    qtbot.waitUntil(lambda: bench.reference is not None and bench.view is not None, timeout=20_000)
    bench.shown = run
    exploring.look_at(Kind.CELLS)
    qtbot.waitUntil(
        lambda: exploring.population is not None and exploring.population.kind is Kind.CELLS,
        timeout=PATIENCE_MS,
    )
    plane = np.random.default_rng(0).uniform(-1, 1, (200, 2)).astype(np.float32)
    exploring._take_umap(("X_planted", plane))
    qtbot.waitUntil(lambda: len(exploring.plane) == 200 == len(exploring.rgba), timeout=PATIENCE_MS)
    yield made
    made.canvas.close()
    exploring.close()
    bench.close()
    qtbot.wait(20)


def mind(dock: ExploreDock) -> Exploring:
    return dock._exploring


def select_half(dock: ExploreDock) -> None:
    """Select all cells of the first half of the types."""
    groups = mind(dock).groups
    assert groups is not None
    mind(dock).select(groups.codes < len(groups.names) // 2)


def test_a_lasso_drawn_with_the_mouse_selects_in_the_embedding(
    dock: ExploreDock, qtbot: QtBot
) -> None:
    box, view = dock.plot.box, dock.plot.plot.viewport()
    corners = [(-2, -2), (0, -2), (0, 2), (-2, 2)]
    dock.plot.box.setRange(xRange=(-3, 3), yRange=(-3, 3), padding=0)
    at = [dock.plot.plot.mapFromScene(box.mapViewToScene(_point(*c))) for c in corners]
    mouse: Any = qtbot  # its mouse comes without types
    mouse.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(at[0]))
    for point in at[1:]:
        mouse.mouseMove(view, pos=QPoint(point))
        qtbot.wait(20)
    mouse.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(at[-1]))
    qtbot.waitUntil(lambda: bool(mind(dock).first.any()), timeout=PATIENCE_MS)
    wrong = mind(dock).first != (mind(dock).plane[:, 0] < 0)
    assert wrong.sum() <= 4  # within a pixel of the line


def _point(x: float, y: float) -> object:
    from qtpy.QtCore import QPointF

    return QPointF(x, y)


def test_a_lasso_on_the_tissue_selects_and_leaves_no_layer(dock: ExploreDock, qtbot: QtBot) -> None:
    viewer, population = dock.canvas._viewer, mind(dock).population
    assert population is not None
    dock.on_tissue.click()
    layer = viewer.layers["Lasso"]
    middle = float(np.median(population.xy[:, 1]))
    layer.add_polygons([np.array([[-1e5, -1e5], [-1e5, 1e5], [middle, 1e5], [middle, -1e5]])])
    qtbot.waitUntil(lambda: bool(mind(dock).first.any()), timeout=PATIENCE_MS)
    assert (mind(dock).first == (population.xy[:, 1] <= middle)).all()
    assert [each.name for each in viewer.layers] == ["Selection"]


def test_a_selection_is_ringed_on_the_tissue_and_cleared_again(dock: ExploreDock) -> None:
    viewer = dock.canvas._viewer
    select_half(dock)
    assert len(viewer.layers["Selection"].data) == mind(dock).first.sum()
    dock.clear.click()
    assert "Selection" not in viewer.layers


def test_the_layers_of_a_run_step_back_and_come_forward_again(dock: ExploreDock) -> None:
    from napari_tessera.viewer.layer_data import Role, mark

    layer = dock.canvas._viewer.add_points([[0, 0]], metadata=mark(Role.CELLS), opacity=0.9)
    select_half(dock)
    assert layer.opacity == pytest.approx(0.3)
    dock.clear.click()
    assert layer.opacity == pytest.approx(0.9)


def test_selected_dots_are_in_full_colour_in_the_picture(dock: ExploreDock) -> None:
    select_half(dock)
    dock.plot.paint()
    alpha = dock.plot.picture.image[..., 3]
    assert {0, 40, 255} == set(np.unique(alpha).tolist())


def test_bars_say_what_a_selection_is_made_of(dock: ExploreDock) -> None:
    groups = mind(dock).groups
    assert groups is not None
    mind(dock).select_group(groups.names[0])
    at = dock.bars.labels.index(groups.names[0])
    assert dock.bars.shares[at].tolist() == [100.0, 0.0]


def test_a_click_on_a_bar_selects_all_of_that_label(dock: ExploreDock) -> None:
    select_half(dock)
    label = dock.bars.labels[0]
    dock.bars.picked.emit(label)
    population = mind(dock).population
    assert population is not None
    assert (mind(dock).first == (population.labels["cell type"] == label)).all()


def test_the_second_selection_can_be_compared_with(dock: ExploreDock) -> None:
    select_half(dock)
    dock.keep.click()
    assert dock.against.currentText() == str(Against.SECOND)
    assert not dock.rank.isEnabled()
    mind(dock).select(~mind(dock).second)
    assert dock.rank.isEnabled()


def test_ranked_genes_fill_the_table_and_a_chosen_one_its_violin(
    dock: ExploreDock, qtbot: QtBot, tmp_path: Path
) -> None:
    select_half(dock)
    dock.rank.click()
    qtbot.waitUntil(lambda: mind(dock).comparison is not None, timeout=PATIENCE_MS)
    genes = dock.table.genes()
    assert len(genes) == 40
    dock.table.choose(genes[2])
    qtbot.waitUntil(lambda: dock.violins.genes == [genes[2]], timeout=PATIENCE_MS)
    dock.write_table(tmp_path / "genes.csv")
    assert pd.read_csv(tmp_path / "genes.csv", index_col="gene").index.tolist() == genes


def test_colours_can_tell_the_selections_apart(dock: ExploreDock) -> None:
    select_half(dock)
    dock.colour.setCurrentText(BY_SELECTION)
    dock.colour.textActivated.emit(BY_SELECTION)
    assert len(np.unique(dock.plot._rgba, axis=0)) == 2


def test_no_word_is_cut_off(dock: ExploreDock, qtbot: QtBot) -> None:
    select_half(dock)
    dock.keep.click()
    qtbot.wait(50)
    assert clipped_words(dock) == []
