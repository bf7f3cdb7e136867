"""Keeps the raster of a crowd in step with the camera; painting is done in another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.viewer.raster import Dots, paint_raster, radius_for, view_frame
from napari_tessera.viewer.tiles import Tiles, tiles_of
from napari_tessera.viewer.tissue import outline_dots
from napari_tessera.widgets.legend import canvas_widget_of
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.workbench.tasks import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.viewer.legend import Painting
    from napari_tessera.viewer.scatter import Frame

    Seen = tuple[tuple[float, float], float, tuple[float, float]]
    """World x and y in the middle of the view, pixels per world unit, width and height."""

WAIT_MS = 30
"""Wait before painting anew while the camera moves."""

HOVER_PX = 3.0
"""Distance in pixels up to which the mouse means a dot, where dots are smaller."""

_WHOLE = 1600
"""Pixels of the longer side where the whole crowd is painted: napari looks at it from the side."""


class RasterPainter:
    """One layer that shows a crowd, painted for whatever the camera sees.

    One picture is painted at a time; what the camera has done meanwhile is painted next.

    Parameters
    ----------
    viewer : napari.Viewer
        Its camera and canvas say what is seen.
    dots : Dots
        The crowd.
    errands : Errands or None
        Threads that paint; everything is painted at once where None.
    tell : callable
        Takes what went wrong and what to do.

    Attributes
    ----------
    layer : RasterLayer
        Not yet in the viewer; empty until it has been painted.
    painted : Signal
        Emitted with a `Painting` when its colours are on the screen.
    """

    painted = Signal(object)

    def __init__(
        self,
        viewer: Viewer,
        dots: Dots,
        errands: Errands | None,
        tell: Callable[[str, str], None],
    ) -> None:
        from napari_tessera.widgets.raster_layer import RasterLayer

        self._viewer, self._dots, self._errands, self._tell = viewer, dots, errands, tell
        self._tiles: Tiles | None = None
        self._diameter = 0.0
        self._rgba = np.zeros((0, 4), dtype=np.uint8)
        self._waiting: Callable[[], Painting] | None = None
        self._under_way = self._again = self._closed = False
        self.layer = RasterLayer(dots, self._find, self.close)
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(WAIT_MS)
        self._soon.timeout.connect(self.renew)
        for event in self._moves():
            event.connect(self._on_move)
        self.layer.events.visible.connect(self._on_visible)
        viewer.layers.events.removed.connect(self._on_removed)

    # -- verbs ---------------------------------------------------------------------------------

    def paint(
        self, colours: Callable[[], Painting], words: Callable[[int], Mapping[str, object]]
    ) -> None:
        """Give the dots other colours.

        Parameters
        ----------
        colours : callable
            Computes them; may be called from another thread.
        words : callable
            Takes a row, gives what the mouse tells over that dot.
        """
        self._waiting, self.layer.words = colours, words
        self.renew()

    def renew(self) -> None:
        """Paint what the camera sees, unless that is there; or later, while painting goes on."""
        if self._under_way:
            self._again = True
        elif self.layer.visible and not self._closed:
            seen, colours = self._seen(), self._waiting
            if colours is not None or (len(self._rgba) and not self._is_shown(seen)):
                self._waiting, self._under_way = None, True
                self._send(lambda: self._work(seen, colours))

    def close(self) -> None:
        """Paint no more."""
        if self._closed:
            return
        self._closed = True
        self._soon.stop()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        for event in self._moves():
            event.disconnect(self._on_move)

    # -- painting ------------------------------------------------------------------------------

    def _send(self, work: Callable[[], Any]) -> None:
        if self._errands is None:
            self._take(work())
        else:
            self._errands.send(work, self._take, self._fail)

    def _work(
        self, seen: Seen | None, colours: Callable[[], Painting] | None
    ) -> tuple[NDArray[np.uint8], Frame, Painting | None]:
        """Compute a picture; the only place that changes tiles, size and colours."""
        if self._tiles is None:
            self._diameter = self._dots.diameter()
            self._tiles = tiles_of(self._dots.xy)
        painting = None if colours is None else colours()
        if painting is not None:
            self._rgba = np.rint(painting.rgba * 255).astype(np.uint8)
        frame = view_frame(self._tiles, *(_whole(self._tiles) if seen is None else seen))
        hollow, size = self._dots.hollow, self._diameter
        pixels = paint_raster(self._tiles, self._rgba, frame, size, hollow=hollow)
        return pixels, frame, painting

    def _take(self, answer: tuple[NDArray[np.uint8], Frame, Painting | None]) -> None:
        pixels, frame, painting = answer
        self._under_way = False
        if self._closed:
            return
        self.layer.show(pixels, frame)
        if painting is not None:
            self.painted.emit(painting)
        if self._again:
            self._again = False
            self.renew()

    def _fail(self, error: Exception) -> None:
        self._under_way = self._again = False
        self._tell(*words_of(error))

    # -- camera --------------------------------------------------------------------------------

    def _moves(self) -> list[Any]:
        """Events after which the camera may see something else."""
        camera = camera_of(self._viewer).events
        size: Any = getattr(getattr(self._viewer, "canvas", None), "events", None)
        found = [camera.zoom, camera.center, self._viewer.dims.events.ndisplay]
        return [*found, size.size] if hasattr(size, "size") else found

    def _on_move(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        if not self._soon.isActive() and self.layer.visible:
            self._soon.start()

    def _on_visible(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        self.renew()

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401 - napari's events
        if event.value is self.layer:
            self.close()

    def _seen(self) -> Seen | None:
        """Ask what the camera sees; None where it does not look straight down."""
        if self._viewer.dims.ndisplay != 2:
            return None
        camera, ratio = camera_of(self._viewer), self._pixel_ratio()
        height, width = _canvas_size(self._viewer)
        y, x = camera.center[-2:]
        zoom = max(float(camera.zoom), 1e-9) * ratio
        return (float(x), float(y)), zoom, (width * ratio, height * ratio)

    def _pixel_ratio(self) -> float:
        """Pixels of the screen per pixel of Qt."""
        canvas = canvas_widget_of(self._viewer)
        return 1.0 if canvas is None else float(canvas.devicePixelRatioF())

    def _is_shown(self, seen: Seen | None) -> bool:
        """Whether the picture is the one that would be painted, or reaches beyond the view."""
        frame, tiles = self.layer.frame, self._tiles
        if frame is None or tiles is None:
            return False
        centre, zoom, size = _whole(tiles) if seen is None else seen
        if not np.isclose(zoom * (frame.right - frame.left), frame.width, rtol=1e-6):
            return False
        view = view_frame(tiles, centre, zoom, size, margin=0.0)
        slack = 1 / zoom
        return (
            frame.left <= view.left + slack
            and frame.right >= view.right - slack
            and frame.bottom <= view.bottom + slack
            and frame.top >= view.top - slack
        )

    def _find(self, x: float, y: float) -> int | None:
        """Row of the dot at a place of the world, if one is drawn there."""
        tiles, frame, rgba = self._tiles, self.layer.frame, self._rgba
        if tiles is None or frame is None:
            return None
        zoom = frame.width / (frame.right - frame.left)
        reach = max(radius_for(0, self._diameter * zoom), HOVER_PX) / zoom
        near = tiles.nearest(x, y, reach)
        shown = near[rgba[near, 3] > 0]
        return int(shown[0]) if len(shown) else None


def outline_raster(
    viewer: Viewer, view: TissueView, errands: Errands, tell: Callable[[str, str], None]
) -> Layer | None:
    """Outlines of the spots of a tissue, if they are too many for points.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they will be seen.
    view : TissueView
        The tissue.
    errands : Errands
        Threads that paint.
    tell : callable
        Takes what went wrong and what to do.

    Returns
    -------
    RasterLayer or None
        Not yet in the viewer. It keeps its painter alive.
    """
    found = outline_dots(view)
    if found is None:
        return None
    dots, painting = found
    painter = RasterPainter(viewer, dots, errands, tell)
    painter.paint(lambda: painting, dots.words)
    return painter.layer


def stop_rasters(viewer: Viewer) -> None:
    """Have nothing more painted: the window goes."""
    for layer in viewer.layers:
        if hasattr(layer, "stop_painting"):
            layer.stop_painting()


def _whole(tiles: Tiles) -> Seen:
    """Look at the whole crowd from above."""
    x, y = ((tiles.low + tiles.high) / 2).tolist()
    zoom = _WHOLE / max(float((tiles.high - tiles.low).max()), 1e-9)
    return (x, y), zoom, (_WHOLE, _WHOLE)


def _canvas_size(viewer: Viewer) -> tuple[float, float]:
    """Height and width of the canvas in Qt's pixels, where napari 0.9 keeps it or before."""
    canvas = getattr(viewer, "canvas", None)
    height, width = viewer._canvas_size if canvas is None else canvas.size  # noqa: SLF001 - no public way before 0.9
    return float(height), float(width)
