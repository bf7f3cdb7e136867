"""The Genes dock: search genes and columns of the table, and see one or several on the tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning
from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.viewer.gene_blend import DrawnGene
from napari_tessera.widgets.gene_memory import GeneMemory
from napari_tessera.widgets.parts import button, row, words
from napari_tessera.workbench.gene_finding import MOST_GENES
from napari_tessera.workbench.gene_search import COLUMN, MEASURED, GeneEntry, split_words

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.gene_finding import GeneFinding, GeneValues

ALL, FAVOURITES, RECENT = "all genes", "favourites", "recent"
COLUMNS = "columns of the table"
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_HINT = f"Arrow keys step; Ctrl adds a gene, up to {MOST_GENES}; Enter takes all that is typed."
_ALONE = "Labels are drawn alone, and only if they come first: colours of labels do not blend."

_EMPTY = (
    "Open a tissue in the Tissue dock; its genes are listed here, and those that a run predicted."
)
_LISTING = "Listing the genes of the tissue…"


class GenesDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A line to search, a list to choose from, stars for favourites.

    Parameters
    ----------
    finding : GeneFinding
        Searches and fetches.
    canvas : Canvas
        Draws.
    memory : GeneMemory, optional
        Recent and favourite genes; the user's own where not given.
    """

    def __init__(
        self, finding: GeneFinding, canvas: Canvas, memory: GeneMemory | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("tesseraGenes")
        self.setWindowTitle("Genes")
        self._finding, self._canvas = finding, canvas
        self.memory = GeneMemory() if memory is None else memory
        self.line = QLineEdit()
        self.line.setPlaceholderText("Gene, part of a name, or several")
        self.line.setToolTip("Names and other names, in any case; near misses are found too")
        self.line.setClearButtonEnabled(True)
        self.line.installEventFilter(self)
        self.which = QComboBox()
        self.which.setToolTip("Which genes are listed")
        self.which.addItems([ALL, FAVOURITES, RECENT, COLUMNS])
        self.list = QListWidget()
        self.list.setAccessibleName("Genes that fit")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setUniformItemSizes(True)
        self.star = button("★ Favourite", "Mark the chosen genes, or unmark them", self._star)
        self.clear = button("Clear", "Take the genes off the tissue", self._clear)
        self.hint = words(_HINT)
        self._lay_out()
        self.line.textChanged.connect(lambda _: self.refresh())
        self.line.returnPressed.connect(self._take_words)
        self.which.currentTextChanged.connect(self._on_which)
        self.list.itemSelectionChanged.connect(self._on_selection)
        finding.indexed.connect(self.refresh)
        finding.fetched.connect(self._on_fetched)
        finding.failed.connect(self._on_failed)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin once the dock is seen; one that is opened as a tab behind others is not."""
        super().showEvent(event)
        QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        if self.isVisible():
            self._finding.watch()

    def sizeHint(self) -> QSize:
        """Room for a dozen genes."""
        return QSize(300, 320)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.line)
        column.addWidget(self.which)
        column.addWidget(self.list, 1)
        column.addWidget(row(self.star, self.clear))
        column.addWidget(self.hint)

    def _on_which(self, which: str) -> None:
        self.refresh()
        if which == COLUMNS:
            self._finding.list_again()

    # -- what is listed ------------------------------------------------------------------------

    def refresh(self) -> None:
        """List the genes that fit what is typed and chosen."""
        shown = self._listed()
        favourites, drawn = set(self.memory.favourites), set(self._finding.chosen)
        self.list.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.list.clear()
        for entry in shown:
            item = QListWidgetItem(_text(entry, favourite=entry.name in favourites))
            item.setData(Qt.ItemDataRole.UserRole, entry)
            item.setToolTip(_tip(entry))
            self.list.addItem(item)
            item.setSelected(entry in drawn)
        self.list.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.hint.setText(self._hint(nothing=not shown))

    def _hint(self, *, nothing: bool) -> str:
        """Say what to do first, or next."""
        if not self._finding.index.entries:
            return _LISTING if self._finding.has_tissue else _EMPTY
        typed = self.line.text()
        if nothing and typed:
            return f"No gene is like {typed!r}."
        if nothing and self.which.currentText() == COLUMNS:
            return "The table has no columns to colour by."
        return f"No {self.which.currentText()} genes yet." if nothing else _HINT

    def _listed(self) -> list[GeneEntry]:
        typed = split_words(self.line.text())
        index = self._finding.index
        meant = [entry for word in typed[:-1] if (entry := index.best(word)) is not None]
        found = [*meant, *index.search(typed[-1] if typed else "", most=200)]
        found = list(dict.fromkeys(found))
        which = self.which.currentText()
        if which == ALL:
            return found if typed else [e for e in found if e.source != COLUMN]
        if which == COLUMNS:
            return [e for e in (found if typed else index.entries) if e.source == COLUMN]
        kept = self.memory.favourites if which == FAVOURITES else self.memory.recent
        place = {name: i for i, name in enumerate(kept)}
        everything = found if typed else index.entries
        return sorted((e for e in everything if e.name in place), key=lambda e: place[e.name])

    def entries(self) -> list[GeneEntry]:
        """Genes in the list, top to bottom."""
        items = (self.list.item(i) for i in range(self.list.count()))
        return [item.data(Qt.ItemDataRole.UserRole) for item in items]

    # -- what a person does --------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys of the line step through the list."""
        if (
            watched is self.line
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in _STEPS
        ):
            self._step(_STEPS[event.key()])
            return True
        return False

    def _step(self, by: int) -> None:
        chosen = self.list.selectedIndexes()
        at = chosen[0].row() + by if chosen else (0 if by > 0 else self.list.count() - 1)
        if 0 <= at < self.list.count():
            self.list.setCurrentRow(at)

    def _take_words(self) -> None:
        """Choose the best gene for each word that is typed."""
        found = [self._finding.index.best(word) for word in split_words(self.line.text())]
        entries = list(dict.fromkeys(entry for entry in found if entry is not None))
        if entries:
            self._choose(entries)
            self.refresh()

    def _on_selection(self) -> None:
        items = sorted(self.list.selectedItems(), key=self.list.row)
        self._choose([item.data(Qt.ItemDataRole.UserRole) for item in items])

    def _choose(self, entries: list[GeneEntry]) -> None:
        self.memory.look_at([entry.name for entry in entries[:MOST_GENES]])
        self._finding.choose(entries)
        drawn = f"The first {MOST_GENES} of {len(entries)} are drawn."
        hint = drawn if len(entries) > MOST_GENES else _HINT
        mixed = len(entries) > 1 and any(entry.badge.startswith("label") for entry in entries)
        self.hint.setText(_ALONE if mixed else hint)

    def _star(self) -> None:
        """Mark the chosen genes; unmark them if all were marked."""
        names = [entry.name for entry in self._finding.chosen]
        marked = set(self.memory.favourites)
        for name in names:
            self.memory.mark(name, favourite=not marked >= set(names))
        self.refresh()

    def _clear(self) -> None:
        self._finding.choose(())
        self.refresh()

    # -- what others say -----------------------------------------------------------------------

    def _on_fetched(self, values: tuple[GeneValues, ...]) -> None:
        self._canvas.draw_genes([_drawn(found) for found in values])

    def _on_failed(self, message: str, hint: str) -> None:
        if QApplication.instance() is not None:
            show_warning(f"{message} {hint}")


def _drawn(found: GeneValues) -> DrawnGene:
    entry = found.entry
    return DrawnGene(
        title=entry.name if entry.source == COLUMN else f"{entry.name} ({entry.badge})",
        names=found.names,
        values=found.values,
        sure=found.sure,
        labels=found.labels,
        colours=found.colours,
    )


def _text(entry: GeneEntry, *, favourite: bool) -> str:
    return f"{'★ ' if favourite else ''}{entry.name} · {entry.badge}"


def _tip(entry: GeneEntry) -> str:
    """All that is known of a gene before it is drawn."""
    if entry.source == COLUMN:
        return f"{entry.name}: a column of the table, {entry.badge}."
    parts = ["measured in the tissue" if entry.source == MEASURED else f"from run {entry.source}"]
    if entry.aliases:
        parts.append(f"also {', '.join(entry.aliases)}")
    if "(weak)" in entry.badge:
        parts.append("a weak prediction: its correlation, r, is expected to be low")
    return f"{entry.name}: {'; '.join(parts)}."
