"""Parts of the legend: a line per type with its menu, a colour ramp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import (
    QColor,
    QContextMenuEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from qtpy.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.viewer.colours import RGBA
    from napari_tessera.viewer.legend import Legend, LegendEntry

_MOST_WIDTH = 190


class TypeRow(QWidget):  # type: ignore[misc]  # Qt comes without types
    """One type: swatch, name, count.

    A click on the name asks to hide or show it, a double click to show it alone, a click on the
    swatch for another colour; the same is in the menu of the right mouse button.

    Parameters
    ----------
    entry : LegendEntry
        What it says.

    Attributes
    ----------
    clicked : Signal
        Emitted with the name of the type.
    isolated : Signal
        Emitted with the name of a type that a person wants to see alone.
    recolouring : Signal
        Emitted with the name of a type that shall have another colour.
    """

    HEIGHT = 17
    clicked = Signal(str)
    isolated = Signal(str)
    recolouring = Signal(str)

    def __init__(self, entry: LegendEntry) -> None:
        super().__init__()
        self.name = entry.name
        self.dimmed = False
        self._swatch = Swatch(entry.rgba)
        self._swatch.setToolTip(f"Another colour for {entry.name}")
        self._swatch.setAccessibleName(self._swatch.toolTip())
        self._swatch.clicked.connect(lambda: self.recolouring.emit(self.name))
        self._text = NameButton()
        self._text.setFlat(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        shown = self._text.fontMetrics().elidedText(
            entry.name, Qt.TextElideMode.ElideMiddle, _MOST_WIDTH
        )
        self._text.setText(shown)
        self._text.setMinimumWidth(self._text.fontMetrics().horizontalAdvance(shown) + 4)
        number = entry.said or f"{entry.count:,}"
        self._text.setToolTip(f"{entry.name}: {number}. Click to hide or show, "
                              "double-click to show it alone.")  # fmt: skip
        self._text.setCursor(Qt.CursorShape.PointingHandCursor)
        self._text.clicked.connect(lambda: self.clicked.emit(self.name))
        self._text.doubled.connect(lambda: self.isolated.emit(self.name))
        count = QLabel(number)
        count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(5)
        for widget in (self._swatch, self._text, count):
            line.addWidget(widget, 1 if widget is self._text else 0)
        self.setFixedHeight(self.HEIGHT)

    def menu(self) -> QMenu:
        """Make the menu of the line."""
        menu = QMenu(self)
        menu.addAction("Hide or show").triggered.connect(lambda: self.clicked.emit(self.name))
        menu.addAction("Only this one, or all").triggered.connect(
            lambda: self.isolated.emit(self.name)
        )
        menu.addAction("Another colour…").triggered.connect(
            lambda: self.recolouring.emit(self.name)
        )
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu where the mouse is."""
        self.menu().popup(event.globalPos())

    def set_dimmed(self, *, dimmed: bool) -> None:
        """Show whether cells of the type are hidden."""
        self.dimmed = dimmed
        self._swatch.set_hollow(hollow=dimmed)
        font = self._text.font()
        font.setStrikeOut(dimmed)
        self._text.setFont(font)


class NameButton(QPushButton):  # type: ignore[misc]  # Qt comes without types
    """A name that tells a double click from a second click."""

    doubled = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002 - Qt's name
        """Say so; the release of the button that follows is no click."""
        self.doubled.emit()


class Swatch(QAbstractButton):  # type: ignore[misc]  # Qt comes without types
    """A disc of one colour; hollow when its type is hidden."""

    def __init__(self, rgba: RGBA) -> None:
        super().__init__()
        self._colour = colour_of(rgba)
        self._hollow = False
        self.setFixedSize(QSize(12, 12))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_hollow(self, *, hollow: bool) -> None:
        """Draw only the rim, or the whole disc."""
        self._hollow = hollow
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's name and shape
        """Draw the disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._colour)
        if not self._hollow:
            painter.setBrush(self._colour)
        painter.drawEllipse(QRectF(1.5, 1.5, 9, 9))
        if self.hasFocus() or self.underMouse():
            painter.setPen(QColor("white"))
            painter.drawEllipse(QRectF(0.5, 0.5, 11, 11))
        painter.end()


class Ramp(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A colour ramp with the numbers at its ends.

    Parameters
    ----------
    legend : Legend
        One that has a ramp.
    """

    def __init__(self, legend: Legend) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(_Bar(legend.ramp))
        ends = QHBoxLayout()
        ends.addWidget(QLabel(legend.low))
        ends.addStretch(1)
        ends.addWidget(QLabel(legend.high))
        column.addLayout(ends)


class _Bar(QWidget):  # type: ignore[misc]  # Qt comes without types
    """The coloured bar of a ramp, over white so that transparency shows."""

    def __init__(self, colours: Sequence[RGBA]) -> None:
        super().__init__()
        self._colours = [colour_of(c) for c in colours]
        self.setFixedHeight(10)
        self.setMinimumWidth(140)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's name and shape
        """Draw the bar."""
        gradient = QLinearGradient(0, 0, self.width(), 0)
        for number, colour in enumerate(self._colours):
            gradient.setColorAt(number / max(len(self._colours) - 1, 1), colour)
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        painter.fillRect(self.rect(), gradient)
        painter.end()


def colour_of(rgba: RGBA) -> QColor:
    """Make Qt's colour from numbers between 0 and 1."""
    return QColor(*(round(255 * part) for part in rgba))
