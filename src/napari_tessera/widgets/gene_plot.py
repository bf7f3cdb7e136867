"""Effect against evidence, one point per gene; a click chooses the gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph
from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tessera.widgets.plots import plain_plot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.dominance import GeneRanking

HEIGHT = 170
"""Least height in pixels."""

PASSED, FAILED, CHOSEN = "#0072b2", "#999999", "#d55e00"


class GenePlot(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Volcano of a comparison; along a path, where genes peak against what the trend explains.

    Attributes
    ----------
    chosen : Signal
        Emitted with the gene whose point was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = plain_plot()
        self.setMinimumHeight(HEIGHT)
        self.setToolTip("Each point is a gene; click one to choose it, drag to move, wheel to zoom")
        self.points = pyqtgraph.ScatterPlotItem(size=7, pen=None, hoverable=True)
        self.points.sigClicked.connect(self._on_clicked)
        self.plot.addItem(self.points)
        self.mark = pyqtgraph.ScatterPlotItem(size=12, pen=pyqtgraph.mkPen(CHOSEN, width=2))
        self.mark.setBrush(None)
        self.plot.addItem(self.mark)
        self._genes: list[str] = []
        self._xy: NDArray[np.float64] = np.empty((0, 2))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def set_ranking(self, ranking: GeneRanking | None) -> None:
        """Show another ranking; None empties the plot."""
        self.mark.setData([], [])
        if ranking is None:
            self._genes, self._xy = [], np.empty((0, 2))
            self.points.setData([], [])
            return
        self._genes = ranking.gene_names.tolist()
        if "auc" in ranking.values:
            evidence = -np.log10(np.maximum(ranking.values["p"], 1e-300))
            self._xy = np.column_stack([ranking.values["mean_difference"], evidence])
            passed = ranking.values["dominant"].astype(bool)
            self._label("difference of mean attribution", "-log10 p (optimistic)")
        else:
            self._xy = np.column_stack([ranking.values["peak"], ranking.values["r2"]])
            passed = ranking.values["p_null"] < 0.05
            self._label("highest at (share of the path)", "explained variance")
        brushes = [pyqtgraph.mkBrush(PASSED if good else FAILED) for good in passed]
        x, y = self._xy.T
        self.points.setData(x=x, y=y, brush=brushes, data=self._genes)

    def _label(self, below: str, beside: str) -> None:
        self.plot.setLabel("bottom", below)
        self.plot.setLabel("left", beside)

    def mark_gene(self, gene: str) -> None:
        """Ring one gene's point."""
        if gene in self._genes:
            x, y = self._xy[self._genes.index(gene)]
            self.mark.setData([x], [y])

    def _on_clicked(self, _item: object, points: list[pyqtgraph.SpotItem], _event: object) -> None:
        if len(points) > 0:
            self.chosen.emit(str(points[0].data()))
