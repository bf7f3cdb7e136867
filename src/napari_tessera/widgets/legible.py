"""Which words of a dock a person cannot read in full."""

from __future__ import annotations

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QStyle, QStyleOptionComboBox, QWidget


def clipped_words(dock: QWidget) -> list[str]:
    """List the visible texts that do not fit where they stand.

    Parameters
    ----------
    dock : QWidget
        Shown on a screen. What lies above or below in an area that scrolls counts as readable.

    Returns
    -------
    list of str
        Their texts; empty where everything can be read.
    """
    kinds = (QLabel, QAbstractButton, QComboBox)
    found = [w for kind in kinds for w in dock.findChildren(kind) if w.isVisible()]
    return [_text(widget) for widget in found if _text(widget) and _is_clipped(widget, dock)]


def _text(widget: QWidget) -> str:
    return str(widget.currentText() if isinstance(widget, QComboBox) else widget.text())


def _is_clipped(widget: QWidget, dock: QWidget) -> bool:
    """Whether a text is cut off by its own widget, or its widget by the dock."""
    left = widget.mapTo(dock, QPoint(0, 0)).x()
    if left < 0 or left + widget.width() > dock.width():
        return True
    if isinstance(widget, QComboBox) and widget.isEditable():
        return False  # its text can be scrolled
    if isinstance(widget, QComboBox):
        return _room(widget) < int(widget.fontMetrics().horizontalAdvance(widget.currentText()))
    if isinstance(widget, QLabel) and widget.wordWrap():
        too_low = widget.height() < widget.heightForWidth(widget.width())
        return bool(too_low or widget.width() < widget.minimumSizeHint().width())
    return bool(widget.width() < widget.sizeHint().width() and not _elides(widget))


def _room(box: QComboBox) -> int:
    """Width that a combo box leaves for its text."""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    return int(field.width())


def _elides(widget: QWidget) -> bool:
    """Whether a widget shortens its own text with dots, and says all of it in its tooltip."""
    return "elid" in type(widget).__name__.lower() and bool(widget.toolTip())
