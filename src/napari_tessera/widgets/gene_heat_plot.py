"""Heatmap of groups against genes; a click chooses the gene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph
from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tessera.widgets.plots import plain_plot

if TYPE_CHECKING:
    from napari_tessera.contract.gene_heat import GeneHeat

LONGEST = 18
"""Characters of a group's name that are shown."""

ROOM = 8.5
"""Height of the slanted names above the map, in rows."""


class GeneHeatPlot(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Mean attribution of the first genes, a row each, in groups of cells, a column each.

    Attributes
    ----------
    chosen : Signal
        Emitted with the gene whose row was clicked.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = plain_plot()
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.invertY(b=True)
        self.plot.hideAxis("bottom")
        self.setToolTip(
            "Mean attribution of the first genes in every group of the compared cells, each gene "
            "over its largest: red pulls in, blue keeps out; click a gene to choose it"
        )
        self.image = pyqtgraph.ImageItem(axisOrder="row-major")
        self.image.setColorMap(pyqtgraph.colormap.get("CET-D1"))
        self.plot.addItem(self.image)
        self.plot.scene().sigMouseClicked.connect(self._on_clicked)
        self.heat: GeneHeat | None = None
        self._names: list[pyqtgraph.TextItem] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def set_heat(self, heat: GeneHeat | None) -> None:
        """Show other means; None empties the plot."""
        self.heat = heat
        for name in self._names:
            self.plot.removeItem(name)
        self._names = []
        if heat is None or not heat.groups:
            self.image.clear()
            self.plot.getAxis("left").setTicks([[]])
            return
        self.image.setImage(heat.scaled.T, levels=(-1.0, 1.0))
        ticks = [(i + 0.5, gene) for i, gene in enumerate(heat.genes)]
        self.plot.getAxis("left").setTicks([ticks])
        for i, (group, size) in enumerate(zip(heat.groups, heat.sizes, strict=True)):
            short = group if len(group) <= LONGEST else f"{group[: LONGEST - 1]}…"
            item = pyqtgraph.TextItem(f"{short} ({size})", anchor=(0, 0.5), angle=55)
            item.setPos(i + 0.5, -0.2)
            self.plot.addItem(item)
            self._names.append(item)
        wide = len(heat.groups)
        self.plot.setXRange(0, wide + 0.35 * wide, padding=0)
        self.plot.setYRange(-ROOM, len(heat.genes), padding=0)

    def gene_at(self, row: float) -> str:
        """Gene of a row; empty outside."""
        if self.heat is None or not 0 <= row < len(self.heat.genes):
            return ""
        return self.heat.genes[int(row)]

    def _on_clicked(self, event: Any) -> None:  # noqa: ANN401 - pyqtgraph comes without types
        at = self.plot.getPlotItem().vb.mapSceneToView(event.scenePos())
        gene = self.gene_at(float(at.y()))
        if gene:
            self.chosen.emit(gene)
