"""Cells on their way: one layer that follows a fit, at most twice a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.viewer import raster
from napari_tessera.viewer.colours import Categories, categories
from napari_tessera.viewer.frames import row_col
from napari_tessera.viewer.legend import Legend, category_legend
from napari_tessera.viewer.placement import NO_TYPE, preview_layer
from napari_tessera.widgets.canvas_hold import CanvasHold
from napari_tessera.widgets.layer_list import insert_layer
from napari_tessera.widgets.one_paint import SETTLE_MS
from napari_tessera.widgets.points_layer import refill_points

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.job import Job
    from napari_tessera.viewer.layer_data import LayerData

EVERY_MS, MOST_MS = 500, 4_000
"""A preview that comes sooner than this after the last one waits; the newest wins."""

_REST = 150
"""Pause after a drawing, in times of what painting took, so that previews leave the window free:
without a graphics card a canvas takes 20 to 50 ms."""

_MOST_BYTES = 4 << 20
"""Larger lists of names are not read in the window: cells of such runs keep one colour."""


class Preview:
    """Draws the newest coordinates of a running fit; of too many for points, evenly chosen ones.

    Making a layer and taking it away costs napari 0.1 to 0.2 s each, in which the window stands
    still. So the layer is made while a tissue is being opened, with one transparent point; it is
    filled while a fit runs, and the run that comes of it takes it over.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.

    Attributes
    ----------
    hold : CanvasHold
        Has the canvas painted later.
    drawn : Signal
        Emitted after the cells of another job were drawn (not when they only moved).
    """

    drawn = Signal()

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None
        self._types: tuple[str, Categories] | None = None
        self._waiting: tuple[TissueView, Job, NDArray[np.float64]] | None = None
        self.hold = CanvasHold(viewer)
        self.hold.painted.connect(self._rest)
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_waiting)

    def prepare(self, view: TissueView) -> None:
        """Make the empty layer, unless it is there.

        Parameters
        ----------
        view : TissueView
            Tissue on the screen.
        """
        if not self._there():
            made = preview_layer(view, _middle(view), np.zeros(4, dtype=np.float32))
            active = self._viewer.layers.selection.active
            self._layer = insert_layer(self._viewer, made)
            self._viewer.layers.selection.active = active

    def offer(self, view: TissueView, job: Job, xy: NDArray[np.float64]) -> None:
        """Draw coordinates soon, or as soon as the last drawing is old enough.

        Parameters
        ----------
        view : TissueView
            Tissue on the screen.
        job : Job
            Job that placed the cells.
        xy : ndarray, shape (n_cells, 2), float64
            World coordinates.
        """
        self._waiting = (view, job, xy)
        if not self._timer.isActive():
            self._timer.start(SETTLE_MS)  # the docks are at it now

    def empty(self, view: TissueView | None) -> None:
        """Forget what waits, and take the cells off the canvas; the layer stays."""
        self._waiting = None
        if self._types is not None and view is not None and self._there():
            self._fill(preview_layer(view, _middle(view), np.zeros(4, dtype=np.float32)))
        self._types = None

    def close(self) -> None:
        """Draw nothing more."""
        self._timer.stop()
        self._waiting = None

    def drop(self) -> None:
        """Take the layer away and forget what waits."""
        layer = self.hand_over()
        if layer is not None:
            self._viewer.layers.remove(layer)

    def hand_over(self) -> Layer | None:
        """Give the layer away, if there is one: it is another's from now on."""
        layer = self._layer if self._there() else None
        self._layer = self._types = self._waiting = None
        return layer

    def legends(self) -> list[Legend]:
        """Legend of the cells on their way; none while nothing is drawn."""
        if not self._there() or self._types is None:
            return []
        return [category_legend("Cells by type, still moving", self._types[1])]

    def _there(self) -> bool:
        return self._layer is not None and self._layer in self._viewer.layers

    def _draw_waiting(self) -> None:
        """Draw what came last; the more a drawing costs, the longer the rest after it."""
        if self._waiting is None:
            return
        self._draw(*self._waiting)
        self._waiting = None
        self._timer.start(MOST_MS)

    def _rest(self, seconds: float) -> None:
        """Wait in proportion to what painting took."""
        if self._timer.isActive():
            self._timer.start(int(min(max(EVERY_MS, _REST * 1000 * seconds), MOST_MS)))

    def _draw(self, view: TissueView, job: Job, xy: NDArray[np.float64]) -> None:
        every = slice(None, None, max(-(-len(xy) // raster.MOST_POINTS), 1))
        shown = xy[every]
        self.hold.hold_all()
        if self._fits(job, len(shown)) and self._layer is not None:
            self._layer.data = row_col(shown)
            return
        types = types_of_job(job, len(xy))
        self.prepare(view)
        self._types = (job.name, types)
        self._fill(preview_layer(view, shown, types.rgba()[every]))
        self.drawn.emit()

    def _fill(self, made: LayerData) -> None:
        """Give the layer other cells."""
        if self._layer is not None:
            refill_points(self._layer, made)

    def _fits(self, job: Job, n_cells: int) -> bool:
        """Whether the layer is there and shows this job."""
        same = self._types is not None and self._types[0] == job.name
        return (
            same and self._there() and self._layer is not None and len(self._layer.data) == n_cells
        )


def _middle(view: TissueView) -> NDArray[np.float64]:
    """One place in the middle of the spots, shape (1, 2); the origin where there are none."""
    if view.spots is None or not len(view.spots.xy):
        return np.zeros((1, 2))
    return np.asarray(view.spots.xy.mean(axis=0, keepdims=True), dtype=np.float64)


def types_of_job(job: Job, n_cells: int) -> Categories:
    """Types of the cells that a job places; one category where they are not at hand.

    Parameters
    ----------
    job : Job
        A job whose run directory holds prepared inputs.
    n_cells : int
        Number of cells in the preview.
    """
    head = RunDir(job.run_dir)
    path = head.path / "inputs.json"
    labels = None
    if path.is_file() and path.stat().st_size <= _MOST_BYTES:
        labels = (head.read_note("inputs") or {}).get("values", {}).get("cell_types")
    if labels is None or len(labels) != n_cells:
        labels = np.full(n_cells, NO_TYPE)
    return categories(np.asarray(labels, dtype=np.str_))
