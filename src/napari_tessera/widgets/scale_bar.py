"""A scale bar in micrometres over the canvas, for coordinates that are pixels of known size.

napari's own bar takes the unit of the coordinates; layers in pixels cannot tell it how large these
are without moving everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from napari_tessera.viewer.scale_bar import LONGEST, scale_bar

if TYPE_CHECKING:
    from napari.viewer import Viewer

_MARGIN, _HEIGHT, _TICK = 12, 34, 4


def camera_of(viewer: Viewer) -> Any:  # noqa: ANN401 - napari's model of a camera
    """Find the camera, where napari 0.9 keeps it or where it was before."""
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def napari_bar(viewer: Viewer) -> Any:  # noqa: ANN401 - napari's model of a scale bar
    """Find the scale bar, where napari 0.9 keeps it or where it was before."""
    canvas = getattr(viewer, "canvas", None)
    overlays = getattr(canvas, "overlays", None)
    return viewer.scale_bar if overlays is None else overlays.scale_bar


class ScaleBar(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A bar with its length, bottom right; it lets the mouse through.

    Parameters
    ----------
    canvas : QWidget
        Widget whose corner it keeps to.
    viewer : napari.Viewer
        Its camera says how large a pixel of the canvas is.
    """

    def __init__(self, canvas: QWidget, viewer: Viewer) -> None:
        super().__init__(canvas)
        self.setObjectName("tesseraScaleBar")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(int(LONGEST) + 2 * _TICK, _HEIGHT)
        self.label = ""
        self.length = 0.0
        self._micrometres: float | None = None
        self._camera = camera_of(viewer)
        self._camera.events.zoom.connect(self._on_zoom)
        canvas.installEventFilter(self)
        self.hide()

    def set_scale(self, micrometres: float | None) -> None:
        """Show the bar for this many micrometres per unit of the coordinates; None hides it."""
        self._micrometres = micrometres
        self.setVisible(micrometres is not None)
        self._on_zoom()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the corner when the canvas changes its size."""
        if event.type() == QEvent.Type.Resize and watched is self.parent():
            self._place()
        return False

    def _on_zoom(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        zoom = float(self._camera.zoom)
        if self._micrometres is not None and zoom > 0:
            self.length, self.label = scale_bar(self._micrometres / zoom)
            self.setAccessibleName(f"Scale bar: {self.label}")
            self._place()
            self.update()

    def _place(self) -> None:
        canvas = self.parentWidget()
        if canvas is not None:
            self.move(
                canvas.width() - self.width() - _MARGIN, canvas.height() - self.height() - _MARGIN
            )
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's name and shape
        """Draw bar and label, light with a dark rim so that both are seen on anything."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right, level = self.width() - _TICK, self.height() - 8.0
        left = right - self.length
        for width, colour in ((5.0, QColor(0, 0, 0, 150)), (2.0, QColor("white"))):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(left, level), QPointF(right, level))
            for x in (left, right):
                painter.drawLine(QPointF(x, level - _TICK), QPointF(x, level + _TICK))
        font = QFont(self.font())
        font.setPointSizeF(12)
        painter.setFont(font)
        place = QRectF(0, 0, right, level - 4)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        for shift, colour in ((1, QColor(0, 0, 0, 200)), (0, QColor("white"))):
            painter.setPen(colour)
            painter.drawText(place.translated(shift, shift), flags, self.label)
        painter.end()
