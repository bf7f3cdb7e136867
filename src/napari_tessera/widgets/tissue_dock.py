"""Tissue dock: open a tissue and a reference, choose what to read, see what is wrong."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from napari_tessera.contract.report import Severity
from napari_tessera.widgets.parts import button, combo, fill, scrolled, words

if TYPE_CHECKING:
    from qtpy.QtGui import QDragEnterEvent, QDropEvent

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem, Report
    from napari_tessera.workbench.bench import Bench

MARKS = {Severity.REFUSE: "⛔", Severity.REPAIR: "🔧", Severity.REMARK: "ℹ"}  # noqa: RUF001
FIELDS = {
    "table": "Table with the spots' expression",
    "coordinate_system": "Coordinate system of spots and picture",
    "image": "Picture to look at",
    "layer": "Where the counts are",
    "gene_column": "Column of var with gene symbols",
    "cell_type_column": "Column of the reference with the cell types",
}
DEFAULT = "(default)"


class TissueDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Open, choose, and read what the gate says before anything is trained.

    Parameters
    ----------
    bench : Bench
        Does the work.
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.setObjectName("tesseraTissue")
        self.setWindowTitle("Tissue")
        self.setAcceptDrops(True)
        self._bench = bench
        self.tissue_name = words("No tissue yet: open one, or drop a folder here.")
        self.reference_name = words("No reference yet.")
        self.boxes = {name: combo(tip, partial(self._choose, name)) for name, tip in FIELDS.items()}
        self.summary = words()
        self.problems = words()
        self.busy = words()
        self._lay_out()
        bench.tissue_opened.connect(self._on_tissue)
        bench.reference_opened.connect(self._on_reference)
        bench.selection_changed.connect(self._on_selection)
        bench.checked.connect(self._on_report)
        bench.checking.connect(self._on_checking)
        bench.busy_changed.connect(self._on_busy)
        bench.failed.connect(self._on_failed)
        self._on_selection(bench.selection)
        if bench.view is not None:
            self._on_tissue(bench.view)
        if bench.reference_choices is not None:
            self._on_reference(bench.reference_choices)
        if bench.report is not None:
            self._on_report(bench.report)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        opens = QHBoxLayout()
        opens.addWidget(
            button("Open folder…", "Open a .zarr or a vendor's folder", self._ask_folder)
        )
        opens.addWidget(button("Open .h5ad…", "Open a table with coordinates", self._ask_table))
        column.addLayout(opens)
        column.addWidget(self.tissue_name)
        column.addWidget(
            button(
                "Open reference…", "Open the annotated single cells (.h5ad)", self._ask_reference
            )
        )
        column.addWidget(self.reference_name)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        labels = ("Table", "Coordinates", "Picture", "Counts", "Genes", "Cell types")
        for label, box in zip(labels, self.boxes.values(), strict=True):
            form.addRow(label, box)
        column.addLayout(form)
        for label in (self.busy, self.summary, self.problems):
            column.addWidget(label)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))

    # -- what a person does --------------------------------------------------------------------

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a .zarr or a vendor's folder")
        if chosen:
            self._bench.open_tissue(Path(chosen))

    def _ask_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a tissue", "", "AnnData (*.h5ad)")
        if chosen:
            self._bench.open_tissue(Path(chosen))

    def _ask_reference(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a reference", "", "AnnData (*.h5ad)")
        if chosen:
            self._bench.open_reference(Path(chosen))

    def _choose(self, name: str, text: str) -> None:
        value = None if text == DEFAULT else text
        changes: dict[str, str | None] = {name: value}
        if name == "table":
            changes |= {"region": None, "layer": None, "gene_column": None}
        if name == "coordinate_system":
            changes["image"] = None
        self._bench.select(**changes)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls()[:1]:
            self._bench.open_tissue(Path(url.toLocalFile()))

    # -- what the bench says -------------------------------------------------------------------

    def _on_tissue(self, _view: object) -> None:
        tissue, choices = self._bench.tissue, self._bench.choices
        if tissue is None or choices is None:
            return
        kept = "" if tissue.path is not None else " (in memory: import it as .zarr to keep results)"
        self.tissue_name.setText(f"<b>{tissue.title}</b>{kept}")
        self._on_selection(self._bench.selection)

    def _on_reference(self, choices: object) -> None:
        source = self._bench.reference
        name = source.name if isinstance(source, Path) else "in memory"
        n_cells = getattr(choices, "n_cells", 0)
        n_genes = getattr(choices, "n_genes", 0)
        self.reference_name.setText(f"<b>{name}</b>: {n_cells:,} cells, {n_genes:,} genes")
        self._on_selection(self._bench.selection)

    def _on_selection(self, selection: Selection) -> None:
        tissue, reference = self._bench.choices, self._bench.reference_choices
        table = selection.table or ""
        entries: dict[str, tuple[str, ...]] = dict.fromkeys(FIELDS, ())
        if tissue is not None:
            entries["table"] = tissue.tables
            entries["coordinate_system"] = tissue.coordinate_systems
            entries["image"] = tissue.images
            entries["layer"] = ("X", *tissue.layers.get(table, ()))
            entries["gene_column"] = (DEFAULT, *tissue.gene_columns.get(table, ()))
        if reference is not None:
            entries["cell_type_column"] = reference.cell_type_columns
        for name, box in self.boxes.items():
            fill(box, entries[name], getattr(selection, name) or ("X" if name == "layer" else None))

    def _on_checking(self) -> None:
        self.summary.setText("Checking…")
        self.problems.clear()

    def _on_busy(self, what: str) -> None:
        self.busy.setText(f"<i>{what}…</i>" if what else "")

    def _on_report(self, report: Report) -> None:
        parts = [f"{report.n_spots:,} spots"]
        if self._bench.reference is not None:
            parts += [f"{report.n_cells:,} cells", f"{report.n_genes:,} shared genes"]
            parts.append("ready to run" if report.ok else "cannot be run yet")
        else:
            parts.append("open a reference to go on")
        self.summary.setText("<b>" + " · ".join(parts) + "</b>")
        ordered = (*report.refusals, *report.repairs, *report.remarks)
        self.problems.setText("".join(map(_as_html, ordered)))

    def _on_failed(self, message: str, hint: str) -> None:
        self.summary.setText(f"<b>{message}</b>")
        self.problems.setText(hint)


def _as_html(problem: Problem) -> str:
    """One problem as a paragraph."""
    from html import escape

    where = f"{problem.element}, {problem.column}" if problem.column else problem.element
    return (
        f"<p>{MARKS[problem.severity]} <b>{escape(where)}</b>: "
        f"expected {escape(problem.expected)}; found {escape(problem.found)}. "
        f"<i>{escape(problem.hint)}</i></p>"
    )
