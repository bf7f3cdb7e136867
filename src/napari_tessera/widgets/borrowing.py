"""Take the SpatialData behind a layer that another plugin has made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tessera.viewer.layer_data import MARK
from napari_tessera.widgets.parts import button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.viewer import Viewer

    from napari_tessera.contract.views import TissueView
    from napari_tessera.data.choices import TissueChoices
    from napari_tessera.workbench.bench import Bench


@dataclass(frozen=True, kw_only=True)
class Lent:
    """A SpatialData that a layer carries, and what the layer shows of it.

    Parameters
    ----------
    layer : str
        Name of the layer.
    sdata : SpatialData
        The object itself.
    shown : mapping of str to str
        Fields of `Selection` that the layer tells.
    """

    layer: str
    sdata: Any
    shown: Mapping[str, str]

    def among(self, choices: TissueChoices) -> dict[str, str]:
        """Fields of `Selection` that can be chosen.

        Parameters
        ----------
        choices : TissueChoices
            What can be chosen in the tissue.
        """
        offered = {
            "coordinate_system": choices.coordinate_systems,
            "table": choices.tables,
            "region": choices.regions.get(self.shown.get("table", ""), ()),
        }
        return {name: said for name, said in self.shown.items() if said in offered[name]}


def lent_tissue(viewer: Viewer) -> Lent | None:
    """Find what another plugin's layers carry, that of the chosen layer first.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are looked at; ours do not count.
    """
    active = viewer.layers.selection.active
    layers = sorted(viewer.layers, key=lambda layer: layer is not active)
    for layer in layers:
        told = layer.metadata
        if MARK not in told and hasattr(told.get("sdata"), "tables"):
            tables = told.get("table_names") or [""]
            shown = {
                "coordinate_system": told.get("_current_cs"),
                "table": tables[0],
                "region": told.get("name"),
            }
            return Lent(layer=layer.name, sdata=told["sdata"], shown=shown)
    return None


class FromLayer(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A button that is there while another plugin's layer has a SpatialData to lend.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are looked at.
    bench : Bench
        Opens the tissue.
    """

    def __init__(self, viewer: Viewer, bench: Bench) -> None:
        super().__init__()
        self._viewer, self._bench = viewer, bench
        self._taken: Lent | None = None
        self.take = button("Take it from a layer", "", self._take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.take)
        for event in ("inserted", "removed"):
            getattr(viewer.layers.events, event).connect(self.refresh)
        viewer.layers.selection.events.active.connect(self.refresh)
        bench.tissue_opened.connect(self._on_tissue)
        self.refresh()

    def refresh(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        """Offer what there is; nothing if it is open already."""
        lent, tissue = lent_tissue(self._viewer), self._bench.tissue
        new = lent is not None and (tissue is None or tissue.sdata is not lent.sdata)
        self.setVisible(new)
        if lent is not None:
            self.take.setToolTip(f"Open the SpatialData behind the layer {lent.layer}")

    def _take(self) -> None:
        self._taken = lent_tissue(self._viewer)
        if self._taken is not None:
            self._bench.open_tissue(self._taken.sdata)

    def _on_tissue(self, _view: TissueView) -> None:
        lent, self._taken = self._taken, None
        tissue, choices = self._bench.tissue, self._bench.choices
        self.refresh()
        if lent is None or choices is None or tissue is None or tissue.sdata is not lent.sdata:
            return
        self._bench.select(**lent.among(choices))
