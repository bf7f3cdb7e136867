"""What of the world the camera sees, and word when that has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, QTimer

from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.pies import Frame
from napari_tessera.widgets.legend import canvas_widget_of
from napari_tessera.widgets.scale_bar import camera_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

SETTLE_MS = 40
"""Time between a movement of the camera and word of it; movements in between are one."""

_NO_CANVAS = (800, 600)


def frame_of(viewer: Viewer) -> Frame:
    """Part of the world that is on the screen.

    Parameters
    ----------
    viewer : napari.Viewer
        An open viewer; one without a window is taken for 800 by 600 pixels.
    """
    camera, canvas = camera_of(viewer), canvas_widget_of(viewer)
    width, height = _NO_CANVAS if canvas is None else (canvas.width(), canvas.height())
    zoom = max(float(camera.zoom), 1e-12)
    y, x = (float(part) for part in camera.center[-2:])
    across, down = width / zoom / 2, height / zoom / 2
    return Frame(low=(x - across, y - down), high=(x + across, y + down), zoom=zoom)


class CameraWatch(QObject):  # type: ignore[misc]  # Qt comes without types
    """Says when the camera or the size of the canvas has changed.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose camera.

    Attributes
    ----------
    moved : Signal
        Emitted a moment after a movement.
    """

    moved = Signal()

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.moved.emit)
        self._events = camera_of(viewer).events
        for event in (self._events.zoom, self._events.center):
            event.connect(self._on_moved)
        canvas = canvas_widget_of(viewer)
        if canvas is not None:
            canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002 - Qt's shape
        """Look when the canvas changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._on_moved()
        return False

    def close(self) -> None:
        """Watch no more."""
        self._timer.stop()
        for event in (self._events.zoom, self._events.center):
            event.disconnect(self._on_moved)

    def _on_moved(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        if not self._timer.isActive():
            self._timer.start()


def look_at_spots(viewer: Viewer) -> None:
    """Fit the camera to the spots; to everything where there are none or napari is older."""
    spots = [la for la in viewer.layers if la.metadata.get(MARK, {}).get("role") == Role.SPOTS]
    if spots and hasattr(viewer, "fit_to_view"):
        viewer.fit_to_view(layers=spots, margin=0.04)
    else:
        viewer.reset_view()
