"""Tissue dock: open a tissue and a reference, choose what to read, see what is wrong."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.widgets.busy_bar import BusyBar
from napari_tessera.widgets.parts import button, combo, fill, row, scrolled, words
from napari_tessera.widgets.problem_list import ProblemList

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QDragEnterEvent, QDropEvent

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Report
    from napari_tessera.workbench.bench import Bench

TISSUE_FIELDS = {
    "table": ("Table", "Table with the spots' expression"),
    "region": ("Spots", "Element that the table annotates"),
    "coordinate_system": ("Coordinates", "Coordinate system of spots and picture"),
    "image": ("Picture", "Picture to look at"),
    "layer": ("Counts", "Where the spots' counts are"),
    "gene_column": ("Genes", "Column of var with gene symbols; index is the row names"),
}
REFERENCE_FIELDS = {
    "cell_type_column": ("Cell types", "Column of the reference with the cell types"),
    "reference_layer": ("Counts", "Where the reference's counts are"),
    "reference_gene_column": ("Genes", "Column of var with gene symbols; index is the row names"),
}
UNSAID = {
    "layer": "X",
    "reference_layer": "X",
    "gene_column": "index",
    "reference_gene_column": "index",
}
"""What stands in the box for None."""

SELDOM = {"region", "gene_column", "reference_layer", "reference_gene_column"}
"""Boxes that are there only where there is something to choose."""

FORGOTTEN = {
    "table": ("region", "layer", "gene_column"),
    "coordinate_system": ("image",),
}
"""Choices that a choice makes meaningless."""


class TissueDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Open, choose, and read what the gate says before anything is trained.

    Parameters
    ----------
    bench : Bench
        Does the work.
    scale : QWidget, optional
        Says how long a unit of the coordinates is.
    """

    def __init__(self, bench: Bench, scale: QWidget | None = None) -> None:
        super().__init__()
        self.setObjectName("tesseraTissue")
        self.setWindowTitle("Tissue")
        self._bench, self._scale = bench, scale
        self.boxes = {
            name: combo(tip, partial(self._choose, name))
            for name, (_, tip) in (TISSUE_FIELDS | REFERENCE_FIELDS).items()
        }
        self._forms: dict[str, QFormLayout] = {}
        self.tissue_name = words("Open a tissue, or drop one here.")
        self.keep = button(
            "Keep as .zarr…",
            "This tissue has no store yet: write one, so that results are kept",
            self._ask_where_to_keep,
        )
        self.keep.hide()
        self.reference_name = words("Open annotated single cells, or drop them here.")
        self.busy = words()
        self.busy_bar = BusyBar()
        self.summary = words()
        self.problems = ProblemList()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        self.tissue_part = Part(self._bench.open_tissue, self._tissue_widgets())
        self.reference_part = Part(self._bench.open_reference, self._reference_widgets())
        column.addWidget(self.tissue_part)
        column.addWidget(self.reference_part)
        for widget in (self.busy, self.busy_bar, self.summary, self.problems):
            column.addWidget(widget)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))

    def _tissue_widgets(self) -> list[QWidget]:
        folder_tip = "Open a SpatialData .zarr or a vendor's folder"
        self.folder = button("Folder…", folder_tip, self._ask_folder)
        self.table_file = button("File…", "Open an .h5ad table with coordinates", self._ask_table)
        picture_tip = "Open the .h5ad again with a picture beside it"
        self.picture = button("Picture…", picture_tip, self._ask_picture)
        opens = row(self.folder, self.table_file, self.picture)
        self.sample = button(
            "Try the sample",
            "Open a tissue and a reference to try everything on; nothing of yours is needed",
            lambda: self._bench.open_sample(real=True),
        )
        self.tour = QPushButton("Take the tour")
        self.tour.setToolTip("Be shown around on the sample, one dock after the other")
        form = self._form(tuple(TISSUE_FIELDS))
        below = [] if self._scale is None else [self._scale]
        title = words("<b>Tissue</b>")
        first = row(self.sample, self.tour)
        return [title, opens, first, self.tissue_name, self.keep, form, *below]

    def _reference_widgets(self) -> list[QWidget]:
        tip = "Open annotated single cells (.h5ad)"
        self.reference = opens = button("Open reference…", tip, self._ask_cells)
        form = self._form(tuple(REFERENCE_FIELDS))
        return [words("<b>Reference</b>"), opens, self.reference_name, form]

    def _form(self, names: tuple[str, ...]) -> QWidget:
        holder = QWidget()
        form = QFormLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for name in names:
            form.addRow((TISSUE_FIELDS | REFERENCE_FIELDS)[name][0], self.boxes[name])
            self._forms[name] = form
        return holder

    def _connect(self) -> None:
        bench = self._bench
        bench.tissue_opened.connect(self._on_tissue)
        bench.reference_opened.connect(self._on_reference)
        bench.selection_changed.connect(self._on_selection)
        bench.checked.connect(self._on_report)
        bench.checking.connect(self._on_checking)
        bench.busy_changed.connect(self._on_busy)
        bench.failed.connect(self._on_failed)
        self._on_tissue()
        self._on_reference()
        self._on_busy(bench.busy)
        if bench.report is not None:
            self._on_report(bench.report)

    # -- what a person does --------------------------------------------------------------------

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a .zarr or a vendor's folder")
        if chosen:
            self._bench.open_tissue(Path(chosen))

    def _ask_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a tissue", "", "AnnData (*.h5ad)")
        if chosen:
            self._bench.open_tissue(Path(chosen))

    def _ask_cells(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a reference", "", "AnnData (*.h5ad)")
        if chosen:
            self._bench.open_reference(Path(chosen))

    def _ask_picture(self) -> None:
        from napari_tessera.widgets.picture_dialog import place_picture

        place_picture(self, self._bench)

    def _ask_where_to_keep(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Keep as", "", "SpatialData (*.zarr)")
        if chosen:
            self._bench.keep_tissue(Path(chosen).with_suffix(".zarr"))

    def _choose(self, name: str, text: str) -> None:
        changes: dict[str, str | None] = {name: None if text == UNSAID.get(name) else text}
        changes |= dict.fromkeys(FORGOTTEN.get(name, ()))
        self._bench.select(**changes)

    # -- what the bench says -------------------------------------------------------------------

    def _on_tissue(self, _view: object = None) -> None:
        tissue = self._bench.tissue
        self.picture.setEnabled(tissue is not None and bool(self._bench.origin.source))
        self.keep.setVisible(tissue is not None and tissue.path is None)
        for first in (self.sample, self.tour):
            first.setVisible(tissue is None)
        if tissue is not None:
            unkept = "" if tissue.path is not None else " Results stay in memory until it is kept."
            self.tissue_name.setText(f"{tissue.title}.{unkept}" if unkept else tissue.title)
        self._on_selection(self._bench.selection)

    def _on_reference(self, _choices: object = None) -> None:
        choices, source = self._bench.reference_choices, self._bench.reference
        if choices is not None:
            name = source.name if isinstance(source, Path) else "Cells in memory"
            sizes = f"{choices.n_cells:,} cells, {choices.n_genes:,} genes"
            self.reference_name.setText(f"{name}: {sizes}")
        self._on_selection(self._bench.selection)

    def _on_selection(self, selection: Selection) -> None:
        tissue, reference = self._bench.choices, self._bench.reference_choices
        table = selection.table or ""
        entries: dict[str, tuple[str, ...]] = dict.fromkeys(self.boxes, ())
        if tissue is not None:
            entries["table"] = tissue.tables
            entries["region"] = tissue.regions.get(table, ())
            entries["coordinate_system"] = tissue.coordinate_systems
            entries["image"] = tissue.images
            entries["layer"] = ("X", *tissue.layers.get(table, ()))
            entries["gene_column"] = ("index", *tissue.gene_columns.get(table, ()))
        if reference is not None:
            entries["cell_type_column"] = reference.cell_type_columns
            entries["reference_layer"] = ("X", *reference.layers)
            entries["reference_gene_column"] = ("index", *reference.gene_columns)
        for name, box in self.boxes.items():
            fill(box, entries[name], getattr(selection, name) or UNSAID.get(name))
            needed = len(entries[name]) > 1 or name not in SELDOM
            self._forms[name].setRowVisible(box, needed)

    def _on_checking(self) -> None:
        self.summary.setText("Checking…")
        self.problems.show_report(None)

    def _on_busy(self, what: str) -> None:
        self.busy.setText(f"{what}…" if what else "")
        self.busy.setVisible(bool(what))
        self.busy_bar.setVisible(bool(what))

    def _on_report(self, report: Report) -> None:
        parts = [f"{report.n_spots:,} spots"]
        if self._bench.reference is None:
            parts.append("open a reference to go on")
        else:
            parts += [f"{report.n_cells:,} cells", f"{report.n_genes:,} shared genes"]
            parts.append("ready to run" if report.ok else "this cannot be trained on yet")
        self.summary.setText("<b>" + " · ".join(parts) + "</b>")
        self.problems.show_report(report)

    def _on_failed(self, message: str, hint: str) -> None:
        self.summary.clear()
        self.problems.show_failure(message, hint)


class Part(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A part of the dock on which a file or folder can be dropped.

    Parameters
    ----------
    take : callable
        Gets the path.
    widgets : list of QWidget
        What is in it, top to bottom.
    """

    def __init__(self, take: Callable[[Path], None], widgets: list[QWidget]) -> None:
        super().__init__()
        self._take = take
        self.setAcceptDrops(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            self._column.addWidget(widget)

    def add(self, widget: QWidget, place: int) -> None:
        """Put a further widget in, so many from the top."""
        self._column.insertWidget(place, widget)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file or folder of this machine."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self._take(Path(event.mimeData().urls()[0].toLocalFile()))
