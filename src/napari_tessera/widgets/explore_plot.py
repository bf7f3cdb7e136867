"""An embedding as a picture in which a person draws a lasso."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from psygnal import Signal
from qtpy.QtCore import QRectF, Qt, QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_tessera.viewer.scatter import Frame, colours_of_scatter, frame_of, paint_scatter

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHTS = (240, 360)
"""Least and greatest height in pixels."""

PAINT_MS = 15
"""Wait before painting anew while a person zooms."""

LASSO_PEN = "#d1495b"


class LassoBox(pyqtgraph.ViewBox):  # type: ignore[misc]  # pyqtgraph comes without types
    """A view in which dragging with the left button draws, and with another one moves.

    Attributes
    ----------
    drawn : Signal
        Emitted with the outline, shape (n_corners, 2), when the button is let go.
    """

    drawn = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.lasso = True
        self.line = pyqtgraph.PlotCurveItem(pen=pyqtgraph.mkPen(LASSO_PEN, width=2))
        self.addItem(self.line, ignoreBounds=True)
        self._corners: list[tuple[float, float]] = []

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: ANN401 - its shape
        """Draw with the left button where lassos are drawn; else move as usual."""
        if not self.lasso or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        if event.isStart():
            self._corners = []
            self._add(event.buttonDownPos())
        self._add(event.pos())
        x, y = np.array(self._corners).T
        self.line.setData(np.append(x, x[0]), np.append(y, y[0]))
        if event.isFinish():
            self.line.setData([], [])
            self.drawn.emit(np.array(self._corners))

    def _add(self, place: Any) -> None:  # noqa: ANN401 - of Qt
        """Take one more corner."""
        point = self.mapToView(place)
        self._corners.append((point.x(), point.y()))


class EmbeddingPlot(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Dots in a plane, painted anew for whatever part of it is seen.

    Attributes
    ----------
    lassoed : Signal
        Emitted with an outline in the plane.
    """

    lassoed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(HEIGHTS[0])
        self.setMaximumHeight(HEIGHTS[1])
        self.setToolTip("Drag to draw a lasso; right button or Move to move, wheel to zoom")
        self.box = LassoBox()
        self.plot = pyqtgraph.PlotWidget(background=None, viewBox=self.box)
        self.plot.hideButtons()
        self.plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self.picture = pyqtgraph.ImageItem(axisOrder="row-major")
        self.box.addItem(self.picture, ignoreBounds=True)
        self.box.drawn.connect(self.lassoed.emit)
        self._xy: NDArray[np.float32] = np.zeros((0, 2), dtype=np.float32)
        self._rgba: NDArray[np.float32] = np.zeros((0, 4), dtype=np.float32)
        self._chosen: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAINT_MS)
        self._later.timeout.connect(self.paint)
        self.box.sigRangeChanged.connect(lambda *_: self._later.start())
        self.box.sigResized.connect(lambda *_: self._later.start())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def set_places(self, xy: NDArray[np.float32]) -> None:
        """Show other places, and all of them.

        Parameters
        ----------
        xy : ndarray, shape (n, 2), float32
            Rows that are not finite are not drawn.
        """
        self._xy = xy
        frame = frame_of(xy, 1, 1)
        self.box.setRange(
            xRange=(frame.left, frame.right), yRange=(frame.bottom, frame.top), padding=0
        )
        self._later.start()

    def set_look(self, rgba: NDArray[np.float32], chosen: NDArray[np.bool_]) -> None:
        """Colour the dots and say who is in front.

        Parameters
        ----------
        rgba : ndarray, shape (n, 4), float32
            Colours.
        chosen : ndarray of bool, shape (n,)
            Where some are, the others step back.
        """
        self._rgba, self._chosen = rgba, chosen
        self._later.start()

    def set_lasso(self, *, on: bool) -> None:
        """Let the left button draw, or move."""
        self.box.lasso = on

    def frame(self) -> Frame:
        """Say what part of the plane is seen on how many pixels of the screen."""
        (left, right), (bottom, top) = self.box.viewRange()
        ratio = self.devicePixelRatioF()
        width, height = (max(int(n * ratio), 1) for n in (self.box.width(), self.box.height()))
        return Frame(left=left, right=right, bottom=bottom, top=top, width=width, height=height)

    def paint(self) -> None:
        """Paint what is seen; nothing while places and colours are of different crowds."""
        if not len(self._xy) == len(self._rgba) == len(self._chosen):
            self.picture.clear()
            return
        frame = self.frame()
        colours = colours_of_scatter(self._rgba, self._chosen)
        pixels = paint_scatter(self._xy, colours, self._chosen, frame)
        self.picture.setImage(pixels, autoLevels=False, levels=(0, 255))
        self.picture.setRect(
            QRectF(frame.left, frame.bottom, frame.right - frame.left, frame.top - frame.bottom)
        )
