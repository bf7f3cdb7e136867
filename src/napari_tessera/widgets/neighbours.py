"""Our layers beside the widgets of napari-spatialdata, and its widgets beside our docks.

Its list of elements moves layers into the coordinate system that is chosen there, by the
transformation of their element. Ours have been moved already: they are put back, and our own choice
follows that one. When a layer goes it looks the layer up among those that came after it.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget

from napari_tessera.data.keys import CELL_TABLE, SPOT_TABLE
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.neighbourly import table_metadata

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.utils.events import Event
    from napari.viewer import Viewer

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.bench import Bench

_LOG = logging.getLogger(__name__)

THEIR_LIST = "SpatialData"
"""Name of the dock with their list of elements."""

TALL = 1020
"""Height of a window in pixels in which their view fits above another dock."""

_VIEW = "View (napari-spatialdata)"
_MODULE = "napari_spatialdata"
_TABLES = {Role.CELLS: CELL_TABLE, Role.COMPOSITION: SPOT_TABLE}
"""What a layer of a run shows, and the ending of the table in which that stands."""

_ABSENT = "napari-spatialdata is not installed here."
_INSTALL = 'Install it: pip install "napari-tessera[napari-spatialdata]", and start napari again.'
_NO_TISSUE = "No tissue is open."
_OPEN_ONE = "Open one in the Tissue dock first."


class Neighbours(QObject):  # type: ignore[misc]  # Qt comes without types
    """Lets both see the same tissue, and neither harm the other.

    Parameters
    ----------
    viewer : napari.Viewer
        With both in it.
    bench : Bench
        Knows the tissue.
    canvas : Canvas
        Draws it.
    """

    def __init__(self, viewer: Viewer, bench: Bench, canvas: Canvas) -> None:
        super().__init__()
        self._viewer, self._bench, self._canvas = viewer, bench, canvas
        self._places: WeakKeyDictionary[Layer, Any] = WeakKeyDictionary()
        self._heard: Any = None
        self._told: set[str] = set()
        self._possible = find_spec(_MODULE) is not None
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removing.connect(self._on_removing)
        canvas.changed.connect(self._introduce)

    def watch(self, window: QObject) -> None:
        """Look out for their list of elements; it may be there already.

        Parameters
        ----------
        window : QMainWindow
            That of the viewer.
        """
        window.installEventFilter(self)
        self._listen()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look for their list when a dock has been added."""
        if event.type() == QEvent.Type.ChildAdded and isinstance(event.child(), QDockWidget):
            QTimer.singleShot(0, self._listen)
        return bool(super().eventFilter(watched, event))

    def open(self) -> None:
        """Open their list of elements and their view with the tissue that is open here."""
        tissue = self._bench.tissue
        if not self._possible:
            self._bench.failed.emit(_ABSENT, _INSTALL)
        elif tissue is None:
            self._bench.failed.emit(_NO_TISSUE, _OPEN_ONE)
        elif THEIR_LIST in self._viewer.window.dock_widgets:
            self._bench.said.emit("The docks of napari-spatialdata are open already.")
        else:
            self._bench.tasks.do(
                "Opening napari-spatialdata",
                _import,
                lambda opened: self._show(opened, tissue.sdata),
                key="neighbour",
            )

    def _show(self, opened: Any, sdata: Any) -> None:  # noqa: ANN401 - a class of theirs
        """Show their docks; their tall view becomes a tab where there are fewest of ours."""
        opened(sdata, headless=True)
        docks = self._docks()
        beside = [docks[name] for name in ("Tissue", "Results", "Model") if name in docks]
        if not beside or _VIEW not in docks:
            return
        window = beside[0].window()
        if "Results" in docks and window.height() < TALL:  # one above the other they do not fit
            window.tabifyDockWidget(beside[0], docks["Results"])
        window.tabifyDockWidget(beside[0], docks[_VIEW])
        QTimer.singleShot(0, docks[_VIEW].raise_)

    def _docks(self) -> dict[str, QDockWidget]:
        """Docks of the window, by the words in their titles."""
        window: Any = self._viewer.window._qt_window  # noqa: SLF001 - napari has no other way
        return {
            dock.windowTitle().replace("&&", "&"): dock for dock in window.findChildren(QDockWidget)
        }

    # -- their list of elements ----------------------------------------------------------------

    def _listen(self) -> None:
        """Hear which coordinate system is chosen there, after they have moved the layers."""
        theirs = self._viewer.window.dock_widgets.get(THEIR_LIST)
        systems = getattr(theirs, "coordinate_system_widget", None)
        if systems is None or systems is self._heard:
            return
        self._heard = systems
        systems.currentItemChanged.connect(self._on_their_system)

    def _on_their_system(self, item: Any) -> None:  # noqa: ANN401 - a QListWidgetItem or None
        """Put our layers back where they were, and follow."""
        for layer, affine in self._places.items():
            layer.affine = affine
        choices = self._bench.choices
        system = "" if item is None else item.text()
        if choices is not None and system in choices.coordinate_systems:
            self._bench.select(coordinate_system=system)

    # -- our layers ----------------------------------------------------------------------------

    def _on_inserted(self, event: Event) -> None:
        layer = event.value
        if MARK in layer.metadata and layer.metadata.get("sdata") is not None:
            self._places[layer] = layer.affine.affine_matrix.copy()

    def _on_removing(self, event: Event) -> None:
        """Take the element's name from a layer that they do not know: they would look it up."""
        layer = self._viewer.layers[event.index]
        if MARK in layer.metadata and not _is_known(layer):
            layer.metadata.pop("name", None)

    def _introduce(self, name: str) -> None:
        """Give the layers of a run their tables, made in the background."""
        layers, tissue, view = self._canvas.runs.get(name), self._bench.tissue, self._bench.view
        if layers is None or tissue is None or view is None or not self._possible:
            return
        if name in self._told or not self._wanting(name):
            return
        run, sdata = layers.run, tissue.sdata
        self._told.add(name)
        self._bench.tasks.errands.send(
            lambda: tables_of(sdata, run, view), lambda found: self._tell(name, found), _not_told
        )

    def _wanting(self, name: str) -> dict[Role, Layer]:
        """Layers of a run, one dot per row, that carry no table yet."""
        layers = self._canvas.runs[name]
        found = {role: layers.layer(role) for role in _TABLES}
        return {
            role: layer
            for role, layer in found.items()
            if layer is not None and not hasattr(layer, "frame") and "adata" not in layer.metadata
        }

    def _tell(self, name: str, found: dict[Role, dict[str, Any]]) -> None:
        self._told.discard(name)
        if name in self._canvas.runs:
            for role, layer in self._wanting(name).items():
                layer.metadata.update(found.get(role, {}))
                self._choose_again(layer)

    def _choose_again(self, layer: Layer) -> None:
        """Have their widgets look at the chosen layer once more: they do when it is chosen."""
        chosen = self._viewer.layers.selection
        if self._heard is not None and chosen.active is layer:
            chosen.clear()
            chosen.active = layer


