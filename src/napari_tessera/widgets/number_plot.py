"""How the number of domains was chosen: stability and criterion over the numbers tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_tessera.contract.palette import PALETTE
from napari_tessera.viewer.number_curve import number_curve
from napari_tessera.widgets.parts import words
from napari_tessera.widgets.plots import still_plot

if TYPE_CHECKING:
    from napari_tessera.viewer.number_curve import NumberCurve
    from napari_tessera.workbench.domain_editing import DomainEditing, Stand

HEIGHT = 120
"""Height of each plot in pixels."""

AXIS_WIDTH = 48
"""Width of the axes at the left in pixels, so that both plots stand over each other."""

ROOM = 8
"""Pixels above a plot."""

_STABILITY = (
    "How far partitions from different views of the genes, and from two halves of them, agree: "
    "1 where they are the same. The most stable number is taken, two only where the criterion "
    "says two."
)
_CRITERION = (
    "Modified Bayesian criterion, in thousands over the least. More domains than where it is least "
    "cannot be told apart."
)


class NumberPlot(QCollapsible):  # type: ignore[misc]  # Qt comes without types
    """Folded away until it is wanted; gone for runs whose number was given.

    Parameters
    ----------
    editing : DomainEditing
        Says which run's domains are shown.
    """

    def __init__(self, editing: DomainEditing) -> None:
        super().__init__("Number of domains")
        self.setDuration(0)
        self.stability = _plot("stability", _STABILITY)
        self.criterion = _plot("criterion", _CRITERION)
        self.criterion.setLabel("bottom", "number of domains")
        self.criterion.setXLink(self.stability)
        self.story = words()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.stability, self.criterion, self.story):
            column.addWidget(part)
        self.addWidget(inside)
        editing.opened.connect(self._on_opened)
        self._on_opened(editing.stand)

    def _on_opened(self, stand: Stand | None) -> None:
        found = None if stand is None else number_curve(stand.domains)
        self.setVisible(found is not None)
        if found is not None:
            _draw(self.stability, found, found.stability)
            _draw(self.criterion, found, found.criterion)
            self.story.setText(found.sentence())


def _plot(name: str, tip: str) -> pyqtgraph.PlotWidget:
    """Make one of both."""
    plot = still_plot()
    plot.setFixedHeight(HEIGHT)
    plot.getPlotItem().setContentsMargins(0, ROOM, 0, 0)  # for half of the uppermost number
    plot.setLabel("left", name)
    plot.getAxis("left").setWidth(AXIS_WIDTH)
    plot.setToolTip(tip)
    return plot


def _draw(plot: Any, found: NumberCurve, values: tuple[float, ...]) -> None:  # noqa: ANN401
    """Draw a curve; the number that was taken is ringed, those too many are hollow."""
    plot.clear()
    line = pyqtgraph.mkPen(PALETTE[0], width=2)
    fill = [PALETTE[0] if k <= found.most else None for k in found.numbers]
    brushes = [pyqtgraph.mkBrush(colour) for colour in fill]
    plot.plot(
        found.numbers, values, pen=line, symbol="o", symbolSize=7, symbolBrush=brushes,
        symbolPen=pyqtgraph.mkPen(PALETTE[0]),
    )  # fmt: skip
    if found.taken in found.numbers:
        at = values[found.numbers.index(found.taken)]
        plot.plot(
            [found.taken], [at], pen=None, symbol="o", symbolSize=14, symbolBrush=None,
            symbolPen=pyqtgraph.mkPen("w", width=2),
        )  # fmt: skip
