"""Keys that press the buttons of a dock while the dock has the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtWidgets import QAbstractButton, QWidget


def bind(dock: QWidget, keys: Mapping[str, QAbstractButton]) -> None:
    """Let keys press buttons, and have the buttons' tooltips name them.

    Parameters
    ----------
    dock : QWidget
        Where the keys are in force.
    keys : mapping of str to QAbstractButton
        Such as ``Ctrl+Return`` to the button that runs.
    """
    for key, pressed in keys.items():
        shortcut = QShortcut(QKeySequence(key), dock)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(pressed.click)
        pressed.setToolTip(f"{pressed.toolTip()} ({key})")
