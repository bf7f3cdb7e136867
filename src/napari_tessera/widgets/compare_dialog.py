"""The window that compares two runs: which ones, how far they agree, label by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QDialog,
    QFormLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.contract.palette import colours_of
from napari_tessera.widgets.compare_canvas import CompareCanvas
from napari_tessera.widgets.parts import ask_file, button, combo, fill, row, words
from napari_tessera.workbench.tasks import attempt
from napari_tessera.workflows.files import save_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari.viewer import Viewer

    from napari_tessera.contract.agreement import Agreement
    from napari_tessera.contract.results import Run
    from napari_tessera.widgets.results import ResultsDock
    from napari_tessera.widgets.session import Session
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.comparing import Comparing

SIZE = (440, 460)

_SCORES = {
    "same": "same label at {:.0%} of the spots",
    "kappa": "Cohen's kappa {:.2f}",
    "ari": "adjusted Rand index {:.2f}",
    "pcc": "correlation {:.2f}",
    "spearman": "rank correlation {:.2f}",
}


class CompareDialog(QDialog):  # type: ignore[misc]  # Qt comes without types
    """Two runs, what of them is compared, and the answer.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the two sides are drawn.
    bench : Bench
        Knows tissue and runs.
    comparing : Comparing
        Reads and compares.
    parent : QWidget, optional
        The dock that it belongs to.
    """

    def __init__(
        self, viewer: Viewer, bench: Bench, comparing: Comparing, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare two runs")
        self.resize(*SIZE)
        self._bench, self._comparing = bench, comparing
        self.canvas = CompareCanvas(viewer)
        self.first = combo("The run on the left", self._pair)
        self.second = combo("The run in the middle", self._pair)
        self.answer = combo("What of them is compared", lambda _: self._refresh())
        self.gene = combo("A gene that the first run predicted", lambda _: None)
        self.with_gene = combo("A gene that the second run predicted", lambda _: None)
        self.story = words("Choose two runs; they are drawn beside each other.")
        self.table = QTableWidget()
        self.table.setToolTip("Spots of every label on either side, and how many are the same")
        self.compare = button("Compare", "Draw both beside each other and count", self._compare)
        self.stop = button("Back", "Take the comparison away", self._stop)
        self.save = button("Table…", "Write the table to a CSV file", self._save)
        self._lay_out()
        comparing.paired.connect(self._on_paired)
        comparing.compared.connect(self._on_compared)
        comparing.failed.connect(self._on_failed)
        bench.tissue_opened.connect(self._on_tissue)
        bench.runs_changed.connect(self._on_runs)
        self._on_runs(bench.runs)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        form = QFormLayout()
        for word, box in (
            ("First", self.first), ("Second", self.second), ("Compare their", self.answer),
            ("Gene", self.gene), ("with", self.with_gene),
        ):  # fmt: skip
            form.addRow(word, box)
        self.form = form
        column.addLayout(form)
        column.addWidget(row(self.compare, self.stop, self.save))
        column.addWidget(self.story)
        column.addWidget(self.table, 1)

    # -- what is said --------------------------------------------------------------------------

    def choose(self, first: str, second: str = "") -> None:
        """Choose the two runs; the newest other one where no second is named."""
        names = [run.name for run in self._bench.runs]
        others = [name for name in names if name != first]
        self.first.setCurrentText(first if first in names else next(iter(names), ""))
        self.second.setCurrentText(second or next(iter(others), first))
        self._pair("")

    def _on_runs(self, runs: Sequence[object]) -> None:
        names = [str(getattr(run, "name", "")) for run in runs]
        for box in (self.first, self.second):
            fill(box, names, box.currentText() or None)
        self._refresh()

    def _on_tissue(self, _view: object) -> None:
        self.canvas.clear(look_back=False)
        self.table.setRowCount(0)

    def _on_paired(self, first: Run, second: Run) -> None:
        from napari_tessera.workflows.compare import comparable

        there = comparable(first, second)
        fill(self.answer, there, self.answer.currentText())
        for box, run in ((self.gene, first), (self.with_gene, second)):
            part = run.result.imputation
            fill(box, () if part is None else part.gene_names.tolist(), box.currentText())
        if not there:
            self.story.setText("These two answer different questions: nothing to compare.")
        self._refresh()

    def _on_compared(self, agreement: Agreement) -> None:
        view = self._bench.view
        if view is not None:
            self.canvas.show(agreement, view)
        told = [_SCORES[name].format(value) for name, value in agreement.scores.items()]
        n = agreement.spot_names.size
        self.story.setText(
            f"First {agreement.titles[0]}, then {agreement.titles[1]}, then where they agree "
            f"(yellow) and do not (violet).\n{n:,} spots: {'; '.join(told)}."
        )
        self._fill_table(agreement)
        self._refresh()

    def _fill_table(self, agreement: Agreement) -> None:
        table = agreement.table() if agreement.names else None
        self.table.setVisible(table is not None)
        if table is None:
            return
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(table))
        self.table.setColumnCount(1 + len(table.columns))
        self.table.setHorizontalHeaderLabels(["label", *table.columns])
        self.table.verticalHeader().hide()
        colours = colours_of(agreement.names)
        for at, (label, values) in enumerate(table.iterrows()):
            for column, value in enumerate([str(label), *values.tolist()]):
                item = QTableWidgetItem()
                shown = round(value, 3) if isinstance(value, float) else value
                item.setData(Qt.ItemDataRole.DisplayRole, shown)
                if column == 0:
                    item.setData(Qt.ItemDataRole.DecorationRole, QColor(colours[str(label)]))
                self.table.setItem(at, column, item)
        self.table.setSortingEnabled(True)
        self.table.resizeColumnsToContents()

    def _on_failed(self, message: str, hint: str) -> None:
        self.story.setText(f"{message}\n{hint}".strip())

    def _refresh(self) -> None:
        """Bring buttons in line with what can be done."""
        genes = self.answer.currentText() == "genes"
        for box in (self.gene, self.with_gene):
            box.setVisible(genes)
            self.form.labelForField(box).setVisible(genes)
        self.compare.setEnabled(bool(self.answer.currentText()))
        self.stop.setEnabled(self.canvas.on)
        found = self._comparing.agreement
        self.save.setEnabled(found is not None and bool(found.names))

    # -- verbs ---------------------------------------------------------------------------------

    def _pair(self, _word: str) -> None:
        first, second = self.first.currentText(), self.second.currentText()
        if first and second:
            self._comparing.pair(first, second)

    def _compare(self) -> None:
        self._comparing.compare(
            self.first.currentText(),
            self.second.currentText(),
            answer=self.answer.currentText(),
            genes=(self.gene.currentText(), self.with_gene.currentText()),
        )

    def _stop(self) -> None:
        self.canvas.clear()
        self._refresh()

    def _save(self) -> None:
        path = ask_file(self, "Write the table", "agreement.csv", "CSV (*.csv)")
        if path is not None:
            self.write_table(path)

    def write_table(self, path: Path) -> None:
        """Write labels with their counts, and the counts of every pair of labels."""
        found = self._comparing.agreement
        if found is not None and found.names:
            table = found.table().join(found.confusion().add_prefix("second is "))
            attempt(lambda: save_table(table, path), self._comparing.failed.emit)

    def closeEvent(self, event: object) -> None:
        """Leave the viewer as it was."""
        self.canvas.clear()
        super().closeEvent(event)


def add_compare_button(dock: ResultsDock, session: Session) -> CompareDialog:
    """Let the Results dock compare the chosen run with another one.

    Parameters
    ----------
    dock : ResultsDock
        Has the list of runs.
    session : Session
        Of its viewer.
    """
    dialog = CompareDialog(session.viewer, session.bench, session.comparing, dock)

    def start() -> None:
        dialog.choose(dock.list.name)
        dialog.show()
        dialog.raise_()

    tip = "Draw two runs, or two predicted genes, beside each other with a map of where they agree"
    made = button("Compare…", tip, start)
    made.setEnabled(bool(session.bench.runs))
    session.bench.runs_changed.connect(lambda runs: made.setEnabled(bool(runs)))
    dock.below.addWidget(made)
    return dialog
