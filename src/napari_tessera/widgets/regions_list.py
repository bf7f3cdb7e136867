"""Drawn regions as a list: choose, rename, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from napari_tessera.contract.regions import RegionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.contract.regions import Region

_NAME = Qt.ItemDataRole.UserRole


class RegionsList(QListWidget):  # type: ignore[misc]  # Qt comes without types
    """All that is drawn.

    Attributes
    ----------
    renamed : Signal
        Emitted with the old and the new name, after a person has typed it.
    chosen : Signal
        Emitted with the name of the region that is chosen now.
    """

    renamed = Signal(str, str)
    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("tesseraRegions")
        self.setToolTip("What is drawn. Double-click a name to change it.")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMaximumHeight(110)
        self.itemChanged.connect(self._on_changed)
        self.currentItemChanged.connect(lambda *_: self.chosen.emit(self.name))

    @property
    def name(self) -> str:
        """Name of the chosen region; empty where none is."""
        item = self.currentItem()
        return "" if item is None else str(item.data(_NAME))

    def set_regions(self, regions: Sequence[Region]) -> None:
        """List other regions; the chosen one stays chosen, else the last one is."""
        before = {self.item(i).data(_NAME) for i in range(self.count())}
        new = [region.name for region in regions if region.name not in before]
        wanted = new[-1] if new else self.name
        self.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.clear()
        for region in regions:
            item = QListWidgetItem(region.name)
            item.setData(_NAME, region.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setIcon(_swatch(region.colour))
            item.setToolTip("a path" if region.kind is RegionKind.PATH else "an area")
            self.addItem(item)
        self.blockSignals(False)  # noqa: FBT003 - Qt's signature
        rows = [i for i in range(self.count()) if self.item(i).data(_NAME) == wanted]
        if rows:
            self.setCurrentRow(rows[0])
        self.chosen.emit(self.name)

    def _on_changed(self, item: QListWidgetItem) -> None:
        old, new = str(item.data(_NAME)), item.text().strip()
        if new and new != old:
            self.renamed.emit(old, new)
        elif not new:
            item.setText(old)


def _swatch(colour: str) -> QIcon:
    """Square of one colour."""
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
