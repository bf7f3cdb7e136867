"""Small pieces that the docks share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DOCK_WIDTH = 340
"""Width in pixels for which the docks are made."""


def button(text: str, tip: str, pressed: Callable[[], None]) -> QPushButton:
    """Make a button with a tooltip."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(lambda _checked=False: pressed())
    return made


def words(text: str = "", tip: str = "") -> QLabel:
    """Make a label that wraps and can be copied from."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setToolTip(tip)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    return label


def picture(sign: QStyle.StandardPixmap, tip: str) -> QLabel:
    """Make a label that shows one of the desktop's own signs."""
    label = QLabel()
    label.setPixmap(QApplication.style().standardIcon(sign).pixmap(16, 16))
    label.setToolTip(tip)
    label.setAccessibleName(tip)
    label.setFixedSize(18, 18)
    return label


def combo(tip: str, changed: Callable[[str], None]) -> QComboBox:
    """Make a combo box that may be narrower than its longest entry."""
    box = QComboBox()
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.textActivated.connect(changed)
    return box


def fill(box: QComboBox, entries: Iterable[str], chosen: str | None) -> None:
    """Put entries into a combo box without telling anybody."""
    box.blockSignals(True)  # noqa: FBT003 - Qt's signature
    box.clear()
    box.addItems(list(entries))
    if chosen is not None:
        box.setCurrentText(chosen)
    box.blockSignals(False)  # noqa: FBT003 - Qt's signature
    box.setEnabled(box.count() > 0)


def row(*widgets: QWidget) -> QWidget:
    """Put widgets beside each other."""
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        line.addWidget(widget)
    return made


def form(rows: Mapping[str, QWidget]) -> QWidget:
    """Put widgets below each other, each after a word."""
    made = QWidget()
    lines = QFormLayout(made)
    lines.setContentsMargins(0, 0, 0, 0)
    for word, widget in rows.items():
        lines.addRow(word, widget)
    return made


def ask_file(parent: QWidget | None, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to write; a name without an ending gets that of the name that was offered.

    Parameters
    ----------
    parent : QWidget or None
        Below which window to ask.
    title : str
        What is written.
    name : str
        Name to offer.
    kinds : str
        Qt's list of endings.
    """
    chosen, _ = QFileDialog.getSaveFileName(parent, title, name, kinds)
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix else path.with_suffix(Path(name).suffix)


def scrolled(inside: QWidget) -> QScrollArea:
    """Put a widget into an area that scrolls up and down only."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    area.setMinimumWidth(DOCK_WIDTH)
    return area
