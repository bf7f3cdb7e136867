"""Pictures of a ranking, one behind the other: volcano, heatmap, trend of the chosen gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph
from psygnal import Signal
from qtpy.QtWidgets import QTabWidget

from napari_tessera.contract.gene_heat import draw_heat, draw_trend
from napari_tessera.explain.path import curve
from napari_tessera.widgets.gene_heat_plot import GeneHeatPlot
from napari_tessera.widgets.gene_plot import GenePlot
from napari_tessera.widgets.plots import plain_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_tessera.contract.explanation import Explanation
    from napari_tessera.contract.gene_heat import GeneHeat

HEIGHT = 330
"""Least height in pixels: twenty genes can be read."""

CELLS, LINE = "#999999", "#0072b2"


class GenePictures(QTabWidget):  # type: ignore[misc]  # Qt comes without types
    """Volcano or peaks, heatmap of groups against genes, and the chosen gene along the path.

    Attributes
    ----------
    chosen : Signal
        Emitted with the gene that was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.heat = GenePlot(), GeneHeatPlot()
        self.trend = plain_plot()
        self.trend.setLabel("bottom", "share of the path")
        self.trend.setToolTip("The chosen gene in every cell along the path, and its spline")
        self.cells = pyqtgraph.ScatterPlotItem(size=5, pen=None, brush=pyqtgraph.mkBrush(CELLS))
        self.line = pyqtgraph.PlotCurveItem(pen=pyqtgraph.mkPen(LINE, width=2))
        self.trend.addItem(self.cells)
        self.trend.addItem(self.line)
        self.setMinimumHeight(HEIGHT)
        self.addTab(self.plot, "Genes")
        self.addTab(self.heat, "Heatmap")
        self.addTab(self.trend, "Trend")
        self.setTabToolTip(2, "Along a path only: draw one, and ask about it")
        self._explanation: Explanation | None = None
        self._gene, self._what = "", ""
        self.plot.chosen.connect(lambda gene: self.chosen.emit(gene))
        self.heat.chosen.connect(lambda gene: self.chosen.emit(gene))

    def set_explanation(self, explanation: Explanation | None) -> None:
        """Show another ranking; its heatmap follows by `set_heat`."""
        self._explanation, self._gene = explanation, ""
        self.plot.set_ranking(None if explanation is None else explanation.ranking)
        self.heat.set_heat(None)
        self.cells.setData([], [])
        self.line.setData([], [])
        along = explanation is not None and explanation.position is not None
        self.setTabEnabled(2, along)
        if not along and self.currentWidget() is self.trend:
            self.setCurrentWidget(self.plot)

    def set_heat(self, heat: GeneHeat) -> None:
        """Show the means that belong to the ranking."""
        self.heat.set_heat(heat)

    def choose(self, gene: str, what: str) -> None:
        """Mark a gene, and draw its trend.

        Parameters
        ----------
        gene : str
            Which gene.
        what : str
            ``attribution`` or ``expression``.
        """
        self.plot.mark_gene(gene)
        found = self._explanation
        if found is None or found.position is None:
            return
        values = found.values_of(gene)
        self._gene, self._what = gene, what if what in values else "expression"
        shown = values[self._what]
        self.cells.setData(found.position, shown.astype(np.float64))
        self.line.setData(*curve(found.position, shown))
        self.trend.setLabel("left", f"{self._what} of {gene}")

    def figure(self) -> Figure | None:
        """Figure of the picture that is in front; None where there is nothing."""
        found = self._explanation
        if found is None:
            return None
        if self.currentWidget() is self.heat and self.heat.heat is not None:
            return draw_heat(self.heat.heat)
        if self.currentWidget() is self.trend and found.position is not None and self._gene:
            values = found.values_of(self._gene)[self._what]
            line = curve(found.position, values)
            return draw_trend(self._gene, (found.position, values), line, self._what)
        return found.figure()
