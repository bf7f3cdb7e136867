"""The legend on the canvas: types with their colours and counts, or the two ends of a ramp.

It is a widget over the canvas, so it costs the canvas nothing and is there in every screenshot of
the window. A click on a type hides its cells, a double click shows them alone, a click on its
swatch changes its colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, QPoint, Qt
from qtpy.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_tessera.widgets.legend_parts import Ramp, TypeRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from napari_tessera.viewer.legend import Legend

CORNERS = ("bottom left", "top left", "top right", "bottom right")
MOST_ROWS = 12
"""Rows seen at once; further ones are scrolled to."""

_MARGIN = 10
BAR_WIDTH, BAR_HEIGHT = 190, 44
"""Pixels that the scale bar takes in the bottom right corner; the legend stays clear of it."""
_STYLE = """
#tesseraLegend { background: rgba(20, 22, 26, 205); border-radius: 6px; }
#tesseraLegend QWidget { background: transparent; color: #f2f2f2; font-size: 11px; }
#tesseraLegend QLabel[title="true"] { font-weight: bold; }
#tesseraLegend QPushButton { border: none; padding: 0; text-align: left; }
#tesseraLegend QPushButton:hover { text-decoration: underline; }
#tesseraLegend QToolButton { border: none; padding: 0 2px; }
#tesseraLegend QToolButton:hover { background: rgba(255, 255, 255, 50); border-radius: 3px; }
#tesseraLegend QScrollBar:vertical { width: 7px; margin: 0; }
#tesseraLegend QScrollBar::handle:vertical { background: rgba(255, 255, 255, 110); }
"""


class LegendOverlay(QFrame):  # type: ignore[misc]  # Qt comes without types
    """Legends of the visible layers, in a corner of the canvas.

    Parameters
    ----------
    canvas : QWidget
        Widget whose corner it keeps to.

    Attributes
    ----------
    rows : list of TypeRow
        Lines of all types, top to bottom.
    toggled : Signal
        Emitted with the name of a type that was clicked.
    isolated : Signal
        Emitted with the name of a type that shall be seen alone.
    recolouring : Signal
        Emitted with the name of a type that shall have another colour.
    undoing : Signal
        Emitted when a person takes the last change of a colour back.
    closed : Signal
        Emitted when a person closes the legend.
    """

    toggled = Signal(str)
    isolated = Signal(str)
    recolouring = Signal(str)
    undoing = Signal()
    closed = Signal()

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("tesseraLegend")
        self.setStyleSheet(_STYLE)
        self.corner = CORNERS[0]
        self.wanted = True
        self._legends: tuple[Legend, ...] = ()
        self.rows: list[TypeRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 5, 8, 7)
        self._layout.setSpacing(3)
        self._body: QWidget | None = None
        self._undo: QToolButton | None = None
        self._can_undo = False
        canvas.installEventFilter(self)
        self.hide()

    def set_legends(self, legends: Sequence[Legend], hidden: frozenset[str] = frozenset()) -> None:
        """Show these legends one below the other; none hides the overlay.

        Parameters
        ----------
        legends : sequence of Legend
            The most important first.
        hidden : frozenset of str
            Types that are not drawn at the moment.
        """
        if tuple(legends) != self._legends:
            self._legends = tuple(legends)
            self._rebuild()
        for row in self.rows:
            row.set_dimmed(dimmed=row.name in hidden)
        self._place()

    def set_wanted(self, *, wanted: bool) -> None:
        """Show or hide the legend as a person likes it."""
        self.wanted = wanted
        self._place()

    def set_can_undo(self, *, can: bool) -> None:
        """Offer to take the last change of a colour back, or not."""
        self._can_undo = can
        if self._undo is not None:
            self._undo.setVisible(can)

    def move_on(self) -> None:
        """Go to the next corner, clockwise."""
        self.corner = CORNERS[(CORNERS.index(self.corner) + 1) % len(CORNERS)]
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the corner when the canvas changes its size."""
        if event.type() == QEvent.Type.Resize and watched is self.parent():
            self._place()
        return False

    def event(self, event: QEvent) -> bool:
        """Take the size that the parts ask for, as soon as they know it."""
        handled = bool(super().event(event))
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return handled

    def _rebuild(self) -> None:
        if self._body is not None:
            self._layout.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self.rows, self._undo = [], None
        self._body = QWidget(self)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for number, legend in enumerate(self._legends):
            column.addLayout(self._title(legend.title, with_buttons=number == 0))
            if legend.entries:
                column.addWidget(self._types(legend))
            if legend.ramp:
                column.addWidget(Ramp(legend))
        self._layout.addWidget(self._body)
        self._body.show()

    def _title(self, text: str, *, with_buttons: bool) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(4)
        label = QLabel(text)
        label.setProperty("title", "true")
        line.addWidget(label, 1)
        if with_buttons:
            self._undo = _button("↶", "Take the last change of a colour back", self._on_undo)
            self._undo.setVisible(self._can_undo)
            line.addWidget(self._undo)
            line.addWidget(_button("↻", "Move the legend to the next corner", self.move_on))
            line.addWidget(_button("✕", "Hide the legend; the Results dock brings it back",
                                   self._close_by_hand))  # fmt: skip
        return line

    def _types(self, legend: Legend) -> QWidget:
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for entry in legend.entries:
            row = TypeRow(entry)
            row.clicked.connect(self._on_row_clicked)
            row.isolated.connect(self._on_row_isolated)
            row.recolouring.connect(self._on_row_recolouring)
            self.rows.append(row)
            column.addWidget(row)
        if len(legend.entries) <= MOST_ROWS:
            return rows
        return _scrolled(rows, height=MOST_ROWS * TypeRow.HEIGHT)

    def _on_row_clicked(self, name: str) -> None:
        self.toggled.emit(name)

    def _on_row_isolated(self, name: str) -> None:
        self.isolated.emit(name)

    def _on_row_recolouring(self, name: str) -> None:
        self.recolouring.emit(name)

    def _on_undo(self) -> None:
        self.undoing.emit()

    def _close_by_hand(self) -> None:
        self.set_wanted(wanted=False)
        self.closed.emit()

    def _place(self) -> None:
        self.setVisible(self.wanted and bool(self._legends))
        canvas = self.parentWidget()
        if canvas is None or not self._legends:
            return
        self.ensurePolished()
        self._layout.activate()
        wanted = self._layout.sizeHint()
        self.resize(
            min(wanted.width(), max(canvas.width() - 2 * _MARGIN, 120)),
            min(wanted.height(), max(canvas.height() - 2 * _MARGIN, 60)),
        )
        right = canvas.width() - self.width() - _MARGIN
        below = canvas.height() - self.height() - _MARGIN
        meets_bar = "right" in self.corner or self.width() + BAR_WIDTH > canvas.width()
        below -= BAR_HEIGHT if meets_bar else 0
        self.move(
            QPoint(
                right if "right" in self.corner else _MARGIN,
                below if "bottom" in self.corner else _MARGIN,
            )
        )
        self.raise_()


