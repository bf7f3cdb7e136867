"""What napari finds by the manifest: docks, actions, a reader, samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer
    from qtpy.QtWidgets import QWidget

    from napari_tessera.widgets.session import Session

ALREADY_ADDED: list[Any] = [(None,)]
"""What a reader answers when it has no layer to hand over."""


def tissue_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Tissue dock.

    Parameters
    ----------
    napari_viewer : napari.Viewer, optional
        Its viewer; the current one where it is not given.
    """
    from napari_tessera.widgets.borrowing import FromLayer
    from napari_tessera.widgets.scale_row import ScaleRow
    from napari_tessera.widgets.shortcuts import bind
    from napari_tessera.widgets.tissue_dock import TissueDock

    session = _session(napari_viewer)
    dock = TissueDock(session.bench, ScaleRow(session.scaling))
    dock.tissue_part.add(FromLayer(session.viewer, session.bench), 3)
    dock.tour.clicked.connect(lambda _checked=False: start_tour(napari_viewer))
    bind(dock, {"Alt+O": dock.folder, "Alt+T": dock.table_file, "Alt+R": dock.reference})
    return dock


def model_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Model dock, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.model_dock import ModelDock
    from napari_tessera.widgets.shortcuts import bind

    session = _session(napari_viewer)
    dock = ModelDock(session.bench)
    session.recorder.wanted.connect(dock.set_recipe)
    if session.recorder.settings is not None:
        dock.set_recipe(session.recorder.settings)
    bar = dock.run_bar
    bind(dock, {"Ctrl+Return": bar.run, "Alt+X": bar.cancel, "Alt+N": bar.finish})
    return dock


def results_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Results dock, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.compare_dialog import add_compare_button
    from napari_tessera.widgets.results import ResultsDock
    from napari_tessera.widgets.results_export import ResultsExport
    from napari_tessera.widgets.shortcuts import bind

    session = _session(napari_viewer)
    dock = ResultsDock(session.bench, session.canvas, session.editing)
    export = ResultsExport(dock, session.recorder)
    dock.below.addWidget(export)
    bind(dock, {"Ctrl+Return": dock.show_button, "Alt+M": export.same, "Alt+E": export.export})
    bind(dock.list, {"Del": dock.delete_button, "Backspace": dock.remove_button})
    add_compare_button(dock, session)
    return dock


def regions_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Regions & genes dock, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.regions_dock import RegionsDock
    from napari_tessera.widgets.shortcuts import bind

    session = _session(napari_viewer)
    dock = RegionsDock(session.viewer, session.bench, session.explaining)
    files = dock.files
    bind(dock, {"Ctrl+Z": files.undo, "Ctrl+Shift+Z": files.redo, "Ctrl+Return": dock.ask})
    bind(dock, {"Alt+I": files.load, "Alt+E": files.save, "Alt+X": dock.cancel})
    return dock


def genes_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Genes dock, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.genes_dock import GenesDock
    from napari_tessera.widgets.shortcuts import bind

    session = _session(napari_viewer)
    dock = GenesDock(session.finding, session.canvas)
    bind(dock, {"Alt+K": dock.star, "Alt+X": dock.clear})
    return dock


def explore_dock(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the Explore dock, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.explore_dock import ExploreDock
    from napari_tessera.widgets.shortcuts import bind

    session = _session(napari_viewer)
    dock = ExploreDock(session.viewer, session.bench, session.exploring)
    bind(dock, {"Alt+O": dock.on_tissue, "Alt+K": dock.keep, "Alt+X": dock.clear})
    bind(dock, {"Ctrl+Return": dock.rank, "Alt+E": dock.save})
    return dock


def tour(napari_viewer: Viewer | None = None) -> QWidget:
    """Make the panel of the tour, for the same viewer as `tissue_dock`."""
    from napari_tessera.widgets.tour import TourPanel

    return TourPanel(_session(napari_viewer))


def start_tour(napari_viewer: Viewer | None = None) -> None:
    """Take the tour, unless it is on."""
    from napari_tessera.widgets.docks import find_tour

    session = _session(napari_viewer)
    if find_tour(session.viewer) is None:
        session.viewer.window.add_dock_widget(tour(session.viewer), name="Tour", area="bottom")


def all_docks() -> None:
    """Open all docks, so that all can be read."""
    from napari_tessera.widgets.docks import arrange

    arrange(_session(None).viewer)


def spatialdata_docks() -> None:
    """Open the docks of napari-spatialdata with the tissue that is open here."""
    _session(None).neighbours.open()


def _session(viewer: Viewer | None) -> Session:
    """Find the session of a viewer, of the current one if none is given."""
    import napari

    from napari_tessera.widgets.session import session_of

    viewer = napari.current_viewer() if viewer is None else viewer
    if viewer is None:
        msg = "a dock needs an open viewer"
        raise RuntimeError(msg)
    return session_of(viewer)


def tissue_reader(path: str | list[str]) -> Callable[[Any], list[Any]] | None:
    """Offer to open a store or table that was dropped on the window as a tissue.

    Parameters
    ----------
    path : str or list of str
        What was dropped.

    Returns
    -------
    callable or None
        None for what is no tissue: other plugins may know it.
    """
    if isinstance(path, list):
        if len(path) != 1:
            return None
        path = path[0]
    from napari_tessera.widgets.dropping import looks_like_tissue

    return _open_here if looks_like_tissue(Path(path)) else None


def _open_here(path: str | list[str]) -> list[Any]:
    """Open in the background; the layers come when it is read."""
    first = path if isinstance(path, str) else path[0]
    _session(None).bench.open_tissue(Path(first))
    return ALREADY_ADDED


def planted_sample() -> list[Any]:
    """Open the planted tissue and its reference."""
    return _open_sample(real=False)


def breast_sample() -> list[Any]:
    """Open her2st A1 and its reference where the data are, else the planted tissue."""
    return _open_sample(real=True)


def _open_sample(*, real: bool) -> list[Any]:
    """Make a sample in the background and open it in the current viewer.

    napari takes a sample without a layer for a failure: an empty one stands there until the tissue
    is open.
    """
    from napari_tessera.viewer.layer_data import waiting_layer

    _session(None).bench.open_sample(real=real)
    return [waiting_layer("Opening the sample…")]


def export_script() -> None:
    """Ask for a file, and write what was done in this window as a script or notebook."""
    from napari_tessera.widgets.results_export import ask_and_write

    ask_and_write(_session(None).recorder)


def cancel_fit() -> None:
    """Stop the fit that runs; a checkpoint is kept."""
    for job in _session(None).bench.jobs:
        if not job.state.ended:
            job.cancel()


def finish_fit() -> None:
    """End the fit that runs, and keep the result as it is."""
    for job in _session(None).bench.jobs:
        job.finish()


def fade_unsure() -> None:
    """Let what is unsure fade in everything that is drawn, or stop that."""
    canvas = _session(None).canvas
    canvas.set_fade(fade=not canvas.fade)


def undo_colour() -> None:
    """Take the last change of a colour back."""
    _session(None).colouring.undo()


def redo_colour() -> None:
    """Make the change of a colour again that was taken back."""
    _session(None).colouring.redo()
