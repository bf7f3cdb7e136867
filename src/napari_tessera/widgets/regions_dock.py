"""The Regions & genes dock: draw, ask which genes put the cells there, look at the answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_tessera.explain.options import ExplainOptions
from napari_tessera.widgets.gene_canvas import ATTRIBUTION, EXPRESSION, GeneCanvas
from napari_tessera.widgets.gene_pictures import GenePictures
from napari_tessera.widgets.gene_table import GeneTable
from napari_tessera.widgets.options_form import OptionsForm
from napari_tessera.widgets.parts import ask_file, button, combo, fill, row, scrolled, words
from napari_tessera.widgets.question_form import QuestionForm
from napari_tessera.widgets.regions_drawing import MODES, RegionsDrawing
from napari_tessera.widgets.regions_files import NARROW, RegionsFiles
from napari_tessera.widgets.regions_list import RegionsList
from napari_tessera.workbench.tasks import attempt
from napari_tessera.workflows.files import save_figure, save_table

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer

    from napari_tessera.contract.explanation import Explanation
    from napari_tessera.contract.results import Run
    from napari_tessera.explain.groups import Sides
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining

FINE = 1000
"""Steps of the progress bar."""

_TIPS = {
    "Polygon": "Click corner by corner, double-click to end; an outline inside another of the same "
    "name cuts a hole",
    "Lasso": "Hold the mouse button and draw around the region",
    "Path": "Click along a line, double-click to end; genes are ranked by their trend along it",
}
_NO_TISSUE = "Open a tissue in the Tissue dock; regions and paths are drawn over it."
_NO_CELLS = (
    "Draw a region over the tissue. To rank genes, place cells first: press Run in the Model dock."
)
_NOTHING = "Draw a region over the tissue, or choose a cell type."


class RegionsDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Draw regions, ask about them, and look at ranked genes.

    Parameters
    ----------
    viewer : napari.Viewer
        Where people draw and look.
    bench : Bench
        Knows tissue and runs.
    explaining : Explaining
        Keeps regions, asks and answers.
    """

    def __init__(self, viewer: Viewer, bench: Bench, explaining: Explaining) -> None:
        super().__init__()
        self.setObjectName("tesseraRegionsDock")
        self.setWindowTitle("Regions & genes")
        self._bench, self._explaining = bench, explaining
        self.drawing = RegionsDrawing(viewer, bench, explaining)
        self.canvas = GeneCanvas(viewer, bench, explaining)
        self.list = RegionsList()
        self.form = QuestionForm()
        self.options = OptionsForm(ExplainOptions)
        self.counts = words(_NO_TISSUE)
        self.ask = button("Rank genes", "Attribute and test in the background", self._ask)
        self.cancel = button("Cancel", "Stop; nothing is written", explaining.cancel)
        self.bar = QProgressBar()
        self.bar.setRange(0, FINE)
        self.story = words()
        self.files = RegionsFiles(bench, explaining, self.story.setText)
        self.table = GeneTable()
        self.pictures = GenePictures()
        self.plot = self.pictures.plot
        self.shown = combo("What of the chosen gene is shown on the tissue", self._on_shown)
        self.old = combo("Rankings in this tissue", explaining.show)
        self.save_table = button("Table…", "Write all genes to a CSV file", self._save_table)
        self.save_figure = button(
            "Figure…", "Write the picture: SVG, PNG or PDF", self._save_figure
        )
        self.gene = ""
        self.shown.setMinimumContentsLength(8)
        fill(self.shown, (ATTRIBUTION, EXPRESSION), ATTRIBUTION)
        self._lay_out()
        self._connect()
        self._catch_up()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        tools = [button(word, _TIPS[word], partial(self.drawing.start, word)) for word in MODES]
        delete = button("Delete", "Delete the chosen region", self._delete)
        for made in (*tools, delete):
            made.setMinimumWidth(NARROW)
        fold = QCollapsible("How")
        fold.setDuration(0)
        fold.addWidget(self.options)
        for part in (
            row(*tools, delete), self.files, self.list, self.form, fold, self.counts,
            row(self.ask, self.cancel), self.bar, self.story, self.old, self.table,
            row(self.shown, self.save_table, self.save_figure), self.pictures,
        ):  # fmt: skip
            column.addWidget(part)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scrolled(inside))

    def _connect(self) -> None:
        explaining, bench = self._explaining, self._bench
        explaining.regions_changed.connect(self._on_regions)
        explaining.rankings_changed.connect(self._on_rankings)
        explaining.counted.connect(self._on_counted)
        explaining.job_changed.connect(self._on_job)
        explaining.explained.connect(self._on_explained)
        explaining.failed.connect(self._on_failed)
        bench.runs_changed.connect(lambda _: self._on_runs())
        bench.tissue_opened.connect(lambda _: self._guide())
        bench.run_loaded.connect(self._on_run)
        self.list.renamed.connect(self.drawing.rename)
        self.list.chosen.connect(self.form.choose_group)
        self.form.changed.connect(self._count)
        self.table.chosen.connect(self._on_gene)
        self.pictures.chosen.connect(self.table.choose)
        explaining.averaged.connect(self.pictures.set_heat)

    def _catch_up(self) -> None:
        """Take what was there before the dock."""
        self._on_runs()
        if self._bench.shown is not None:
            self._on_run(self._bench.shown)
        self._on_regions(self._explaining.regions)
        self._on_rankings(self._explaining.rankings)
        self._on_explained(self._explaining.explanation)
        self._refresh()

    # -- what others say -----------------------------------------------------------------------

    def _on_runs(self) -> None:
        self.form.set_runs([s.name for s in self._bench.runs if s.n_cells])
        self._guide()
        self._refresh()

    def _on_run(self, run: Run) -> None:
        self.form.set_run(run)
        self._count()

    def _on_regions(self, _regions: tuple[object, ...]) -> None:
        self.form.set_regions(self._explaining.regions)
        self.list.set_regions(self._explaining.regions)
        self._count()
        self._guide()

    def _guide(self) -> None:
        """Say what to do first, where nothing can be asked yet."""
        if self.form.question() is not None:
            return
        if self._bench.tissue is None:
            self.counts.setText(_NO_TISSUE)
        else:
            self.counts.setText(_NOTHING if self.form.run.count() else _NO_CELLS)

    def _on_rankings(self, names: tuple[str, ...]) -> None:
        found = self._explaining.explanation
        fill(self.old, names, None if found is None else found.name)

    def _on_counted(self, sides: Sides | None) -> None:
        self.counts.setText("" if sides is None else f"{sides}.")
        few = sides is not None and not sides.enough
        if few:
            self.counts.setText(f"{sides}: fewer than 20 on a side, too few to compare.")

    def _on_job(self, job: Job) -> None:
        progress = job.progress
        self.bar.setValue(0 if progress is None else int(FINE * progress.fraction))
        running = not job.state.ended
        words_now = "starting" if progress is None else progress.stage
        self.story.setText(f"{job.name}: {words_now}…" if running else f"{job.name}: {job.state}.")
        self._refresh()

    def _on_explained(self, explanation: Explanation | None) -> None:
        ranking = None if explanation is None else explanation.ranking
        self.table.set_ranking(ranking)
        self.pictures.set_explanation(explanation)
        if explanation is not None:
            self._explaining.average(explanation)
        self.gene = ""
        if explanation is not None and ranking is not None:
            notes = "\n".join(f"Note: {note}" for note in ranking.warnings)
            self.story.setText(f"{ranking.contrast}\n{notes}")
            self.table.choose(str(ranking.gene_names[0]))
        self._refresh()

    def _on_failed(self, message: str, hint: str) -> None:
        self.story.setText(f"{message}\n{hint}".strip())
        self._refresh()

    def _on_gene(self, gene: str) -> None:
        self.gene = gene
        self._draw_gene()

    def _on_shown(self, _text: str) -> None:
        self._draw_gene()

    def _draw_gene(self) -> None:
        explanation = self._explaining.explanation
        if explanation is not None and self.gene:
            self.canvas.draw(explanation, self.gene, self.shown.currentText())
            self.pictures.choose(self.gene, self.shown.currentText())

    def _refresh(self) -> None:
        """Bring buttons in line with what can be done."""
        job = self._explaining.job
        running = job is not None and not job.state.ended
        self.ask.setEnabled(not running and self.form.question() is not None)
        self.cancel.setEnabled(running)
        there = self._explaining.explanation is not None
        for made in (self.save_table, self.save_figure, self.shown, self.table, self.pictures):
            made.setEnabled(there)

    # -- verbs ---------------------------------------------------------------------------------

    def _chosen_options(self) -> ExplainOptions:
        options = self.options.options()
        return options if isinstance(options, ExplainOptions) else ExplainOptions()

    def _count(self) -> None:
        question = self.form.question()
        self._refresh()
        if question is not None:
            self._explaining.count(self.form.run.currentText(), question, self._chosen_options())

    def _ask(self) -> None:
        question = self.form.question()
        if question is not None:
            self._explaining.ask(self.form.run.currentText(), question, self._chosen_options())

    def _delete(self) -> None:
        if self.list.name:
            self.drawing.remove(self.list.name)

    def _save_table(self) -> None:
        path = ask_file(self, "Write the table", "genes.csv", "CSV (*.csv)")
        if path is not None:
            self.write_table(path)

    def _save_figure(self) -> None:
        kinds = "SVG (*.svg);;PNG (*.png);;PDF (*.pdf)"
        path = ask_file(self, "Write the figure", "genes.svg", kinds)
        if path is not None:
            self.write_figure(path)

    def write_table(self, path: Path) -> None:
        """Write all genes with all columns."""
        found = self._explaining.explanation
        if found is None:
            return
        failed = self._explaining.failed
        if attempt(lambda: save_table(found.ranking.table(), path), failed.emit):
            self._explaining.exported.emit("table", found.name, path)

    def write_figure(self, path: Path) -> None:
        """Write the picture that is in front as a figure; the ending says how."""
        figure, found = self.pictures.figure(), self._explaining.explanation
        if figure is None or found is None:
            return
        if attempt(lambda: save_figure(figure, path), self._explaining.failed.emit):
            self._explaining.exported.emit("figure", found.name, path)
