"""The Regions & genes dock: from a drawing to a ranked table, as a person would."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

import napari_tessera as nt
from napari_tessera.data.regions import read_regions
from napari_tessera.jobs.run_dir import run_root
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.regions_dock import RegionsDock
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.explaining import Explaining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.data.sample import SamplePaths

PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def mapped(plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plant a tissue and map it with the baseline."""
    sample = plant(tmp_path_factory.mktemp("dock"), n_cells=400, n_spots=120, n_genes=40, seed=0)
    nt.map_cells(sample.tissue, sample.reference, method="baseline", out=sample.tissue)
    return sample.tissue


@pytest.fixture
def store(mapped: Path, tmp_path: Path) -> Path:
    """Copy the tissue with its run."""
    copy = tmp_path / "tissue.zarr"
    shutil.copytree(run_root(mapped), run_root(copy))
    return shutil.copytree(mapped, copy)


@pytest.fixture
def dock(qtbot: QtBot, store: Path) -> Iterator[RegionsDock]:
    """Open the tissue, show its run, open the dock."""
    post = MainThread()
    bench = Bench(post.post)
    explaining = Explaining(bench, post.post)
    made = RegionsDock(ViewerModel(), bench, explaining)
    qtbot.addWidget(made)
    made.resize(340, 900)
    made.show()
    bench.open_tissue(store)
    qtbot.waitUntil(lambda: len(bench.runs) > 0, timeout=PATIENCE_MS)
    with qtbot.waitSignal(_signal(bench), timeout=PATIENCE_MS):
        bench.show_run(bench.runs[0].name)
    yield made
    explaining.close()
    bench.close()
    qtbot.wait(20)


def _signal(bench: Bench) -> object:
    """Carry one signal of the bench to a Qt signal that pytest-qt can wait for."""
    from qtpy.QtCore import QObject, Signal

    class Carrier(QObject):  # type: ignore[misc]  # Qt comes without types
        loaded = Signal()

    carrier = Carrier()
    bench.run_loaded.connect(lambda _: carrier.loaded.emit())
    return carrier.loaded


def draw(dock: RegionsDock, qtbot: QtBot, outline: list[list[float]]) -> None:
    """Add a polygon to the layer, in row and column, as napari's tool does."""
    dock.drawing.start("Polygon")
    n = len(dock._explaining.regions)
    dock.drawing.layer.add_polygons([np.array(outline)])
    qtbot.waitUntil(lambda: len(dock._explaining.regions) > n, timeout=PATIENCE_MS)


LEFT = [[-1e4, -1e4], [-1e4, 1000.0], [1e4, 1000.0], [1e4, -1e4]]


def test_a_drawn_region_gets_a_name_and_is_stored_at_once(
    dock: RegionsDock, qtbot: QtBot, store: Path
) -> None:
    draw(dock, qtbot, LEFT)
    assert dock.list.name == "region 1"
    qtbot.waitUntil(
        lambda: (
            [r.name for r in read_regions(nt.open_tissue(store).sdata, "global")] == ["region 1"]
        ),
        timeout=PATIENCE_MS,
    )


def test_cells_of_both_sides_are_counted_before_anything_is_asked(
    dock: RegionsDock, qtbot: QtBot
) -> None:
    draw(dock, qtbot, LEFT)
    qtbot.waitUntil(lambda: "cells in region 1" in dock.counts.text(), timeout=PATIENCE_MS)
    assert dock.ask.isEnabled()


def test_a_region_is_renamed_in_the_list_and_on_the_canvas(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, LEFT)
    dock.list.item(0).setText("left")
    assert [region.name for region in dock._explaining.regions] == ["left"]
    assert dock.drawing.layer.features["region"].tolist() == ["left"]


def test_a_deleted_region_is_gone(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, LEFT)
    dock._delete()
    assert dock._explaining.regions == ()
    assert dock.drawing.layer.nshapes == 0


def rank(dock: RegionsDock, qtbot: QtBot) -> None:
    """Draw, compare all cells, and wait for the table."""
    draw(dock, qtbot, LEFT)
    dock.form.within.setCurrentText("all cell types")
    question = dock.form.question()
    assert question is not None
    options = nt.ExplainOptions(draws=39)
    dock._explaining.ask(dock.form.run.currentText(), question, options, in_process=True)
    qtbot.waitUntil(lambda: dock._explaining.explanation is not None, timeout=PATIENCE_MS)


def test_every_gene_is_in_the_table_and_can_be_filtered_and_sorted(
    dock: RegionsDock, qtbot: QtBot
) -> None:
    rank(dock, qtbot)
    assert len(dock.table.genes()) == 40
    dock.table.filter.setText("^GENE000")
    assert 0 < len(dock.table.genes()) < 40
    from qtpy.QtCore import Qt

    dock.table.view.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert dock.table.genes() == sorted(dock.table.genes(), reverse=True)


