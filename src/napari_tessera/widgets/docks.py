"""The docks of a window: find them, open them, stand them so that all can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_tessera.widgets import contributions
from napari_tessera.widgets.parts import DOCK_WIDTH

if TYPE_CHECKING:
    from napari import Viewer

MAKERS = {
    "Tissue": contributions.tissue_dock,
    "Results": contributions.results_dock,
    "Model": contributions.model_dock,
    "Regions & genes": contributions.regions_dock,
    "Genes": contributions.genes_dock,
    "Explore": contributions.explore_dock,
}
"""Name of a dock to what makes it, in the order in which they are opened."""

TWO_COLUMNS = 1500
"""Width in pixels of a window that has room for two columns of docks beside the tissue."""

TABS_WIDTH = 390
"""Width in pixels at which the names of all tabs can be read."""

_OBJECTS = {
    "Tissue": "tesseraTissue",
    "Results": "tesseraResults",
    "Model": "tesseraModel",
    "Regions & genes": "tesseraRegionsDock",
    "Genes": "tesseraGenes",
    "Explore": "tesseraExplore",
}


def find_dock(viewer: Viewer, name: str) -> QDockWidget | None:
    """Find a dock, however it was opened; None where it is not open.

    Parameters
    ----------
    viewer : napari.Viewer
        A viewer with a window.
    name : str
        Key of `MAKERS`.
    """
    window: Any = viewer.window._qt_window  # noqa: SLF001 - napari has no other way
    inside = window.findChild(QWidget, _OBJECTS[name])
    while inside is not None and not isinstance(inside, QDockWidget):
        inside = inside.parentWidget()
    return inside


def find_tour(viewer: Viewer) -> QWidget | None:
    """Find the panel of the tour; None where none is taken."""
    window: Any = viewer.window._qt_window  # noqa: SLF001 - napari has no other way
    return window.findChild(QWidget, "tesseraTour")


def show_dock(viewer: Viewer, name: str) -> QDockWidget:
    """Bring a dock to the front; open it, as a tab beside another of ours, if it is not there.

    Parameters
    ----------
    viewer : napari.Viewer
        A viewer with a window.
    name : str
        Key of `MAKERS`.
    """
    dock = find_dock(viewer, name)
    if dock is None:
        beside = [found for other in MAKERS if (found := find_dock(viewer, other)) is not None]
        dock = _open(viewer, name)
        if beside:
            dock.window().tabifyDockWidget(beside[-1], dock)
    dock.show()
    dock.raise_()
    return dock


def arrange(viewer: Viewer) -> None:
    """Open the docks that are not open: Tissue above Results, the others as tabs beside them.

    Where the window is too narrow for two columns beside the tissue, all are tabs of one.

    Parameters
    ----------
    viewer : napari.Viewer
        A viewer with a window.
    """
    docks = {name: find_dock(viewer, name) or _open(viewer, name) for name in MAKERS}
    tissue, results, model, *others = docks.values()
    window: Any = tissue.window()
    if window.width() < TWO_COLUMNS:
        for each in (model, results, *others):
            window.tabifyDockWidget(tissue, each)
        tissue.raise_()
        window.resizeDocks([tissue], [TABS_WIDTH], Qt.Orientation.Horizontal)
        return
    window.splitDockWidget(tissue, model, Qt.Orientation.Horizontal)
    window.splitDockWidget(tissue, results, Qt.Orientation.Vertical)
    for other in others:
        window.tabifyDockWidget(model, other)
    model.raise_()
    window.resizeDocks([tissue, model], [DOCK_WIDTH, DOCK_WIDTH], Qt.Orientation.Horizontal)
    window.resizeDocks([tissue, results], [9, 8], Qt.Orientation.Vertical)


def _open(viewer: Viewer, name: str) -> QDockWidget:
    dock = viewer.window.add_dock_widget(MAKERS[name](viewer), name=name, area="right")
    dock.setWindowTitle(name.replace("&", "&&"))  # of the tab, where one & marks a key
    return dock
