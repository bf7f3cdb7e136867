"""The Explore dock: an embedding tied to the tissue, and what sets a selection apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QCompleter,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.contract.population import MEANINGS, Against, How, Kind
from napari_tessera.viewer.scatter import FIRST, NEITHER, SECOND
from napari_tessera.viewer.selection import group_rgba
from napari_tessera.widgets.explore_canvas import ExploreCanvas
from napari_tessera.widgets.explore_charts import (
    ShareBars,
    Violins,
    colour_of_others,
    legend_words,
)
from napari_tessera.widgets.explore_plot import EmbeddingPlot
from napari_tessera.widgets.gene_table import GeneTable
from napari_tessera.widgets.parts import (
    DOCK_WIDTH,
    ask_file,
    button,
    combo,
    fill,
    form,
    row,
    scrolled,
    words,
)
from napari_tessera.workbench.tasks import attempt
from napari_tessera.workflows.files import save_table

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer
    from numpy.typing import NDArray
    from qtpy.QtGui import QShowEvent

    from napari_tessera.viewer.violins import GeneViolins
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.exploring import Exploring

BY_SELECTION = "by selection"
"""Entry of the colours that tells the selections apart."""

MOST_GENES = 4
"""Genes whose violins are shown together."""

_EMPTY = "Open a tissue in the Tissue dock; its spots, and the cells that a run placed, are here."
_NO_EMBEDDING = (
    "No embedding is stored with these. UMAP makes one; a lasso on the tissue works without."
)


class ExploreDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Lasso in an embedding or on the tissue; bars, violins and ranked genes of who is inside.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the tissue is.
    bench : Bench
        Knows it.
    exploring : Exploring
        Knows who is selected.
    """

    def __init__(self, viewer: Viewer, bench: Bench, exploring: Exploring) -> None:
        super().__init__()
        self.setObjectName("tesseraExplore")
        self.setWindowTitle("Explore")
        self._exploring = exploring
        self.canvas = ExploreCanvas(viewer, bench, exploring)
        self.kind = combo("Who is looked at: the spots, or the cells that a run placed", self._kind)
        self.embedding = combo("Embedding that is seen", exploring.embed)
        self.colour = combo("What the colours say", self._on_colour)
        self.plot = EmbeddingPlot()
        self.plot.hide()
        self.story = words(_EMPTY)
        self.how = combo("What a lasso does with those inside it", lambda _: None)
        self.counts = words()
        self.bars = ShareBars()
        self.bars.hide()
        self.against = combo("Whom the selection is compared with", self._on_against)
        self.genes = QLineEdit()
        self.violins = Violins()
        self.table = GeneTable()
        self._buttons()
        fill(self.kind, [str(kind) for kind in Kind], str(Kind.SPOTS))
        fill(self.how, [str(how) for how in How], str(How.ANEW))
        self.genes.setPlaceholderText("Genes, such as ERBB2, CD3E")
        self.genes.setToolTip(f"Up to {MOST_GENES} genes whose expression is compared")
        self._lay_out()
        self._connect()
        self._on_selected()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin once the dock is seen; one that is opened as a tab behind others is not."""
        super().showEvent(event)
        QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        if self.isVisible():
            self._exploring.watch()

    def _buttons(self) -> None:
        do = self._exploring
        self.lasso = button("Lasso", "Drag in the embedding to draw around some", self._lasso_here)
        self.move_button = button("Move", "Drag to move the embedding, wheel to zoom", self._move)
        for each in (self.lasso, self.move_button):
            each.setCheckable(True)
        self.lasso.setChecked(True)
        self.on_tissue = button(
            "On tissue", "Hold the button and draw around some on the tissue",
            self.canvas.start,
        )  # fmt: skip
        self.umap = QPushButton("UMAP")
        self.umap.setToolTip(
            "Compute a UMAP in the background; it is kept while the window is open"
        )
        menu = QMenu(self.umap)
        menu.addAction("of the expression", lambda: do.compute_umap(of_expression=True))
        menu.addAction("of the embedding that is seen", lambda: do.compute_umap())
        self.umap.setMenu(menu)
        self.keep = button("Keep as second", "Keep the selection to compare with", do.keep_second)
        self.clear = button("Clear", "Select nobody", do.clear)
        self.rank = button("Rank genes", "Wilcoxon's test for every gene", do.compare)
        self.save = button("Table…", "Write all genes to a CSV file", self._save)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        look = form({"Look at": self.kind, "Colours": self.colour, "Embedding": self.embedding})
        tools = row(self.lasso, self.move_button, self.on_tissue, self.umap)
        against = form({"A lasso": self.how, "Against": self.against})
        for part in (
            look, self.plot, self.story, tools, against, row(self.keep, self.clear), self.counts,
            self.bars, self.genes, self.violins, row(self.rank, self.save), self.table,
        ):  # fmt: skip
            column.addWidget(part)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = scrolled(inside)
        bar = area.verticalScrollBar().sizeHint().width()
        area.setMinimumWidth(max(DOCK_WIDTH, inside.minimumSizeHint().width() + bar))
        outer.addWidget(area)

    def _connect(self) -> None:
        do = self._exploring
        do.population_changed.connect(self._on_population)
        do.embedded.connect(self._on_embedded)
        do.coloured.connect(self._on_coloured)
        do.selected.connect(self._on_selected)
        do.charted.connect(self._on_charted)
        do.compared.connect(self._on_compared)
        do.genes_read.connect(self._on_genes)
        do.failed.connect(self._on_failed)
        do.busy_changed.connect(self._on_busy)
        self.plot.lassoed.connect(lambda outline: do.lasso_embedding(outline, self._how()))
        self.canvas.lassoed.connect(lambda outline: do.lasso_tissue(outline, self._how()))
        self.bars.picked.connect(do.select_group)
        self.genes.editingFinished.connect(self._chart)
        self.table.chosen.connect(self._add_gene)

    # -- what is said --------------------------------------------------------------------------

    def _on_population(self) -> None:
        population = self._exploring.population
        if population is None:
            return
        fill(self.kind, [str(kind) for kind in Kind], str(population.kind))
        chosen = BY_SELECTION if self.colour.currentText() == BY_SELECTION else None
        fill(self.colour, [*population.labels, BY_SELECTION], chosen or self._exploring.column)
        self.story.setText("")

    def _on_embedded(self) -> None:
        population, name = self._exploring.population, self._exploring.embedding
        known = () if population is None else tuple(population.embeddings)
        fill(self.embedding, known, name)
        self.story.setText("" if known else _NO_EMBEDDING)
        self.plot.setVisible(bool(known))
        self.plot.set_places(self._exploring.plane)
        self._paint()

    def _on_coloured(self) -> None:
        if self.colour.currentText() != BY_SELECTION:
            self.colour.setCurrentText(self._exploring.column)
        self._paint()
        self._count()

    def _on_selected(self) -> None:
        do = self._exploring
        entries = [Against.REST, *([Against.SECOND] if do.second.any() else [])]
        fill(self.against, [str(each) for each in entries], str(do.against))
        self._paint()
        self._count()
        self._refresh()
        if self.genes.text().strip():
            self._chart()

    def _on_charted(self, found: tuple[GeneViolins, ...]) -> None:
        second = self._exploring.against is Against.SECOND
        self.violins.set_genes(found, colour_of_others(second=second))

    def _on_compared(self) -> None:
        found = self._exploring.comparison
        self.table.set_ranking(found, MEANINGS)
        if found is not None:
            self.story.setText(f"Genes of {found.words}.")
        self._refresh()

    def _on_genes(self) -> None:
        completer = QCompleter(list(self._exploring.genes))
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.genes.setCompleter(completer)

    def _on_failed(self, message: str, hint: str) -> None:
        self.story.setText(f"{message}\n{hint}".strip())
        self._refresh()

    def _on_busy(self, what: str) -> None:
        self.umap.setEnabled(what != "Computing a UMAP")
        self.rank.setText("Ranking…" if what in {"Reading genes", "Comparing"} else "Rank genes")

    # -- parts ---------------------------------------------------------------------------------

    def _paint(self) -> None:
        """Bring the embedding's colours in line."""
        do = self._exploring
        if do.groups is None or do.population is None:
            return
        chosen, rgba = group_rgba(do.first, do.second)
        colours = do.rgba
        if self.colour.currentText() == BY_SELECTION and len(colours) == len(chosen):
            colours = np.tile(_NEITHER, (len(chosen), 1))
            colours[chosen] = rgba
        self.plot.set_look(colours, chosen)

    def _count(self) -> None:
        do = self._exploring
        if do.population is None:
            return
        sides = {f"{int(do.first.sum()):,} of {do.first.size:,} {do.population.kind}": FIRST}
        if do.second.any():
            sides[f"second: {int(do.second.sum()):,}"] = SECOND
        if do.against is Against.REST:
            sides["all others"] = NEITHER
        self.counts.setText(legend_words(sides))
        second = do.against is Against.SECOND
        self.bars.show()
        self.bars.set_shares(do.groups, (do.first, do.others), colour_of_others(second=second))

    def _refresh(self) -> None:
        """Bring buttons in line with what can be done."""
        do = self._exploring
        there = bool(do.first.any())
        self.rank.setEnabled(there and bool(do.others.any()))
        self.keep.setEnabled(there)
        self.clear.setEnabled(there or bool(do.second.any()))
        self.save.setEnabled(do.comparison is not None)

    def _how(self) -> How:
        return How(self.how.currentText())

    # -- verbs ---------------------------------------------------------------------------------

    def _kind(self, word: str) -> None:
        self._exploring.look_at(Kind(word))

    def _on_colour(self, word: str) -> None:
        if word == BY_SELECTION:
            self._paint()
        else:
            self._exploring.colour_by(word)

    def _on_against(self, word: str) -> None:
        self._exploring.set_against(Against(word))

    def _lasso_here(self) -> None:
        self._let_draw(on=True)

    def _move(self) -> None:
        self._let_draw(on=False)

    def _let_draw(self, *, on: bool) -> None:
        self.lasso.setChecked(on)
        self.move_button.setChecked(not on)
        self.plot.set_lasso(on=on)

    def named_genes(self) -> list[str]:
        """Genes that stand in the line, without doubles."""
        parts = [part.strip() for part in self.genes.text().replace(";", ",").split(",")]
        return list(dict.fromkeys(part for part in parts if part))

    def _add_gene(self, gene: str) -> None:
        """Put a gene first in the line."""
        named = [gene, *(other for other in self.named_genes() if other != gene)]
        self.genes.setText(", ".join(named[:MOST_GENES]))
        self._chart()

    def _chart(self) -> None:
        if self.named_genes() and self._exploring.population is not None:
            self._exploring.chart(self.named_genes()[:MOST_GENES])

    def _save(self) -> None:
        path = ask_file(self, "Write the table", "genes.csv", "CSV (*.csv)")
        if path is not None:
            self.write_table(path)

    def write_table(self, path: Path) -> None:
        """Write all genes with all columns."""
        found = self._exploring.comparison
        if found is not None:
            attempt(lambda: save_table(found.table(), path), self._exploring.failed.emit)


def _rgba(colour: str) -> NDArray[np.float32]:
    from napari_tessera.viewer.colours import rgba_of

    return np.array(rgba_of(colour), dtype=np.float32)


_NEITHER = _rgba(NEITHER)