def tables_of(
    sdata: Any,  # noqa: ANN401 - a SpatialData
    run: Run,
    view: TissueView,
) -> dict[Role, dict[str, Any]]:
    """Metadata of the layers of a run; those of its cells, and those of its spots.

    Parameters
    ----------
    sdata : SpatialData
        The tissue.
    run : Run
        What is drawn.
    view : TissueView
        On what: a layer of spots has all of them, whether the run used them or not.
    """
    from scipy.sparse import issparse

    from napari_tessera.data.elements import run_tables

    made = run_tables(sdata, run)
    found: dict[Role, dict[str, Any]] = {}
    for role, ending in _TABLES.items():
        table = made.get(f"{run.name}{ending}")
        if table is not None:
            for key in [key for key, held in table.obsm.items() if issparse(held)]:
                del table.obsm[key]  # their view takes dense ones only
            told = table_metadata(table, str(table.uns["spatialdata_attrs"]["region"]))
            found[role] = {**told, "table_names": [f"{run.name}{ending}"]}
    if Role.COMPOSITION in found and view.spots is not None:
        found[Role.COMPOSITION]["indices"] = view.spots.instances.tolist()
        found[Role.COMPOSITION]["_n_indices"] = len(view.spots.instances)
    return found


def _import() -> Any:  # noqa: ANN401 - a class of theirs
    from napari_spatialdata import Interactive

    return Interactive


def _is_known(layer: Layer) -> bool:
    """Whether they were there when the layer came: then they listen to its name."""
    owners = [call[0]() for call in layer.events.name.callbacks if isinstance(call, tuple)]
    return any(type(owner).__module__.startswith(_MODULE) for owner in owners)


def _not_told(error: Exception) -> None:
    """Leave a layer without a table: ours need none."""
    _LOG.info("no table for the neighbours: %s", error)
