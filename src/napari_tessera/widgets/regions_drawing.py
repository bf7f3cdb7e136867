"""The layer of drawn regions: napari's own tools, and what is drawn handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.regions import FILL, PALETTE, regions_layer, regions_of
from napari_tessera.widgets.layer_list import insert_layer

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_tessera.contract.regions import Region
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining

SETTLE_MS = 150
"""Time without a change after which what is drawn is taken and stored."""

MODES = {"Polygon": "add_polygon", "Lasso": "add_polygon_lasso", "Path": "add_polyline"}
"""Words on the buttons, and napari's tools."""

ROLE = str(Role.REGIONS)


class RegionsDrawing:
    """Keeps the layer of regions and the regions of the workbench in step.

    Parameters
    ----------
    viewer : napari.Viewer
        Where people draw.
    bench : Bench
        Knows the tissue on the screen.
    explaining : Explaining
        Keeps the regions.
    """

    def __init__(self, viewer: Viewer, bench: Bench, explaining: Explaining) -> None:
        self._viewer, self._bench, self._explaining = viewer, bench, explaining
        self._settle = QTimer()
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.take)
        self._own = False
        explaining.regions_changed.connect(self.show)
        if explaining.regions:
            self.show(explaining.regions)

    @property
    def layer(self) -> Any:  # noqa: ANN401 - a layer of napari, which comes without types
        """Layer of regions; None where there is none."""
        found = [x for x in self._viewer.layers if x.metadata.get(MARK, {}).get("role") == ROLE]
        return found[0] if found else None

    def show(self, regions: tuple[Region, ...]) -> None:
        """Draw the regions, unless they have just been read from the layer."""
        if self._own or (not regions and self.layer is None):
            return
        old = self.layer
        at = None
        if old is not None:
            at = list(self._viewer.layers).index(old)
            self._viewer.layers.remove(old)
        self._insert(regions, at)

    def _insert(self, regions: tuple[Region, ...], at: int | None = None) -> Any:  # noqa: ANN401
        active = self._viewer.layers.selection.active
        layer = insert_layer(self._viewer, regions_layer(regions, self._bench.view), at)
        layer.events.data.connect(lambda _: self._settle.start())
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        return layer

    def start(self, tool: str) -> None:
        """Choose one of napari's tools.

        Parameters
        ----------
        tool : str
            One of `MODES`.
        """
        layer = self.layer if self.layer is not None else self._insert(self._explaining.regions)
        self._viewer.layers.selection.active = layer
        layer.selected_data = set()
        layer.feature_defaults = {"region": [""]}
        edge = np.array(rgba_of(PALETTE[len(self._explaining.regions) % len(PALETTE)]))
        layer.current_edge_color, layer.current_face_color = edge, edge * FILL
        layer.mode = MODES[tool]

    def take(self) -> None:
        """Read the layer; what is new in it gets a name, and all of it is stored."""
        layer = self.layer
        if layer is None:
            return
        names = [str(name) for name in layer.features.get("region", [""] * layer.nshapes)]
        shapes = [
            np.asarray([layer.data_to_world(point) for point in np.asarray(shape)])
            for shape in layer.data
        ]
        found = regions_of(shapes, list(layer.shape_type), names, self._explaining.regions)
        if [r.to_json() for r in found] == [r.to_json() for r in self._explaining.regions]:
            return
        self._name_shapes(layer, names, found)
        self._own = True
        try:
            self._explaining.draw(found)
        finally:
            self._own = False

    def _name_shapes(self, layer: Any, names: list[str], found: tuple[Region, ...]) -> None:  # noqa: ANN401
        """Write the new names into the layer, so that they stay with their shapes."""
        new = iter([r.name for r in found if r.name not in names])
        complete = [name if name else next(new, "") for name in names]
        layer.features = {"region": np.array(complete, dtype=object)}

    def rename(self, old: str, new: str) -> None:
        """Give a region another name."""
        layer = self.layer
        taken = {region.name for region in self._explaining.regions}
        if layer is None or not new.strip() or new in taken or old not in taken:
            return
        names = [new if name == old else str(name) for name in layer.features["region"]]
        layer.features = {"region": np.array(names, dtype=object)}
        self.take()

    def remove(self, name: str) -> None:
        """Delete a region."""
        layer = self.layer
        if layer is not None:
            rows = np.flatnonzero(layer.features["region"].to_numpy() == name)
            layer.selected_data = set(rows.tolist())
            layer.remove_selected()
            self.take()
