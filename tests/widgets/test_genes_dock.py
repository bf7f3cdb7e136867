"""The Genes dock: type, step, choose several, mark, remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSettings, Qt
from qtpy.QtTest import QTest

from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.gene_memory import MOST_RECENT, GeneMemory
from napari_tessera.widgets.genes_dock import ALL, COLUMNS, FAVOURITES, RECENT, GenesDock
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.gene_finding import GeneFinding, GeneValues
from napari_tessera.workbench.gene_search import COLUMN, GeneEntry, GeneIndex

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

ENTRIES = (
    GeneEntry(name="ERBB2", aliases=("HER2",)),
    GeneEntry(name="KRT5"),
    GeneEntry(name="MKI67"),
    GeneEntry(name="KRT5", source="stai_1", badge="predicted, r 0.2 (weak)"),
)


@pytest.fixture
def memory(tmp_path: Path) -> GeneMemory:
    return GeneMemory(QSettings(str(tmp_path / "genes.ini"), QSettings.Format.IniFormat))


class Scene:
    """A dock over a planted tissue; values are at hand at once."""

    def __init__(self, memory: GeneMemory) -> None:
        self.viewer, self.bench = ViewerModel(), Bench(lambda work: work())
        self.canvas = Canvas(self.viewer, self.bench)
        planted = planted_tissue(n_cells=50, n_spots=40, n_genes=20)
        self.run = planted_run(planted)
        self.view = planted_view(planted)
        self.bench.tissue_opened.emit(self.view)
        self.finding = GeneFinding(self.bench, lambda work: work())
        self.finding.watch()
        self.finding.index = GeneIndex(ENTRIES)
        self.finding.list_again = lambda: None  # type: ignore[method-assign]
        self.finding.choose = self.choose  # type: ignore[assignment, method-assign]
        self.dock = GenesDock(self.finding, self.canvas, memory)

    def choose(self, entries: list[GeneEntry] | tuple[()]) -> None:
        assert self.view.spots is not None
        self.finding.chosen = tuple(entries[:4])
        names = self.view.spots.names
        halves = np.where(np.arange(names.size) % 2, "left", "right")
        values = [
            GeneValues(
                entry=entry, names=names, unit="u",
                values=np.arange(names.size, dtype=np.float32) + len(entry.name),
                labels=halves if entry.badge.startswith("label") else None,
            )
            for entry in self.finding.chosen
        ]  # fmt: skip
        self.finding.fetched.emit(tuple(values))

    @property
    def chosen(self) -> list[str]:
        return [entry.name for entry in self.finding.chosen]

    def layers(self, role: str = "genes") -> list[Any]:
        return [la for la in self.viewer.layers if la.metadata[MARK]["role"] == role]

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.dock.line, key)


@pytest.fixture
def scene(qtbot: QtBot, memory: GeneMemory) -> Scene:
    made = Scene(memory)
    qtbot.addWidget(made.dock)
    made.dock.show()
    return made


def test_every_line_says_whether_a_gene_was_measured(scene: Scene) -> None:
    texts = [scene.dock.list.item(i).text() for i in range(4)]
    assert texts[1] == "KRT5 · measured"
    assert texts[3] == "KRT5 · predicted, r 0.2 (weak)"


def test_typing_another_name_finds_the_gene(scene: Scene) -> None:
    scene.dock.line.setText("her2")
    assert [entry.name for entry in scene.dock.entries()] == ["ERBB2"]


def test_what_is_like_nothing_is_said(scene: Scene) -> None:
    scene.dock.line.setText("zzzqqq")
    assert "No gene is like" in scene.dock.hint.text()


def test_arrow_keys_step_through_the_genes_and_draw_them(scene: Scene) -> None:
    seen = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        scene.press(key)
        seen += scene.chosen
    assert seen == ["ERBB2", "KRT5", "ERBB2", "ERBB2"]
    assert len(scene.layers()) == 1


def test_enter_takes_every_gene_that_is_typed(scene: Scene) -> None:
    scene.dock.line.setText("her2, mki67")
    scene.press(Qt.Key.Key_Return)
    assert scene.chosen == ["ERBB2", "MKI67"]
    assert len(scene.canvas.genes.legends()) == 2


def test_all_genes_that_are_typed_are_listed_with_the_last_one_open(scene: Scene) -> None:
    scene.dock.line.setText("her2 krt")
    assert [entry.name for entry in scene.dock.entries()] == ["ERBB2", "KRT5", "KRT5"]


def test_the_mouse_tells_the_value_of_a_spot(scene: Scene) -> None:
    scene.dock.list.setCurrentRow(0)
    (layer,) = scene.layers()
    assert list(layer.features.columns) == ["spot", "ERBB2 (measured)"]


def test_several_chosen_lines_are_drawn_together(scene: Scene) -> None:
    for row in (0, 2):
        scene.dock.list.item(row).setSelected(True)
    assert scene.chosen == ["ERBB2", "MKI67"]


def test_the_layer_is_recoloured_in_place(scene: Scene) -> None:
    scene.dock.list.setCurrentRow(0)
    (layer,) = scene.layers()
    before = layer.face_color.copy()
    for row in (1, 2):
        scene.dock.list.item(row).setSelected(True)
    assert scene.layers() == [layer]
    assert not np.array_equal(layer.face_color, before)


def test_clear_takes_the_layer_and_its_legend_away(scene: Scene) -> None:
    scene.dock.list.setCurrentRow(0)
    scene.dock.clear.click()
    assert scene.layers() == []
    assert scene.canvas.genes.legends() == []
    assert not scene.dock.list.selectedItems()


def test_runs_step_back_for_the_first_gene_and_may_return(scene: Scene) -> None:
    scene.bench.run_loaded.emit(scene.run)
    scene.dock.list.setCurrentRow(0)
    (cells,) = scene.layers("cells")
    assert not cells.visible
    scene.bench.run_loaded.emit(scene.run)
    scene.dock.list.setCurrentRow(1)
    assert cells.visible


def test_genes_lie_above_the_outlines_and_below_cells(scene: Scene) -> None:
    scene.bench.run_loaded.emit(scene.run)
    scene.dock.list.setCurrentRow(0)
    roles = [layer.metadata[MARK]["role"] for layer in scene.viewer.layers]
    assert roles.index("spots") < roles.index("genes") < roles.index("cells")


def test_favourites_are_marked_listed_and_unmarked(scene: Scene) -> None:
    scene.dock.list.setCurrentRow(2)
    scene.dock.star.click()
    assert scene.dock.list.item(2).text().startswith("★ MKI67")
    scene.dock.which.setCurrentText(FAVOURITES)
    assert [entry.name for entry in scene.dock.entries()] == ["MKI67"]
    scene.dock.star.click()
    assert scene.dock.entries() == []


def test_recent_genes_are_listed_the_last_one_first(scene: Scene) -> None:
    for row in (0, 2):
        scene.dock.list.setCurrentRow(row)
    scene.dock.which.setCurrentText(RECENT)
    assert [entry.name for entry in scene.dock.entries()] == ["MKI67", "ERBB2"]


def test_memory_lasts_and_does_not_grow_without_end(tmp_path: Path) -> None:
    def open_it() -> GeneMemory:
        return GeneMemory(QSettings(str(tmp_path / "g.ini"), QSettings.Format.IniFormat))

    for number in range(30):
        open_it().look_at([f"g{number}"])
    open_it().mark("only", favourite=True)
    assert open_it().recent == tuple(f"g{n}" for n in range(29, 29 - MOST_RECENT, -1))
    assert open_it().favourites == ("only",)


def test_another_tissue_takes_the_genes_of_the_first_away(scene: Scene) -> None:
    scene.dock.list.setCurrentRow(0)
    scene.bench.tissue_opened.emit(scene.view)
    assert scene.layers() == []


SIDE = GeneEntry(name="side", source=COLUMN, badge="label, 2 values")
DEPTH = GeneEntry(name="depth", source=COLUMN, badge="number")


@pytest.fixture
def with_columns(scene: Scene) -> Scene:
    scene.finding.index = GeneIndex((*ENTRIES, SIDE, DEPTH))
    scene.dock.which.setCurrentText(COLUMNS)
    return scene


def test_columns_of_the_table_are_listed_alone(with_columns: Scene) -> None:
    assert with_columns.dock.entries() == [SIDE, DEPTH]


def test_a_label_is_drawn_with_a_line_for_every_value(with_columns: Scene) -> None:
    with_columns.dock.list.setCurrentRow(0)
    (legend,) = with_columns.canvas.genes.legends()
    assert legend.title == "side"
    assert {entry.name for entry in legend.entries} == {"left", "right"}


def test_a_number_is_drawn_along_the_ramp(with_columns: Scene) -> None:
    with_columns.dock.list.setCurrentRow(1)
    (legend,) = with_columns.canvas.genes.legends()
    assert legend.title == "depth"
    assert legend.ramp


def test_a_click_in_the_legend_hides_the_spots_of_a_label(with_columns: Scene) -> None:
    with_columns.dock.list.setCurrentRow(0)
    with_columns.canvas.toggle_type("left")
    (layer,) = with_columns.layers()
    assert np.asarray(layer.face_color)[:4, 3].tolist() == [1, 0, 1, 0]


def test_a_double_click_shows_a_label_alone_and_the_next_one_all(with_columns: Scene) -> None:
    with_columns.dock.list.setCurrentRow(0)
    with_columns.canvas.isolate_type("left")
    assert with_columns.canvas.genes.hidden == {"right"}
    with_columns.canvas.isolate_type("left")
    assert with_columns.canvas.genes.hidden == frozenset()


def test_it_is_said_that_labels_do_not_blend(with_columns: Scene) -> None:
    for row in (0, 1):
        with_columns.dock.list.item(row).setSelected(True)
    assert "do not blend" in with_columns.dock.hint.text()


def test_columns_are_found_among_genes_when_they_are_typed(with_columns: Scene) -> None:
    with_columns.dock.which.setCurrentText(ALL)
    assert SIDE not in with_columns.dock.entries()
    with_columns.dock.line.setText("side")
    assert with_columns.dock.entries() == [SIDE]
