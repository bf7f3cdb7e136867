"""Bars of what a selection is made of, and violins of genes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph
from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tessera.viewer.scatter import FIRST, NEITHER, SECOND
from napari_tessera.widgets.plots import still_plot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.viewer.colours import Categories
    from napari_tessera.viewer.violins import GeneViolins, Violin

MOST_BARS = 12
"""Labels that have a bar: the commonest on either side."""

ROW = 22
"""Pixels of height per label."""

VIOLINS = 190
"""Height of the violins in pixels."""

LONGEST_NAME = 16
"""Letters of a label beside its bars; the tooltip has all."""


class ShareBars(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Two bars per label: its share of the selection, and of those it is compared with.

    Attributes
    ----------
    picked : Signal
        Emitted with the label whose bars were clicked.
    """

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = still_plot()
        self.plot.setLabel("bottom", "share (%)")
        self.plot.invertY()
        self.labels: list[str] = []
        self.shares: NDArray[np.float64] = np.zeros((0, 2))
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def set_shares(
        self,
        groups: Categories | None,
        sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        others: str = NEITHER,
    ) -> None:
        """Count labels on both sides.

        Parameters
        ----------
        groups : Categories or None
            Labels; None empties the bars.
        sides : two ndarrays of bool, each (n,)
            The selection, and those it is compared with.
        others : str
            Colour of their bars.
        """
        self.plot.clear()
        self.labels, self.shares = [], np.zeros((0, 2))
        if groups is None or len(groups.codes) != len(sides[0]):
            return
        table = np.stack([_shares(groups, side) for side in sides], axis=1)
        order = np.argsort(-table.max(axis=1), kind="stable")[:MOST_BARS]
        self.labels = [groups.names[i] for i in order]
        self.shares = table[order]
        self._draw(others)

    def _draw(self, others: str) -> None:
        at = np.arange(len(self.labels))
        for side, colour in enumerate((FIRST, others)):
            self.plot.addItem(
                pyqtgraph.BarGraphItem(
                    x0=0,
                    y=at + 0.2 * (2 * side - 1),
                    width=self.shares[:, side],
                    height=0.38,
                    brush=colour,
                    pen=None,
                )
            )
        axis = self.plot.getAxis("left")
        axis.setTicks([[(i, _short(label)) for i, label in enumerate(self.labels)]])
        self.plot.setXRange(0, max(float(self.shares.max(initial=0)), 1), padding=0.02)
        self.plot.setYRange(-0.6, max(len(self.labels), 1) - 0.4, padding=0)
        self.setFixedHeight(ROW * max(len(self.labels), 2) + 46)
        rows = zip(self.labels, self.shares, strict=True)
        said = [f"{label}: {a:.1f} % against {b:.1f} %" for label, (a, b) in rows]
        self.setToolTip("\n".join(["Selection against the others; click to select all", *said]))

    def _on_click(self, event: object) -> None:
        point = self.plot.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        row = round(point.y())
        if 0 <= row < len(self.labels):
            self.picked.emit(self.labels[row])


class Violins(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Per gene a violin whose left half is the selection and whose right half the others."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = still_plot()
        self.plot.setLabel("left", "log expression")
        self.setFixedHeight(VIOLINS)
        self.setToolTip("Left half: the selection; right half: those it is compared with")
        self.genes: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def set_genes(self, found: Sequence[GeneViolins], others: str = NEITHER) -> None:
        """Show these genes.

        Parameters
        ----------
        found : sequence of GeneViolins
            Left to right.
        others : str
            Colour of the right halves.
        """
        self.plot.clear()
        self.genes = [each.gene for each in found]
        for i, each in enumerate(found):
            for half, side, colour in ((each.first, -1, FIRST), (each.others, 1, others)):
                if half is not None:
                    self._add(i, half, side, colour)
        self.plot.getAxis("bottom").setTicks([list(enumerate(self.genes))])
        self.plot.setXRange(-0.6, max(len(self.genes), 1) - 0.4, padding=0)
        self.plot.enableAutoRange(axis="y")

    def _add(self, at: int, half: Violin, side: int, colour: str) -> None:
        """Draw one half: the density, and a line at the median."""
        edge = pyqtgraph.PlotCurveItem(at + side * 0.42 * half.width, half.at, pen=colour)
        spine = pyqtgraph.PlotCurveItem(np.full(len(half.at), at), half.at, pen=colour)
        outline = np.concatenate([at + side * 0.42 * half.width, np.full(len(half.at), at)])
        heights = np.concatenate([half.at, half.at[::-1]])
        fill = pyqtgraph.QtWidgets.QGraphicsPolygonItem(_polygon(outline, heights))
        fill.setBrush(pyqtgraph.mkBrush(colour))
        fill.setPen(pyqtgraph.mkPen(None))
        fill.setOpacity(0.6)
        for item in (fill, edge, spine):
            self.plot.addItem(item)
        pen = pyqtgraph.mkPen("#ffffff", width=2)
        self.plot.plot([at, at + side * 0.3], [half.median, half.median], pen=pen)


def colour_of_others(*, second: bool) -> str:
    """Colour of those a selection is compared with."""
    return SECOND if second else NEITHER


def legend_words(colours: Mapping[str, str]) -> str:
    """Rich text that names colours.

    Parameters
    ----------
    colours : mapping of str to str
        What to say, and in which colour the square before it is.
    """
    said = [f'<span style="color:{colour}">■</span> {word}' for word, colour in colours.items()]
    return " &nbsp; ".join(said)


def _shares(groups: Categories, side: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Percent of every label on one side."""
    counts = np.bincount(groups.codes[side], minlength=len(groups.names))
    return np.asarray(100 * counts / max(int(counts.sum()), 1), dtype=np.float64)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_NAME else f"{label[: LONGEST_NAME - 1]}…"


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> pyqtgraph.QtGui.QPolygonF:
    """Corners as Qt wants them."""
    from qtpy.QtCore import QPointF

    points = [QPointF(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    return pyqtgraph.QtGui.QPolygonF(points)
