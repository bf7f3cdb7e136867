"""The list of types from which a person picks those that are blended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.contract.palette import colours_of
from napari_tessera.viewer.mixture import MOST_BLENDED, blendable
from napari_tessera.widgets.parts import words

if TYPE_CHECKING:
    from napari_tessera.widgets.results_layers import RunLayers

_MOST_ROWS = 6
_SWATCH = 10
_NAME = Qt.ItemDataRole.UserRole
_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class BlendChoice(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Types with a check box each, the most abundant first; four at most are checked.

    Attributes
    ----------
    changed : Signal
        Emitted with the tuple of chosen types, in their order, when a person changes it.
    """

    changed = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setToolTip("Types whose colours are blended, with their mean share")
        self.list.setAccessibleName("Types that are blended")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.word = words()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.list)
        column.addWidget(self.word)
        self._setting = False
        self.list.itemChanged.connect(self._on_item)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Types that are checked, top to bottom."""
        return tuple(item.data(_NAME) for item in self._items() if item.checkState() == _ON)

    def set_showing(self, layers: RunLayers) -> None:
        """Show what is blended of a run without telling anyone.

        Parameters
        ----------
        layers : RunLayers
            Layers of the run.
        """
        composition = layers.run.result.composition
        types = [] if composition is None else blendable(composition)
        colours = colours_of([name for name, _ in types], layers.run.colours)
        self._setting = True
        if [item.data(_NAME) for item in self._items()] != [name for name, _ in types]:
            self._refill(types)
        for item in self._items():
            item.setIcon(_swatch(colours[item.data(_NAME)]))
            item.setCheckState(_ON if item.data(_NAME) in layers.showing.blend else _OFF)
        self._bring_in_line()
        self._setting = False

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(i) for i in range(self.list.count())]

    def _refill(self, types: list[tuple[str, float]]) -> None:
        self.list.clear()
        for name, mean in types:
            item = QListWidgetItem(f"{mean:.0%}  {name}")
            item.setData(_NAME, name)
            item.setToolTip(f"{name}: {mean:.1%} of all spots together")
            item.setCheckState(_OFF)
            self.list.addItem(item)
        rows = min(max(len(types), 1), _MOST_ROWS)
        height = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 4)
        self.list.setFixedHeight(rows * height + 2 * self.list.frameWidth() + 2)

    def _bring_in_line(self) -> None:
        """Offer no fifth type, and say why."""
        full = len(self.chosen) >= MOST_BLENDED
        for item in self._items():
            may = item.checkState() == _ON or not full
            flags = item.flags() | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags if may else flags & ~Qt.ItemFlag.ItemIsEnabled)
        left = MOST_BLENDED - len(self.chosen)
        self.word.setText(
            f"{MOST_BLENDED} at most: uncheck one for another"
            if full
            else f"{left} more can be checked"
        )

    def _on_item(self, item: QListWidgetItem) -> None:  # noqa: ARG002 - Qt's shape
        if self._setting:
            return
        self._setting = True
        self._bring_in_line()
        self._setting = False
        self.changed.emit(self.chosen)


def _swatch(colour: str) -> QIcon:
    """Make a square of one colour."""
    picture = QPixmap(_SWATCH, _SWATCH)
    picture.fill(QColor(colour))
    return QIcon(picture)
