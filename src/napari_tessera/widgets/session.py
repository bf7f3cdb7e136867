"""One bench and one canvas per viewer, and their end when the window closes."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication

from napari_tessera.widgets.activity import Activity
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.colour_choice import ColourChoice
from napari_tessera.widgets.dropping import looks_like_tissue
from napari_tessera.widgets.legend import canvas_widget_of
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.neighbours import Neighbours
from napari_tessera.widgets.settled import Settled
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.colouring import Colouring
from napari_tessera.workbench.comparing import Comparing
from napari_tessera.workbench.domain_editing import DomainEditing
from napari_tessera.workbench.explaining import Explaining
from napari_tessera.workbench.exploring import Exploring
from napari_tessera.workbench.gene_finding import GeneFinding
from napari_tessera.workbench.recorder import Recorder
from napari_tessera.workbench.scaling import Scaling

if TYPE_CHECKING:
    from napari import Viewer
    from qtpy.QtWidgets import QWidget

LOOK_MS = 3000
"""Time between two looks whether another program has written into the store."""

CLOSE_S = 1.5
"""Longest wait for running jobs when the window closes."""

MIND_CLOSE_S = 0.2
"""Longest wait for each of the others."""


class Session(QObject):  # type: ignore[misc]  # Qt comes without types
    """Bench and canvas of one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.main_thread = MainThread()
        post = self.main_thread.post
        self.bench = bench = Bench(post)
        self.canvas = Canvas(viewer, bench)
        self.neighbours = Neighbours(viewer, bench, self.canvas)
        self.activity = Activity(bench)
        self.explaining = Explaining(bench, post)
        self.colouring = Colouring(bench, post)
        self.scaling = Scaling(bench, post)
        self.scaling.changed.connect(self.canvas.set_scale)
        self.finding = GeneFinding(bench, post)
        self.colours = ColourChoice(self.canvas, self.colouring)
        self.editing = DomainEditing(bench, post)
        self.recorder = Recorder(bench, self.explaining, post)
        self.comparing = Comparing(bench, post)
        self.exploring = Exploring(bench, post)
        self._settled = Settled(bench)
        self._minds = (
            self.explaining, self.colouring, self.scaling, self.finding,
            self.editing, self.recorder, self.comparing, self.exploring,
        )  # fmt: skip
        self._viewer = weakref.ref(viewer)
        self._window: QWidget | None = None
        self._target: QWidget | None = None
        self._watch(viewer)
        self._look = QTimer(self)
        self._look.timeout.connect(self.bench.look_again)
        self._look.start(LOOK_MS)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.close)

    @property
    def viewer(self) -> Viewer:
        """The viewer.

        Raises
        ------
        RuntimeError
            If its window has gone.
        """
        viewer = self._viewer()
        if viewer is None:
            msg = "the viewer of this session has gone"
            raise RuntimeError(msg)
        return viewer

    def _watch(self, viewer: Viewer) -> None:
        """End with the viewer's window; see what is dropped on it."""
        canvas = canvas_widget_of(viewer)
        if canvas is None:
            return
        self._window = canvas.window()
        self._window.installEventFilter(self)
        self.neighbours.watch(self._window)
        self._target = canvas
        while self._target is not None and not self._target.acceptDrops():
            self._target = self._target.parentWidget()
        if self._target is not None:
            self._target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open a tissue that is dropped; look whether a window that was asked to close did.

        napari's own reader claims every ``.zarr`` too, so that napari would ask for a plugin.
        """
        if event.type() == QEvent.Type.Close and watched is self._window:
            QTimer.singleShot(0, self._close_with_window)
        if event.type() == QEvent.Type.Drop and watched is self._target:
            dropped = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
            if len(dropped) == 1 and looks_like_tissue(dropped[0]):
                event.acceptProposedAction()
                self.bench.open_tissue(dropped[0])
                return True
        return False

    def _close_with_window(self) -> None:
        try:
            open_still = self._window is not None and self._window.isVisible()
        except RuntimeError:  # Qt has deleted it
            open_still = False
        if not open_still:
            self.close()

    def close(self) -> None:
        """Stop every job; each stays resumable."""
        self._look.stop()
        self._settled.close()
        self.activity.close()
        for mind in self._minds:
            mind.close(MIND_CLOSE_S)
        self.canvas.close()
        self.bench.close(CLOSE_S)
        self._window = self._target = None
        viewer = self._viewer()
        if viewer is not None:
            _SESSIONS.pop(viewer, None)


_SESSIONS: weakref.WeakKeyDictionary[Viewer, Session] = weakref.WeakKeyDictionary()


def session_of(viewer: Viewer) -> Session:
    """Session of a viewer; made when it is first asked for."""
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = Session(viewer)
    return _SESSIONS[viewer]


def session_here() -> Session | None:
    """Session of the viewer that a person looks at; None where there is none."""
    import napari

    viewer = napari.current_viewer()
    return None if viewer is None else session_of(viewer)
