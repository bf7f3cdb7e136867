"""Cells on their way: one layer that follows a fit, at most twice a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.viewer.colours import Categories, categories
from napari_tessera.viewer.frames import row_col
from napari_tessera.viewer.legend import Legend, category_legend
from napari_tessera.viewer.placement import NO_TYPE, preview_layer
from napari_tessera.widgets.results_layers import insert_layer

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import TissueView
    from napari_tessera.jobs.job import Job

EVERY_MS = 500
"""A preview that comes sooner than this after the last one waits; the newest wins."""

_REST = 15
"""Pause after a drawing, in times of what it took, so that previews leave the window free."""

_MOST_BYTES = 4 << 20
"""Larger lists of names are not read in the window: cells of such runs keep one colour."""


class Preview:
    """Draws the newest coordinates of a running fit.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.

    Attributes
    ----------
    drawn : Signal
        Emitted after a layer was made (not when it only moved).
    """

    drawn = Signal()

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None
        self._types: tuple[str, Categories] | None = None
        self._waiting: tuple[TissueView, Job, NDArray[np.float64]] | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw_waiting)

    def offer(self, view: TissueView, job: Job, xy: NDArray[np.float64]) -> None:
        """Draw coordinates now, or as soon as the last drawing is old enough.

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
            self._draw_waiting()

    def drop(self) -> None:
        """Take the layer away and forget what waits."""
        self._waiting = None
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None
        self._types = None

    def legends(self) -> list[Legend]:
        """Legend of the cells on their way; none while nothing is drawn."""
        there = self._layer is not None and self._layer in self._viewer.layers
        if not there or self._types is None:
            return []
        return [category_legend("Cells by type, still moving", self._types[1])]

    def _draw_waiting(self) -> None:
        """Draw what came last; the more a drawing costs, the longer the rest after it."""
        if self._waiting is None:
            return
        began = time.monotonic()
        self._draw(*self._waiting)
        self._waiting = None
        took_ms = 1000 * (time.monotonic() - began)
        self._timer.start(max(EVERY_MS, int(_REST * took_ms)))

    def _draw(self, view: TissueView, job: Job, xy: NDArray[np.float64]) -> None:
        if self._fits(job, len(xy)) and self._layer is not None:
            self._layer.data = row_col(xy)
            return
        self.drop()
        types = types_of_job(job, len(xy))
        self._types = (job.name, types)
        self._layer = insert_layer(self._viewer, preview_layer(view, xy, types.rgba()))
        self.drawn.emit()

    def _fits(self, job: Job, n_cells: int) -> bool:
        """Whether the layer is there and shows this job."""
        layer = self._layer
        same = self._types is not None and self._types[0] == job.name
        there = layer is not None and layer in self._viewer.layers
        return same and there and layer is not None and len(layer.data) == n_cells


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
