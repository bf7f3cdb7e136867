"""Steps of the story that look and choose: genes, a column, a lasso, two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from story import Story

GENES = ("ERBB2", "CD74", "COL1A1")
"""Tumour, immune cells, stroma of a breast; the first genes of the table where it has none."""


def search_genes(story: Story) -> None:
    """Search a gene, step to it with the keyboard, then blend several."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_tessera.widgets.genes_dock import GenesDock

    story.dock("Genes").raise_()
    dock = story.main.findChild(GenesDock)
    finding, canvas = story.session.finding, story.session.canvas
    story.must(lambda: finding.index.entries, "the genes of the tissue were listed")
    there = {entry.name for entry in finding.index.entries}
    usual = [entry.name for entry in finding.index.entries[: len(GENES)]]
    genes = [gene for gene in GENES if gene in there] or usual
    dock.line.setText(genes[0].lower())
    QTest.keyClick(dock.line, Qt.Key.Key_Down)
    story.must(canvas.genes.legends, "the gene was drawn")
    story.picture("gene")
    dock.line.setText(", ".join(genes))
    QTest.keyClick(dock.line, Qt.Key.Key_Return)
    story.must(lambda: len(canvas.genes.legends()) == len(genes), "several genes were blended")
    story.picture("blend")


def colour_by_column(story: Story) -> None:
    """Colour the spots by a label of the tissue's own table; then take everything off."""
    from napari_tessera.widgets.genes_dock import COLUMNS, GenesDock

    dock = story.main.findChild(GenesDock)
    dock.line.clear()
    dock.which.setCurrentText(COLUMNS)
    story.must(dock.entries, "the columns of the table were listed")
    labels = [i for i, e in enumerate(dock.entries()) if e.badge.startswith("label")]
    dock.list.setCurrentRow(next(iter(labels), 0))
    genes = story.session.canvas.genes
    story.must(lambda: any(x.entries for x in genes.legends()), "the column was drawn")
    story.picture("column")
    dock.clear.click()
    story.bench.show_run(story.bench.shown.name)
    story.wait(lambda: False, 1.0)


def lasso(story: Story) -> None:
    """Draw around the commonest type in the embedding, and rank its genes."""
    from napari_tessera.contract.population import Kind
    from napari_tessera.widgets.explore_dock import ExploreDock

    story.dock("Explore").raise_()
    dock, exploring = story.main.findChild(ExploreDock), story.session.exploring
    dock.kind.setCurrentText(str(Kind.CELLS))
    dock.kind.textActivated.emit(str(Kind.CELLS))
    story.must(
        lambda: exploring.population is not None and exploring.population.kind is Kind.CELLS,
        "the placed cells were read",
    )
    if not any("UMAP" in name for name in exploring.population.embeddings):
        exploring.compute_umap(of_expression=True)
    story.must(lambda: "UMAP" in exploring.embedding, "a UMAP was computed")
    n = exploring.population.names.size
    story.must(lambda: len(exploring.plane) == n and exploring.groups, "the embedding was drawn")
    groups = exploring.groups
    theirs = exploring.plane[groups.codes == int(groups.counts.argmax())]
    middle, spread = np.nanmedian(theirs, axis=0), np.nanstd(theirs, axis=0)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    dock.plot.lassoed.emit(middle + 0.8 * spread * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    story.must(lambda: exploring.first.any(), "cells were selected")
    dock.rank.click()
    story.must(lambda: exploring.comparison is not None, "genes of the selection were ranked")
    for gene in exploring.comparison.gene_names[:2]:
        dock.table.choose(str(gene))
    story.must(lambda: len(dock.violins.genes) > 1, "violins were drawn")
    story.picture("lasso")
    dock.clear.click()


def compare(story: Story) -> None:
    """Run the method without training as well, and look at both beside each other."""
    from napari_tessera.methods import METHODS
    from napari_tessera.widgets.compare_dialog import CompareDialog
    from napari_tessera.widgets.model_dock import ModelDock

    first = story.bench.shown.name
    story.dock("Model").raise_()
    model, title = story.main.findChild(ModelDock), METHODS["baseline"].title
    before = model.method.currentText()
    model.method.setCurrentText(title)
    model.method.textActivated.emit(title)
    story.must(lambda: story.bench.can_run, "the gate had nothing against it")
    model.run_bar.run.click()
    story.must(lambda: len(story.bench.runs) > 1, "the second run was kept")
    story.must(lambda: story.bench.shown.name != first, "the second run was shown")
    story.dock("Results").raise_()
    dialog = story.main.findChild(CompareDialog)
    dialog.choose(first, story.bench.shown.name)
    story.must(dialog.compare.isEnabled, "the two runs can be compared")
    dialog.compare.click()
    story.must(lambda: dialog.canvas.on, "both were drawn beside each other")
    story.viewer.window.add_dock_widget(dialog, name="Compare", area="right")
    story.main.tabifyDockWidget(story.dock("Model"), story.dock("Compare"))
    story.wait(lambda: False, 0.5)
    story.dock("Compare").raise_()
    story.picture("compare")
    dialog.stop.click()
    story.dock("Compare").hide()
    model.method.setCurrentText(before)
    model.method.textActivated.emit(before)
    story.bench.show_run(first)
    story.must(lambda: story.bench.shown.name == first, "the first run was shown again")
