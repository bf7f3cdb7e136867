"""A tour through the docks: a line below the tissue, and a frame around the dock it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QWidget

from napari_tessera.contract.palette import PALETTE
from napari_tessera.widgets.docks import MAKERS, arrange, find_dock, show_dock
from napari_tessera.widgets.parts import button, words
from napari_tessera.widgets.tour_stops import stops_of
from napari_tessera.workbench.tour import Tour

if TYPE_CHECKING:
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_tessera.widgets.session import Session

COLOUR = PALETTE[0]
"""Of the frame, and of the number of the stop."""

WIDTH = 3
"""Of the frame in pixels."""

HEIGHT = 64
"""Of the panel in pixels: two lines, and the buttons that napari puts at its side."""

NUMBER_WIDTH = 56
"""Of the number of the stop, or the praise."""

LOOK_MS = 250
"""Time between two looks whether a person has done what the stop asks for."""

PRAISE_MS = 1200
"""Time for which a stop that was just done is seen before the tour goes on."""


class TourPanel(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Says one thing at a time; leaves nothing behind but the docks that it opened.

    Parameters
    ----------
    session : Session
        Of the window.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("tesseraTour")
        self.setWindowTitle("Tour")
        self._session = session
        self._frame: Frame | None = None
        self.tour = Tour(stops_of(session))
        self.number, self.text = QLabel(), words()
        self.back = button("Back", "To the stop before", self.tour.back)
        self.next = button("Next", "To the next stop, done or not", self.tour.next)
        self.end = button("End", "Leave the tour; the docks stay as they are", self.leave)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self.begin)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self.tour.look)
        self._praise = QTimer(self)
        self._praise.setSingleShot(True)
        self._praise.setInterval(PRAISE_MS)
        self._praise.timeout.connect(self.tour.next)
        self._lay_out()
        self.tour.changed.connect(self.refresh)
        self.tour.advanced.connect(self._on_advanced)

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 6, 10, 6)
        self.number.setMinimumWidth(NUMBER_WIDTH)
        self.setFixedHeight(HEIGHT)
        line.addWidget(self.number)
        line.addWidget(self.text, 1)
        for each in (self.back, self.next, self.end):
            line.addWidget(each)

    # -- beginning and end ---------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Begin, or go on, as soon as napari has put the panel where it wants it."""
        super().showEvent(event)
        self._settled.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Take the frame away, and watch nothing."""
        super().hideEvent(event)
        self._settled.stop()
        self._look.stop()
        self._praise.stop()
        self._unframe()

    def begin(self) -> None:
        """Lie down below the tissue, open what is to be shown, and point at it."""
        if not self.isVisible() or self._look.isActive():
            return
        self._lie_down()
        viewer, bench = self._session.viewer, self._session.bench
        if all(find_dock(viewer, name) is None for name in MAKERS):
            arrange(viewer)
        if bench.tissue is None and not bench.busy:
            bench.open_sample(real=True)
        self._look.start()
        self.refresh()

    def leave(self) -> None:
        """End the tour: the panel and its frame are gone."""
        dock = self._dock()
        self.hide()
        if dock is not None:
            self._session.viewer.window.remove_dock_widget(dock)
        self.deleteLater()

    def _lie_down(self) -> None:
        """Move from the side, where napari opens docks, to below the tissue."""
        dock = self._dock()
        main = None if dock is None else dock.parentWidget()
        below = Qt.DockWidgetArea.BottomDockWidgetArea
        if isinstance(main, QMainWindow) and main.dockWidgetArea(dock) != below:
            main.addDockWidget(below, dock)

    def _dock(self) -> QDockWidget | None:
        found = self.parentWidget()
        while found is not None and not isinstance(found, QDockWidget):
            found = found.parentWidget()
        return found

    # -- one stop after the other --------------------------------------------------------------

    def refresh(self) -> None:
        """Say what is to be done at this stop, and point at its dock."""
        if not self._look.isActive():
            return
        tour = self.tour
        self._praise.stop()
        sign = "✓ done" if tour.done else f"{tour.at + 1} of {len(tour.stops)}"
        self.number.setText(f'<b style="color: {COLOUR}">{sign}</b>')
        self.text.setText(tour.stop.words)
        self.back.setEnabled(not tour.is_first)
        self.next.setEnabled(not tour.is_last)
        self._point_at(show_dock(self._session.viewer, tour.stop.dock))

    def _on_advanced(self) -> None:
        if not self.tour.is_last and self._look.isActive():
            self._praise.start()

    def _point_at(self, dock: QDockWidget) -> None:
        framed = self._frame if self._frame is not None and isalive(self._frame) else None
        if framed is None or framed.parentWidget() is not dock:
            self._unframe()
            self._frame = Frame(dock)
            self._frame.show()

    def _unframe(self) -> None:
        if self._frame is not None and isalive(self._frame):  # it goes with a dock that is closed
            self._frame.leave()
        self._frame = None


class Frame(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A coloured frame around a dock, through which every click goes.

    Parameters
    ----------
    dock : QWidget
        Around which.
    """

    def __init__(self, dock: QWidget) -> None:
        super().__init__(dock)
        self.setObjectName("tesseraTourFrame")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        dock.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002 - Qt's signature
        """Follow the size of the dock."""
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest}:
            self._fit()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        """Draw four sides, and nothing between them."""
        painter = QPainter(self)
        painter.setPen(QPen(QColor(COLOUR), WIDTH))
        half = WIDTH / 2
        painter.drawRect(QRectF(self.rect()).adjusted(half, half, -half, -half))

    def leave(self) -> None:
        """Be gone."""
        self.parentWidget().removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def _fit(self) -> None:
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
