"""A bar that moves while something is under way, and seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from napari_tessera.widgets.run_bar import QuietBar

if TYPE_CHECKING:
    from qtpy.QtGui import QHideEvent, QShowEvent

STEPS = 6
"""Steps after which the bar begins anew."""

EVERY_MS = 1000
"""Time between two steps. Qt's own bar without an end moves 33 times a second, and each time the
whole window is painted again, canvas included: most of a core where there is no graphics card."""

HEIGHT = 6


class BusyBar(QuietBar):
    """A low bar that fills and begins anew for as long as it is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setRange(0, STEPS)
        self.setTextVisible(False)
        self.setFixedHeight(HEIGHT)
        self._clock = QTimer(self)
        self._clock.setInterval(EVERY_MS)
        self._clock.timeout.connect(self._step)

    def _step(self) -> None:
        """Move on by one step."""
        self.setValue(self.value() % STEPS + 1)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to move."""
        super().showEvent(event)
        self.setValue(1)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        super().hideEvent(event)
        self._clock.stop()
