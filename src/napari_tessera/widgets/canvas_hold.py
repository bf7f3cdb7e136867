"""The canvas, painted some time after what changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QListView

from napari_tessera.widgets.legend import canvas_widget_of
from napari_tessera.widgets.one_paint import OnePaint

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget

APART_MS = 90
"""Time between a change of layers and the painting of it. The docks, which hear of the same thing,
are painted by then: with the canvas they would hold the window longer than either alone."""


class CanvasHold(OnePaint):
    """Holds the canvas of a viewer, and the list of its layers with their thumbnails.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose window is looked through, once.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(APART_MS)
        self._viewer = viewer
        self._widgets: list[QWidget] = []

    def hold_all(self) -> None:
        """Paint neither canvas nor list for `APART_MS`; call it before layers change."""
        if not self._widgets:
            canvas = canvas_widget_of(self._viewer)
            if canvas is not None:
                lists = canvas.window().findChildren(QListView)
                self._widgets = [canvas, *(w for w in lists if w.inherits("QtLayerList"))]
        for widget in self._widgets:
            self.hold(widget)
