"""All ranked genes: filtered, sorted, one of them chosen, exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QLineEdit, QTableView, QVBoxLayout, QWidget

from napari_tessera.contract.dominance import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FIRST = ("rank", "auc", "p_null", "fdr_null", "p_adjusted", "mean_difference", "expression_auc",
         "expression_rank", "r2", "spearman", "peak", "expression_r2",
         "log2_fold_change")  # fmt: skip
"""Columns in the order of reading; the others follow."""

_SORT = Qt.ItemDataRole.UserRole


class Ranked(Protocol):
    """Genes, best first, and what is known of them."""

    @property
    def gene_names(self) -> NDArray[np.str_]:
        """Genes in their order."""

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column, ``rank`` among them."""


class GeneModel(QAbstractTableModel):  # type: ignore[misc]  # Qt comes without types
    """A ranking as Qt's model: it is asked for what is seen, so thousands of genes cost nothing."""

    def __init__(self, ranking: Ranked, meanings: Mapping[str, str]) -> None:
        super().__init__()
        self._meanings = meanings
        columns = ranking.columns()
        order = [name for name in FIRST if name in columns]
        self.names = ["gene", *order, *(name for name in columns if name not in order)]
        self._genes = ranking.gene_names
        self._columns = columns

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: ARG002 - Qt's shape
        """Return the number of genes."""
        return int(self._genes.size)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: ARG002 - Qt's shape
        """Return the number of columns."""
        return len(self.names)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Text for people, or the value itself for sorting."""
        name = self.names[index.column()]
        value = self._genes[index.row()] if name == "gene" else self._columns[name][index.row()]
        if role == _SORT:
            return str(value) if name == "gene" else float(value)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "gene":
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401 - Qt's shape
        """Names of the columns, and what they mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[section].replace("_", " ")
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._meanings.get(self.names[section], "")
        return None


class GeneTable(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Table of ranked genes with a line that filters them.

    Attributes
    ----------
    chosen : Signal
        Emitted with the gene that a person chooses.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter genes, such as ERBB or ^KRT")
        self.filter.setToolTip("Show only genes whose name matches; a regular expression will do")
        self.view = QTableView()
        self.view.setToolTip("Click a gene to see it on the tissue; click a heading to sort")
        self.view.setSortingEnabled(True)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.verticalHeader().hide()
        self.view.setMinimumHeight(180)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSortRole(_SORT)
        self._proxy.setFilterKeyColumn(0)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.view.setModel(self._proxy)
        self.filter.textChanged.connect(self._proxy.setFilterRegularExpression)
        self.view.selectionModel().currentRowChanged.connect(self._on_row)
        self._model: GeneModel | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.filter)
        column.addWidget(self.view, 1)

    def set_ranking(self, ranking: Ranked | None, meanings: Mapping[str, str] = COLUMNS) -> None:
        """Show another ranking, best gene first; None empties the table.

        Parameters
        ----------
        ranking : Ranked or None
            Its genes.
        meanings : mapping of str to str
            What its columns mean.
        """
        self._model = None if ranking is None else GeneModel(ranking, meanings)
        self._proxy.setSourceModel(self._model)
        if self._model is not None:
            self.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
            self.view.resizeColumnsToContents()

    def genes(self) -> list[str]:
        """Genes that are seen, top to bottom."""
        rows = range(self._proxy.rowCount())
        return [str(self._proxy.data(self._proxy.index(row, 0))) for row in rows]

    def choose(self, gene: str) -> None:
        """Choose a gene, if it is seen."""
        genes = self.genes()
        if gene in genes:
            self.view.selectRow(genes.index(gene))
            self.view.scrollTo(self._proxy.index(genes.index(gene), 0))

    def _on_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(str(self._proxy.data(self._proxy.index(current.row(), 0))))


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of any column
    """Write a value for people."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    if isinstance(value, int | np.integer):
        return str(value)
    return f"{float(value):.3g}" if isinstance(value, float | np.floating) else str(value)
