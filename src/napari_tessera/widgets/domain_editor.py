"""Domains of the shown run, edited: smoothness, names, colours, merge, split, undo."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QSpinBox,
    QWidget,
)
from superqt import QCollapsible

from napari_tessera.widgets.parts import button, row, words
from napari_tessera.workbench.domain_edits import Merge, Recolour, Rename, Split, colours_now

if TYPE_CHECKING:
    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.domain_editing import DomainEditing, Stand
    from napari_tessera.workbench.domain_edits import Edit

LIST_HEIGHT = 130
"""Height of the list of domains in pixels."""

REST_MS = 60
"""Rest of the slider after which the field is computed."""

LAST, MOST = 100, 100.0
"""Last position of the slider, and the smoothness there; it grows with the square."""

_TIPS = {
    "colour": "Choose the colour of the chosen domain",
    "merge": "Make one domain of those chosen; the first one's name stays",
    "split": "Divide the spots of the chosen domains anew, by the scores they were found on",
    "save": "Write the domains as they are as a new run; the run they come from stays",
}


class DomainEditor(QCollapsible):  # type: ignore[misc]  # Qt comes without types
    """Folded away until it is wanted; gone for runs without domains.

    Parameters
    ----------
    editing : DomainEditing
        Does it.
    canvas : Canvas
        Draws the domains as they are.
    """

    def __init__(self, editing: DomainEditing, canvas: Canvas) -> None:
        super().__init__("Edit domains")
        self.setDuration(0)
        self._editing, self._canvas = editing, canvas
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, LAST)
        self.value = QLabel("as fitted")
        self.list = QListWidget()
        self.parts = QSpinBox()
        self.parts.setRange(2, 9)
        self.parts.setToolTip("Parts to divide into")
        self.colour = button("Colour…", _TIPS["colour"], self._ask_colour)
        self.merge = button("Merge", _TIPS["merge"], self._merge)
        self.split = button("Split into", _TIPS["split"], self._split)
        self.undo = button("Undo", "Take the last step back", editing.undo)
        self.redo = button("Redo", "Do again what was taken back", editing.redo)
        self.save = button("Save as a new run", _TIPS["save"], editing.save)
        self.story = words()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._lay_out()
        self._connect()
        self._on_opened(editing.stand)
        if editing.fitted is not None:
            self._on_ready(editing.fitted)

    def _lay_out(self) -> None:
        self.slider.setToolTip("How much neighbouring spots want the same domain")
        self.list.setToolTip("Double-click to rename; choose several with Ctrl or Shift")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setFixedHeight(LIST_HEIGHT)
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 0, 0)
        smooth = row(QLabel("Smoothness"), self.slider, self.value)
        grid.addWidget(smooth, 0, 0, 1, 3)
        grid.addWidget(self.list, 1, 0, 1, 3)
        grid.addWidget(self.colour, 2, 0)
        grid.addWidget(self.merge, 2, 1)
        grid.addWidget(row(self.split, self.parts), 2, 2)
        grid.addWidget(self.undo, 3, 0)
        grid.addWidget(self.redo, 3, 1)
        grid.addWidget(self.save, 3, 2)
        grid.addWidget(self.story, 4, 0, 1, 3)
        self.addWidget(inside)

    def _connect(self) -> None:
        editing = self._editing
        editing.opened.connect(self._on_opened)
        editing.changed.connect(self._on_changed)
        editing.ready.connect(self._on_ready)
        editing.failed.connect(self._on_failed)
        editing.saved.connect(lambda name: self.story.setText(f"Saved as {name}."))
        self.list.itemSelectionChanged.connect(self._refresh)
        self.list.itemChanged.connect(self._on_renamed)
        self.slider.valueChanged.connect(self._on_slider)
        self._rest.timeout.connect(lambda: editing.smooth(smoothness_at(self.slider.value())))

    # -- what others say -----------------------------------------------------------------------

    def _on_opened(self, stand: Stand | None) -> None:
        self._rest.stop()
        self.slider.setEnabled(False)
        self.setVisible(stand is not None)
        self.value.setText("as fitted")
        self.story.setText("")
        self._fill(stand)

    def _on_ready(self, fitted: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(position_of(fitted))
        self.slider.setEnabled(True)

    def _on_changed(self, stand: Stand) -> None:
        smooth, fitted = stand.smoothness, self._editing.fitted
        self.value.setText("as fitted" if smooth is None else f"{smooth:.3g}")
        if smooth is None and fitted is not None:
            self._on_ready(fitted)
        self._fill(stand)
        self.story.setText("; ".join(stand.words()))
        run = self._editing.run
        if run is not None:
            result = dataclasses.replace(run.result, domains=stand.domains)
            self._canvas.amend(dataclasses.replace(run, result=result))

    def _on_failed(self, message: str, hint: str) -> None:
        self._fill(self._editing.stand)
        self.story.setText(f"{message}\n{hint}".strip())

    def _fill(self, stand: Stand | None) -> None:
        """List the domains with colours and numbers of spots."""
        chosen = set(self.chosen())
        with QSignalBlocker(self.list):
            self.list.clear()
            if stand is not None:
                colours, labels = colours_now(stand.domains), stand.domains.domain
                for name in stand.domains.names.tolist():
                    self.list.addItem(_item(name, colours[name], int(np.sum(labels == name))))
            for row in range(self.list.count()):
                item = self.list.item(row)
                item.setSelected(item.text() in chosen)
        self._refresh()

    def _refresh(self) -> None:
        """Bring the buttons in line with what can be done."""
        n, editing = len(self.chosen()), self._editing
        self.colour.setEnabled(n == 1)
        self.merge.setEnabled(n > 1)
        self.split.setEnabled(n > 0)
        self.undo.setEnabled(editing.can_undo)
        self.redo.setEnabled(editing.can_redo)
        self.save.setEnabled(editing.can_undo)

    # -- verbs ---------------------------------------------------------------------------------

    def chosen(self) -> tuple[str, ...]:
        """Names of the chosen domains, in the order of the list."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return tuple(_name_of(item) for item in items if item.isSelected())

    def _on_slider(self, position: int) -> None:
        self.value.setText(f"{smoothness_at(position):.3g}")
        self._rest.start()

    def _on_renamed(self, item: QListWidgetItem) -> None:
        old, new = _name_of(item), item.text().strip()
        if new != old:
            self._do(Rename(old=old, new=new))

    def _ask_colour(self) -> None:
        name = self.chosen()[0]
        stand = self._editing.stand
        now = "#888888" if stand is None else colours_now(stand.domains)[name]
        picked = QColorDialog.getColor(QColor(now), self, f"Colour of {name}")
        if picked.isValid():
            self._do(Recolour(name=name, colour=picked.name()))

    def _merge(self) -> None:
        self._do(Merge(names=self.chosen()))

    def _split(self) -> None:
        self._do(Split(names=self.chosen(), parts=self.parts.value()))

    def _do(self, edit: Edit) -> None:
        self._editing.edit(edit)


def smoothness_at(position: int) -> float:
    """Smoothness at a position of the slider: fine steps where little changes much."""
    return MOST * (position / LAST) ** 2


def position_of(smoothness: float) -> int:
    """Inverse of `smoothness_at`, to the nearest position."""
    return round(LAST * float(np.sqrt(min(smoothness, MOST) / MOST)))


def _item(name: str, colour: str, n_spots: int) -> QListWidgetItem:
    """One domain of the list."""
    sign = QPixmap(12, 12)
    sign.fill(QColor(colour))
    item = QListWidgetItem(QIcon(sign), name)
    item.setData(Qt.ItemDataRole.UserRole, name)
    item.setToolTip(f"{n_spots} spots; double-click to rename")
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
    return item


def _name_of(item: QListWidgetItem) -> str:
    """Name that a domain has, while another may be written over it."""
    return str(item.data(Qt.ItemDataRole.UserRole))
