"""The selection on the tissue, and the lasso that is drawn there with napari's own tool."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.viewer.layer_data import MARK, Role, mark, world_units
from napari_tessera.viewer.selection import selection_layer
from napari_tessera.widgets.layer_list import insert_layer

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.exploring import Exploring

BEHIND = 0.3
"""Opacity of a run's layers while somebody is selected."""

_OF_A_RUN = frozenset({Role.CELLS, Role.COMPOSITION, Role.PIES})

LOOK_MS = 60
"""Time between two looks whether a lasso has been let go."""


class ExploreCanvas:
    """Draws on the viewer for the Explore dock.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    bench : Bench
        Knows what tissue is on the screen.
    exploring : Exploring
        Knows who is selected.

    Attributes
    ----------
    lassoed : Signal
        Emitted with an outline in world coordinates, x first, shape (n_corners, 2).
    """

    lassoed = Signal(object)

    def __init__(self, viewer: Viewer, bench: Bench, exploring: Exploring) -> None:
        self._viewer, self._bench, self._exploring = viewer, bench, exploring
        self._before: Any = None
        self._behind: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._look = QTimer()
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self.take)
        exploring.selected.connect(self.show)
        exploring.coloured.connect(self.show)

    # -- selection -----------------------------------------------------------------------------

    def show(self) -> None:
        """Draw who is selected."""
        exploring, view = self._exploring, self._bench.view
        old, made = self._layer(Role.SELECTION), None
        if exploring.population is not None and view is not None:
            faces = exploring.rgba if len(exploring.rgba) == exploring.first.size else None
            sides = exploring.first, exploring.second
            made = selection_layer(exploring.population, sides, faces, view)
        self._step_back(back=made is not None)
        active = self._viewer.layers.selection.active
        at = None if old is None else self._viewer.layers.index(old)
        visible = old is None or old.visible
        if old is not None:
            self._viewer.layers.remove(old)
        if made is not None:
            insert_layer(self._viewer, made, at).visible = visible
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    def _step_back(self, *, back: bool) -> None:
        """Let a run's layers step back behind a selection, unless a person has set them since."""
        for layer in self._viewer.layers:
            if layer.metadata.get(MARK, {}).get("role") not in _OF_A_RUN:
                continue
            if back and layer not in self._behind and layer.opacity > BEHIND:
                self._behind[layer] = layer.opacity
                layer.opacity = BEHIND
            elif not back and layer in self._behind and layer.opacity == BEHIND:
                layer.opacity = self._behind[layer]
        if not back:
            self._behind.clear()

    # -- lasso ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the person draw a lasso on the tissue."""
        layer = self._layer(Role.LASSO)
        if layer is None:
            self._before = self._viewer.layers.selection.active
            layer = insert_layer(self._viewer, self._empty())
        self._viewer.layers.selection.active = layer
        layer.mode = "add_polygon_lasso"
        self._look.start()

    def take(self) -> None:
        """Hand a lasso on that has been let go, and clear its layer away."""
        layer = self._layer(Role.LASSO)
        if layer is None:
            self._look.stop()
            return
        if layer.nshapes == 0 or getattr(layer, "_is_creating", False):
            return
        self._look.stop()
        outline = np.array([layer.data_to_world(point) for point in np.asarray(layer.data[0])])
        layer.mode = "pan_zoom"
        self._viewer.layers.remove(layer)
        if self._before is not None and self._before in self._viewer.layers:
            self._viewer.layers.selection.active = self._before
        self.lassoed.emit(outline[:, ::-1])

    def close(self) -> None:
        """Look no more."""
        self._look.stop()
        self._exploring.selected.disconnect(self.show)
        self._exploring.coloured.disconnect(self.show)

    def _empty(self) -> Any:  # noqa: ANN401 - a layer tuple
        view = self._bench.view
        arguments = {
            "name": "Lasso", "metadata": mark(Role.LASSO), "ndim": 2, "edge_color": "#d1495b",
            "face_color": [0.82, 0.29, 0.36, 0.15],
            **({} if view is None else world_units(view.unit)),
        }  # fmt: skip
        return [], arguments, "shapes"

    def _layer(self, role: Role) -> Any:  # noqa: ANN401 - of napari, which comes without types
        for layer in self._viewer.layers:
            if layer.metadata.get(MARK, {}).get("role") == role:
                return layer
        return None