def canvas_widget_of(viewer: Viewer) -> QWidget | None:
    """Widget on which a viewer draws; None for a viewer that has no window.

    napari has no public way to it. The main window is found through any dock of the viewer, else
    through the window object's private attribute; the drawing widget in it by its Qt class.

    Parameters
    ----------
    viewer : napari.Viewer
        An open viewer.
    """
    window = _main_window_of(viewer) if hasattr(viewer, "window") else None
    if window is None or window.centralWidget() is None:
        return None
    centre = window.centralWidget()
    drawing = [w for w in centre.findChildren(QWidget) if w.inherits("QOpenGLWidget")]
    return drawing[0] if drawing else centre


def _main_window_of(viewer: Viewer) -> QMainWindow | None:
    for widget in viewer.window.dock_widgets.values():
        window = getattr(widget, "native", widget).window()
        if isinstance(window, QMainWindow):
            return window
    own = getattr(viewer.window, "_qt_window", None)
    if isinstance(own, QMainWindow):
        return own
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow)]
    return windows[0] if len(windows) == 1 else None


def _button(text: str, tip: str, action: object) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.clicked.connect(action)
    return button


def _scrolled(rows: QWidget, *, height: int) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(rows)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFixedHeight(height)
    area.setMinimumWidth(rows.sizeHint().width() + 12)
    return area
