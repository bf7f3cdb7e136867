"""Live loss curves: one line per term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_tessera.contract.palette import PALETTE
from napari_tessera.widgets.plots import plain_plot

if TYPE_CHECKING:
    from napari_tessera.workbench.losses import LossTrace

HEIGHT = 170
"""Least height in pixels at which axis, lines and their names can be told apart."""


class LossCurve(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Plot of the unweighted terms and their weighted total over the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = plain_plot()
        self.plot.setLabel("bottom", "step")
        self.plot.setLabel("left", "loss")
        self.plot.setMouseEnabled(x=False, y=False)
        self.legend = self.plot.addLegend(offset=(-6, 6), labelTextSize="8pt")
        self.setToolTip("Loss terms, unweighted, and their weighted total")
        self.setMinimumHeight(HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.lines: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def draw(self, trace: LossTrace) -> None:
        """Show the curves of a job.

        Parameters
        ----------
        trace : LossTrace
            Its losses so far.
        """
        if set(self.lines) != set(trace.terms):
            self._begin(list(trace.terms))
        for name, line in self.lines.items():
            line.setData(trace.steps, trace.terms[name])
        self.plot.setTitle(trace.stage or None, size="9pt")
        self.plot.scene().prepareForPaint()  # axes are found now, not while it is painted

    def _begin(self, names: list[str]) -> None:
        self.plot.clear()
        self.legend.clear()
        self.lines = {
            name: self.plot.plot(
                [], [], name=name, pen=pyqtgraph.mkPen(PALETTE[i % len(PALETTE)], width=2)
            )
            for i, name in enumerate(names)
        }
