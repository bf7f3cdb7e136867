"""Two sides and their agreement in napari's grid, with one camera; and everything as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.viewer.agreement import agreement_layers
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.widgets.layer_list import insert_layer
from napari_tessera.widgets.scale_bar import camera_of

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_tessera.contract.agreement import Agreement
    from napari_tessera.contract.views import TissueView

VIEWS = 3
"""First side, second side, agreement."""

FILLED = 0.85
"""Share of its view that the spots fill."""


class CompareCanvas:
    """Puts a comparison on a viewer and takes it away again.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._hidden: list[Layer] = []
        self._before: tuple[Any, float] | None = None

    @property
    def on(self) -> bool:
        """Whether a comparison is on the screen."""
        return bool(self._layers())

    def show(self, agreement: Agreement, view: TissueView) -> None:
        """Draw a comparison; whatever else is there is hidden meanwhile.

        Parameters
        ----------
        agreement : Agreement
            What to draw.
        view : TissueView
            Tissue on the screen.
        """
        self.clear()
        made = agreement_layers(agreement, view)
        if not made:
            return
        self._hidden = [layer for layer in self._viewer.layers if layer.visible]
        camera = camera_of(self._viewer)
        self._before = camera.center, camera.zoom
        for layer in self._hidden:
            layer.visible = False
        for index, each in enumerate(made):  # lowest: what is added later moves none of them
            insert_layer(self._viewer, each, index)
        grid = grid_of(self._viewer)
        grid.stride = len(made) // VIEWS
        self._fit(grid, self._viewer.layers[len(made) - 1])

    def clear(self, *, look_back: bool = True) -> None:
        """Take the comparison away and show what was there before.

        Parameters
        ----------
        look_back : bool
            Whether the camera goes back too; not where another tissue has been opened.
        """
        ours = self._layers()
        if not ours:
            return
        grid = grid_of(self._viewer)
        grid.enabled, grid.stride, grid.shape = False, 1, (-1, -1)
        for layer in ours:
            self._viewer.layers.remove(layer)
        for layer in self._hidden:
            if layer in self._viewer.layers:
                layer.visible = True
        self._hidden = []
        if self._before is not None and look_back:
            camera = camera_of(self._viewer)
            camera.center, camera.zoom = self._before

    def _fit(self, grid: Any, shown: Layer) -> None:  # noqa: ANN401 - napari's model of a grid
        """Put the views beside or above each other, whichever is larger, and the spots in them."""
        low, high = shown.extent.world[:, -2:]
        height, width = np.maximum(high - low, 1e-9)
        rows, columns = getattr(getattr(self._viewer, "canvas", None), "size", (1, VIEWS))
        beside = min(rows / height, columns / VIEWS / width)
        above = min(rows / VIEWS / height, columns / width)
        grid.shape = (VIEWS, 1) if above > beside else (1, VIEWS)
        grid.enabled = True
        camera = camera_of(self._viewer)
        camera.center = tuple((low + high) / 2)
        camera.zoom = FILLED * max(above, beside)

    def _layers(self) -> list[Layer]:
        role = str(Role.AGREEMENT)
        return [x for x in self._viewer.layers if x.metadata.get(MARK, {}).get("role") == role]


def grid_of(viewer: Viewer) -> Any:  # noqa: ANN401 - napari's model of a grid
    """Find the grid, where napari 0.9 keeps it or where it was before."""
    canvas = getattr(viewer, "canvas", None)
    grid = getattr(canvas, "grid", None)
    return viewer.grid if grid is None else grid
