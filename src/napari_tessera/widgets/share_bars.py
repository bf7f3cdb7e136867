"""Bars of the spot under the mouse: its types with their shares, in a corner of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from napari_tessera.viewer.hover import SpotBars, SpotFinder, bars_of
from napari_tessera.viewer.layer_data import Role
from napari_tessera.widgets.legend import BAR_HEIGHT, BAR_WIDTH, canvas_widget_of
from napari_tessera.widgets.legend_parts import colour_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_tessera.contract.views import SpotsView, TissueView
    from napari_tessera.widgets.results_layers import RunLayers

WIDTH, LEAST_WIDTH = 240, 150
"""Pixels that the bars take across, on a canvas that is wide enough and on any other."""

_MARGIN, _PAD, _LINE, _NUMBER = 10, 8, 16, 34
_NAMES = 0.47
"""Part of the width that the names take."""
_GROUND = QColor(20, 22, 26, 205)
_WORDS = QColor("#f2f2f2")


class ShareBars(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Horizontal bars, one per type; it lets the mouse through.

    Parameters
    ----------
    canvas : QWidget
        Widget whose corner it keeps to: the upper right one, or the lower left one.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("tesseraShareBars")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.told: SpotBars | None = None
        self.hide()

    def tell(self, told: SpotBars | None, *, low: bool = False) -> None:
        """Show the bars of a spot, or none.

        Parameters
        ----------
        told : SpotBars or None
            What to show; None hides the widget.
        low : bool
            Whether to keep to the lower left corner, because the legend is above.
        """
        self.told = told
        canvas = self.parentWidget()
        if told is None or canvas is None:
            self.hide()
            return
        words = "; ".join(f"{bar.name} {bar.share:.0%}" for bar in told.bars)
        self.setAccessibleName(f"{told.title}; {words}")
        height = (len(told.bars) + 1) * _LINE + 2 * _PAD
        width = max(min(WIDTH, canvas.width() - 2 * _MARGIN), LEAST_WIDTH)
        left = _MARGIN if low else max(canvas.width() - width - _MARGIN, 0)
        below = _MARGIN + (BAR_HEIGHT if width + BAR_WIDTH > canvas.width() else 0)
        top = max(canvas.height() - height - below, 0) if low else _MARGIN
        self.setGeometry(left, top, width, height)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's name and shape
        """Draw title and bars."""
        if self.told is None:
            return
        width, names = self.width(), _NAMES * self.width()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        self._write(
            painter, self.told.title, QRectF(_PAD, _PAD, width - 2 * _PAD, _LINE), bold=True
        )
        room = width - 2 * _PAD - names - _NUMBER
        for number, bar in enumerate(self.told.bars, start=1):
            top = _PAD + number * _LINE
            self._write(painter, bar.name, QRectF(_PAD, top, names - 4, _LINE))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour_of(bar.rgba))
            painter.drawRect(QRectF(_PAD + names, top + 3, max(room * bar.share, 1), _LINE - 6))
            place = QRectF(width - _PAD - _NUMBER, top, _NUMBER, _LINE)
            self._write(painter, f"{bar.share:.0%}", place, to_right=True)
        painter.end()

    def _write(
        self,
        painter: QPainter,
        text: str,
        place: QRectF,
        *,
        bold: bool = False,
        to_right: bool = False,
    ) -> None:
        font = QFont(self.font())
        font.setPixelSize(11)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(_WORDS)
        side = Qt.AlignmentFlag.AlignRight if to_right else Qt.AlignmentFlag.AlignLeft
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, shown)


class ShareWatch(QObject):  # type: ignore[misc]  # Qt comes without types
    """Follows the mouse and tells the shares of the spot under it.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose mouse.
    current : callable
        Gives the layers of the run that is looked at, or None.
    corner : callable
        Gives the corner that the legend keeps to.

    Attributes
    ----------
    wanted : bool
        Whether a person wants to be told.
    told : SpotBars or None
        What is told at present.
    """

    def __init__(
        self, viewer: Viewer, current: Callable[[], RunLayers | None], corner: Callable[[], str]
    ) -> None:
        super().__init__()
        self.wanted = True
        self.told: SpotBars | None = None
        self._viewer, self._current, self._corner = viewer, current, corner
        self._spots: SpotsView | None = None
        self._finder: SpotFinder | None = None
        self._spot: int | None = None
        self._bars: ShareBars | None = None
        viewer.mouse_move_callbacks.append(self._on_mouse)

    def take_view(self, view: TissueView) -> None:
        """Begin anew with another tissue."""
        self.forget()
        self._spots, self._finder = view.spots, None

    def forget(self) -> None:
        """Tell nothing until the mouse moves again."""
        self._spot = None
        self._tell(None)

    def close(self) -> None:
        """Follow the mouse no more."""
        if self._on_mouse in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._on_mouse)
        self.forget()

    def look(self, x: float, y: float) -> None:
        """Tell what is at a point.

        Parameters
        ----------
        x, y : float
            World coordinates.
        """
        layers, spots = self._current(), self._spots
        if layers is None or spots is None or not self.wanted or not _shows_spots(layers):
            self.forget()
            return
        spot = self._spot_at(x, y, layers.layer(Role.COMPOSITION))
        if spot == self._spot:
            return
        self._spot = spot
        self._tell(None if spot is None else bars_of(layers.run, spots, spot))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002 - Qt's shape
        """Tell nothing when the mouse has left the canvas."""
        if event.type() == QEvent.Type.Leave:
            self.forget()
        return False

    def _on_mouse(self, viewer: Viewer, event: object) -> None:
        """Look where the mouse is, as napari tells it."""
        if viewer.dims.ndisplay == 2:
            y, x = event.position[-2:]  # type: ignore[attr-defined]
            self.look(float(x), float(y))

    def _spot_at(self, x: float, y: float, layer: Layer | None) -> int | None:
        """Spot at a point: where the labels are drawn, they say it to the pixel."""
        if self._spots is None:
            return None
        if self._finder is None:
            self._finder = SpotFinder(self._spots)
        if layer is not None and layer.visible and hasattr(layer, "selected_label"):
            label = layer.get_value((y, x), world=True)
            return None if label is None else self._finder.of_label(int(label))
        return self._finder.at(x, y)

    def _tell(self, told: SpotBars | None) -> None:
        self.told = told
        if self._bars is None and told is not None:
            canvas = canvas_widget_of(self._viewer)
            if canvas is not None:
                canvas.installEventFilter(self)
                self._bars = ShareBars(canvas)
        if self._bars is not None and (told is not None or self._bars.told is not None):
            self._bars.tell(told, low="top" in self._corner())


def _shows_spots(layers: RunLayers) -> bool:
    """Whether spots of a run with a composition are seen."""
    if layers.run.result.composition is None:
        return False
    seen = [layers.layer(role) for role in (Role.COMPOSITION, Role.PIES)]
    return any(layer is not None and layer.visible for layer in seen)