def test_choosing_a_gene_recolours_one_layer(dock: RegionsDock, qtbot: QtBot) -> None:
    rank(dock, qtbot)
    first, layer = dock.gene, dock.canvas.layer
    assert layer is not None
    before = np.asarray(layer.face_color).copy()
    dock.table.choose(dock.table.genes()[5])
    assert dock.gene != first
    after = dock.canvas.layer
    assert after is layer
    assert after.name.startswith(dock.gene)
    assert (np.asarray(after.face_color) != before).any()


def test_a_point_of_the_plot_chooses_its_gene(dock: RegionsDock, qtbot: QtBot) -> None:
    rank(dock, qtbot)
    gene = dock.table.genes()[7]
    dock.plot.chosen.emit(gene)
    assert dock.gene == gene


def test_the_table_and_the_figure_are_written(
    dock: RegionsDock, qtbot: QtBot, tmp_path: Path
) -> None:
    rank(dock, qtbot)
    dock.write_table(tmp_path / "genes.csv")
    dock.write_figure(tmp_path / "genes.png")
    assert (tmp_path / "genes.csv").read_text().startswith("gene,rank,auc")
    assert (tmp_path / "genes.png").read_bytes().startswith(b"\x89PNG")


def test_a_ranking_in_the_store_can_be_looked_at_again(dock: RegionsDock, qtbot: QtBot) -> None:
    rank(dock, qtbot)
    found = dock._explaining.explanation
    assert found is not None
    qtbot.waitUntil(lambda: found.name in dock._explaining.rankings, timeout=PATIENCE_MS)
    dock._explaining.show(found.name)
    qtbot.waitUntil(lambda: dock._explaining.explanation is not found, timeout=PATIENCE_MS)
    assert dock.table.genes() == found.ranking.gene_names.tolist()


def test_a_child_process_answers(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, LEFT)
    dock.form.within.setCurrentText("all cell types")
    dock.ask.click()
    assert dock.cancel.isEnabled()
    qtbot.waitUntil(lambda: dock._explaining.explanation is not None, timeout=PATIENCE_MS)
    assert not dock.cancel.isEnabled()


def test_cancelling_leaves_no_ranking(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, LEFT)
    dock.ask.click()
    dock.cancel.click()
    job = dock._explaining.job
    assert job is not None
    qtbot.waitUntil(lambda: job.state.ended, timeout=PATIENCE_MS)
    assert dock._explaining.rankings == ()


def test_a_side_that_is_too_small_is_said_with_a_remedy(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, [[-1e4, -1e4], [-1e4, 600.0], [1e4, 600.0], [1e4, -1e4]])
    question = dock.form.question()
    assert question is not None
    options = nt.ExplainOptions(draws=39, inside=1.0)
    dock._explaining.ask(dock.form.run.currentText(), question, options, in_process=True)
    qtbot.waitUntil(lambda: "20 cells" in dock.story.text(), timeout=PATIENCE_MS)


def test_the_tissue_shines_through_what_is_drawn(dock: RegionsDock, qtbot: QtBot) -> None:
    draw(dock, qtbot, LEFT)
    layer = dock.drawing.layer
    assert float(layer.face_color[0][3]) < 0.3
    assert float(layer.edge_color[0][3]) == 1


def test_the_heatmap_fills_itself_after_a_ranking(dock: RegionsDock, qtbot: QtBot) -> None:
    rank(dock, qtbot)
    qtbot.waitUntil(lambda: dock.pictures.heat.heat is not None, timeout=PATIENCE_MS)
    heat = dock.pictures.heat.heat
    assert heat is not None
    assert heat.groups[0] == "region 1"
    assert heat.genes == tuple(dock.table.genes()[:20])


def test_the_gene_on_the_tissue_has_its_colour_bar_on_the_canvas(
    dock: RegionsDock, qtbot: QtBot
) -> None:
    canvas = Canvas(dock.canvas._viewer, dock._bench)
    rank(dock, qtbot)
    (legend,) = canvas._guests.legends()
    assert legend.title == f"{dock.gene}, expression (log)"
    assert legend.ramp
    canvas.close()


def test_the_colour_bar_goes_with_the_layer(dock: RegionsDock, qtbot: QtBot) -> None:
    canvas = Canvas(dock.canvas._viewer, dock._bench)
    rank(dock, qtbot)
    assert dock.canvas.layer is not None
    dock.canvas.layer.visible = False
    assert canvas._guests.legends() == []
    canvas.close()
