"""The labelled section that domains learn from, where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QFormLayout, QPushButton, QWidget

from napari_tessera.widgets.parts import combo, fill, row, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.workbench.bench import Bench

TIP = (
    "A section of the same kind of tissue whose spots have been labelled, by a pathologist say.\n"
    "Its labels are used only where two tests say that they help"
)
LABELS_TIP = "Column of the labelled section that holds its labels"


class SectionChoice(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A file or store, and which of its columns holds the labels.

    Parameters
    ----------
    bench : Bench
        Reads the columns, in the background.
    changed : callable
        Called after another section or column was chosen.
    """

    def __init__(self, bench: Bench, changed: Callable[[], None]) -> None:
        super().__init__()
        self._bench, self._changed = bench, changed
        self._path = ""
        self.file, self.folder, self.clear = (
            QPushButton(text) for text in ("File…", "Folder…", "Clear")
        )
        self.labels = combo(LABELS_TIP, lambda _text: changed())
        self.labels.setObjectName("tesseraLabels")
        self._lines = QFormLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._lines.addRow("Labelled section", row(self.file, self.folder, self.clear))
        self.said = words()
        self._lines.addRow(self.said)
        self._lines.addRow("Labels", self.labels)
        self.file.setToolTip(TIP)
        self.folder.setToolTip(TIP)
        self.clear.setToolTip("Find domains without labels of another section")
        self.file.clicked.connect(self._ask_file)
        self.folder.clicked.connect(self._ask_folder)
        self.clear.clicked.connect(lambda: self.choose("", ""))
        self._show((), "")

    @property
    def source(self) -> str:
        """Path of the labelled section; empty for none, or while it is being read."""
        return self._path if self.labels.count() else ""

    @property
    def column(self) -> str | None:
        """Column with the labels; None without a section."""
        return str(self.labels.currentText()) if self.source else None

    def choose(self, path: str, column: str | None) -> None:
        """Take a section, or none, as if a person had chosen it.

        Parameters
        ----------
        path : str
            File, store or folder; empty for none.
        column : str or None
            Column to choose, where the section has it.
        """
        before, self._path = self.source, path
        self._show((), "")
        if path:
            self._bench.tasks.do(
                f"Reading {Path(path).name}",
                lambda: _columns(Path(path)),
                lambda found: self._take(path, found, column or ""),
                key="labelled section",
            )
        if before:
            self._changed()

    def _take(self, path: str, columns: tuple[str, ...], column: str) -> None:
        if path != self._path:
            return  # cleared while it was read
        if not columns:
            self._path = ""
            name = Path(path).name
            message = f"Labelled section: expected a column with labels, found none in {name}."
            self._bench.failed.emit(message, "Choose a section whose spots have been labelled.")
        self._show(columns, column)
        self._changed()

    def _show(self, columns: tuple[str, ...], column: str) -> None:
        """Show what is chosen, and which columns there are."""
        fill(self.labels, columns, column or None)
        self.clear.setEnabled(bool(self._path))
        self.said.setText(f"From {Path(self._path).name}, where its labels help.")
        for widget in (self.said, self.labels, self._lines.labelForField(self.labels)):
            widget.setVisible(bool(columns))

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Labelled section", "", "AnnData (*.h5ad)")
        if path:
            self.choose(path, "")

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Labelled section: a .zarr")
        if path:
            self.choose(path, "")


def _columns(path: Path) -> tuple[str, ...]:
    from napari_tessera.data.choices import label_columns

    return label_columns(path)
