"""What napari finds by the manifest: docks, a reader, samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer
    from qtpy.QtWidgets import QWidget

    from napari_tessera.widgets.session import Session


def tissue_dock(napari_viewer: Viewer) -> QWidget:
    """Make the Tissue dock."""
    from napari_tessera.widgets.session import session_of
    from napari_tessera.widgets.tissue_dock import TissueDock

    session = session_of(napari_viewer)
    return _watched(TissueDock(session.bench), session)


def model_dock(napari_viewer: Viewer) -> QWidget:
    """Make the Model dock."""
    from napari_tessera.widgets.model_dock import ModelDock
    from napari_tessera.widgets.session import session_of

    session = session_of(napari_viewer)
    return _watched(ModelDock(session.bench), session)


def results_dock(napari_viewer: Viewer) -> QWidget:
    """Make the Results dock."""
    from napari_tessera.widgets.results import ResultsDock
    from napari_tessera.widgets.session import session_of

    session = session_of(napari_viewer)
    return _watched(ResultsDock(session.bench, session.canvas), session)


def _watched(dock: QWidget, session: Session) -> QWidget:
    """Have the session end with the window that the dock comes to stand in."""
    from qtpy.QtCore import QTimer

    QTimer.singleShot(0, lambda: _attach(dock, session))
    return dock


def _attach(dock: QWidget, session: Session) -> None:
    """Watch the dock's window, if the dock is still there."""
    try:
        window = dock.window()
    except RuntimeError:  # it was closed at once
        return
    if window is not dock:
        session.watch(window)


def tissue_reader(path: str | list[str]) -> Callable[[Any], list[Any]] | None:
    """Offer to open a folder or table that was dropped on the window as a tissue."""
    first = Path(path if isinstance(path, str) else path[0])
    return _open_in_current_viewer if first.suffix in {".zarr", ".h5ad"} else None


def _open_in_current_viewer(path: str | list[str]) -> list[Any]:
    """Open in the background; the layers come when it is read."""
    import napari

    from napari_tessera.widgets.session import session_of

    first = path if isinstance(path, str) else path[0]
    viewer = napari.current_viewer()
    if viewer is not None:
        session_of(viewer).bench.open_tissue(Path(first))
    return [(None,)]


def planted_sample() -> list[Any]:
    """Open the planted tissue and its reference."""
    return _open_sample(real=False)


def breast_sample() -> list[Any]:
    """Open her2st A1 and its reference where the data are, else the planted tissue."""
    return _open_sample(real=True)


def _open_sample(*, real: bool) -> list[Any]:
    """Open tissue and reference of a sample in the current viewer."""
    import tempfile

    import napari

    from napari_tessera.data.sample import find_sample, write_sample
    from napari_tessera.widgets.session import session_of

    viewer = napari.current_viewer()
    if viewer is None:
        return []
    folder = Path(tempfile.mkdtemp(prefix="tessera_sample_"))
    paths = find_sample(folder) if real else write_sample(folder)
    bench = session_of(viewer).bench
    bench.open_tissue(paths.tissue)
    bench.open_reference(paths.reference)
    return []
