"""Beneath the runs: their settings once more, and scripts, notebooks and tables of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.widgets.parts import ask_file, button, row, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.widgets.results import ResultsDock
    from napari_tessera.workbench.recorder import Recorder

SCRIPT, NOTEBOOK, TABLES = "Script…", "Notebook…", "Tables of the run…"
GENES = "Genes of the domains…"
_TIPS = {
    SCRIPT: "Write what was done in this window as Python that does it again",
    NOTEBOOK: "The same as a Jupyter notebook with figures",
    TABLES: "Write what the chosen run answers as CSV files",
    GENES: "Write the genes of every domain, and of every factor, as CSV files",
}


class ResultsExport(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Same settings, and Export with its menu.

    Parameters
    ----------
    dock : ResultsDock
        Knows which run is chosen.
    recorder : Recorder
        Knows what was done.
    """

    def __init__(self, dock: ResultsDock, recorder: Recorder) -> None:
        super().__init__()
        self._dock, self._recorder = dock, recorder
        self.same = button(
            "Same settings",
            "Fill the Model dock as it was for the chosen run (Ctrl+double-click on the run)",
            self._on_same,
        )
        self.export = QPushButton("Export")
        self.export.setToolTip("Write a script, a notebook, or tables")
        self.menu = QMenu(self.export)
        self.menu.setToolTipsVisible(True)
        verbs: dict[str, Callable[[], None]] = {
            SCRIPT: self._ask_script, NOTEBOOK: self._ask_notebook, TABLES: self._ask_tables,
            GENES: self._ask_genes,
        }  # fmt: skip
        self.actions_by_word = {word: self.menu.addAction(word) for word in verbs}
        for word, action in self.actions_by_word.items():
            action.setToolTip(_TIPS[word])
            action.triggered.connect(lambda _checked=False, verb=verbs[word]: verb())
        self.export.setMenu(self.menu)
        self.said = words()
        self.said.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(row(self.same, self.export))
        column.addWidget(self.said)
        dock.list.opened.connect(self._on_opened)
        dock.list.chosen.connect(lambda _: self._refresh())
        recorder.changed.connect(lambda _: self._refresh())
        recorder.wrote.connect(lambda path: self.say(f"Wrote {path.name}."))
        recorder.wanted.connect(lambda spec: self.say(f"The Model dock is set to {spec.method}."))
        recorder.failed.connect(lambda message, hint: self.say(f"{message} {hint}"))
        self._refresh()

    def write(self, path: Path) -> None:
        """Write what was done as a script or notebook; the ending says which."""
        self._recorder.write(path)

    def write_tables(self, path: Path) -> None:
        """Write what the chosen run answers."""
        self._recorder.write_tables(self._dock.list.name, path)

    def write_genes(self, path: Path) -> None:
        """Write the genes of the chosen run's domains."""
        self._recorder.write_domain_genes(self._dock.list.name, path)

    def say(self, text: str) -> None:
        """Tell a person something, beside the buttons."""
        self.said.setText(text)
        self.said.setVisible(bool(text))

    def _ask_script(self) -> None:
        self._ask("Export a script", "tessera.py", "Python (*.py)", self.write)

    def _ask_notebook(self) -> None:
        self._ask("Export a notebook", "tessera.ipynb", "Notebook (*.ipynb)", self.write)

    def _ask_tables(self) -> None:
        name = f"{self._dock.list.name}.csv"
        self._ask("Export tables", name, "CSV (*.csv)", self.write_tables)

    def _ask_genes(self) -> None:
        name = f"{self._dock.list.name}_genes.csv"
        self._ask("Export the genes of domains", name, "CSV (*.csv)", self.write_genes)

    def _ask(self, title: str, name: str, kind: str, then: Callable[[Path], None]) -> None:
        path = ask_file(self, title, name, kind)
        if path is not None:
            then(path)

    def _on_opened(self, _name: str) -> None:
        if QApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            self._on_same()

    def _on_same(self) -> None:
        self.say("")
        self._recorder.want(self._dock.list.name)

    def _refresh(self) -> None:
        chosen = bool(self._dock.list.name)
        self.same.setEnabled(chosen)
        for word in (TABLES, GENES):
            self.actions_by_word[word].setEnabled(chosen)
        for word in (SCRIPT, NOTEBOOK):
            self.actions_by_word[word].setEnabled(bool(self._recorder.steps))
        self.export.setEnabled(chosen or bool(self._recorder.steps))


def ask_and_write(recorder: Recorder) -> None:
    """Ask for a file, and write a script or notebook: the menu's own entry.

    Parameters
    ----------
    recorder : Recorder
        Knows what was done.
    """
    kinds = "Python (*.py);;Notebook (*.ipynb)"
    path = ask_file(None, "Export a script", "tessera.py", kinds)
    if path is not None:
        recorder.write(path)
