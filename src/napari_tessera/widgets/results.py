"""The Results dock: runs of the tissue, and what of each is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.widgets.domain_editor import DomainEditor
from napari_tessera.widgets.number_plot import NumberPlot
from napari_tessera.widgets.parts import row, scrolled
from napari_tessera.widgets.results_choices import ShowingForm
from napari_tessera.widgets.results_list import RunList

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.results import Run
    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.domain_editing import DomainEditing

LEAST_WIDTH, LEAST_HEIGHT = 300, 330
"""Size in pixels at which every word can still be read, and list, buttons and form are seen."""

_EMPTY = (
    "No runs in this tissue yet. First open a tissue and a reference in the Tissue dock, then "
    "press Run in the Model dock; what comes out is listed here."
)


class ResultsDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Runs newest first; what is drawn of the chosen one; remove its layers; delete it.

    Parameters
    ----------
    bench : Bench
        Knows the runs.
    canvas : Canvas
        Draws them.
    editing : DomainEditing, optional
        Lets the domains of the shown run be edited.
    """

    def __init__(self, bench: Bench, canvas: Canvas, editing: DomainEditing | None = None) -> None:
        super().__init__()
        self.setObjectName("tesseraResults")
        self.setWindowTitle("Results")
        self._bench = bench
        self._canvas = canvas
        self.list = RunList()
        self.empty = QLabel(_EMPTY)
        self.empty.setWordWrap(True)
        self.form = ShowingForm()
        self.story = QLabel()
        self.story.setWordWrap(True)
        self.show_button = _button("Show", "Draw the chosen run over the tissue", self._show)
        self.remove_button = _button(
            "Remove layers", "Take this run's layers away; the run stays in the store", self._remove
        )
        self.delete_button = _button(
            "Delete…", "Delete the chosen run from the store, after asking", self._ask_to_delete
        )
        self.legend = QCheckBox("Legend on the canvas")
        self.legend.setToolTip("Show what the colours mean in a corner of the canvas")
        self.legend.setChecked(True)
        self.shares = QCheckBox("Shares of the spot under the mouse")
        self.shares.setToolTip("Show what a spot is mixed of as bars in an upper corner")
        self.shares.setChecked(canvas.shares.wanted)
        self.editor = None if editing is None else DomainEditor(editing, canvas)
        self.number = None if editing is None else NumberPlot(editing)
        self._lay_out()
        self._connect()
        self._on_runs(bench.runs)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.empty)
        column.addWidget(self.list)
        column.addWidget(row(self.show_button, self.remove_button, self.delete_button))
        self.below = QVBoxLayout()
        column.addLayout(self.below)
        column.addWidget(self.form)
        for part in (self.editor, self.number):
            if part is not None:
                column.addWidget(part)
        column.addWidget(self.legend)
        column.addWidget(self.shares)
        column.addWidget(self.story)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = scrolled(inside)
        area.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        outer.addWidget(area)

    def _connect(self) -> None:
        self._bench.runs_changed.connect(self._on_runs)
        self._bench.run_loaded.connect(self._on_run)
        self._canvas.changed.connect(self._on_drawn)
        self.list.chosen.connect(self._on_chosen)
        self.list.opened.connect(self._bench.show_run)
        self.form.changed.connect(self._on_form)
        self.shares.toggled.connect(self._on_shares)
        self.legend.toggled.connect(
            lambda checked: self._canvas.set_legend_wanted(wanted=bool(checked))
        )

    # -- what others say -----------------------------------------------------------------------

    def _on_runs(self, runs: tuple[Any, ...]) -> None:
        is_new = self._canvas.current not in self.list.names()
        self.list.set_runs(runs)
        if is_new:
            self.list.choose(self._canvas.current)
        self.empty.setVisible(not runs)
        self.list.setVisible(bool(runs))

    def _on_run(self, run: Run) -> None:
        self.list.choose(run.name)
        self._update()

    def _on_drawn(self, name: str) -> None:  # noqa: ARG002 - the signal's shape
        overlay = self._canvas.legend
        if overlay is not None:
            self.legend.blockSignals(True)  # noqa: FBT003 - Qt's signature
            self.legend.setChecked(overlay.wanted)
            self.legend.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self._update()

    def _on_chosen(self, name: str) -> None:  # noqa: ARG002 - the signal's shape
        self._update()

    def _on_shares(self, wanted: bool) -> None:  # noqa: FBT001 - Qt's signal
        self._canvas.shares.wanted = bool(wanted)
        self._canvas.shares.forget()

    def _on_form(self, changes: dict[str, Any]) -> None:
        self._canvas.show(self.list.name, **changes)

    def _update(self) -> None:
        """Bring buttons, form and story in line with the chosen run."""
        name = self.list.name
        layers = self._canvas.runs.get(name)
        self.show_button.setEnabled(bool(name))
        self.delete_button.setEnabled(bool(name))
        self.remove_button.setEnabled(layers is not None)
        self.form.setEnabled(layers is not None)
        self.form.set_showing(layers)
        self.story.setText("" if layers is None else story_of(layers.run))

    # -- verbs ---------------------------------------------------------------------------------

    def _show(self) -> None:
        name = self.list.name
        if name in self._canvas.runs:
            self._bench.run_loaded.emit(self._canvas.runs[name].run)
        elif name:
            self._bench.show_run(name)

    def _remove(self) -> None:
        self._canvas.remove(self.list.name)

    def _ask_to_delete(self) -> None:
        name = self.list.name
        answer = QMessageBox.question(
            self,
            "Delete run",
            f"Delete {name} from the store? This cannot be undone.",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
            QMessageBox.StandardButton.No,
        )
        if answer == QMessageBox.StandardButton.Yes:
            self._bench.delete_run(name)


def story_of(run: Run) -> str:
    """How a run came about, in a few words: device, time, ending, warnings."""
    p = run.provenance
    parts = [f"{p.method} on {p.device}, {p.seconds:.1f} s, {p.ending}."]
    parts += [f"Note: {warning}" for warning in p.warnings]
    return "\n".join(parts)


def _button(text: str, tip: str, action: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda: action())
    return button
