"""What the bench knows, drawn on the viewer: tissue, preview, runs, legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.contract.state import JobState
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.neighbourly import element_metadata, spots_metadata
from napari_tessera.viewer.tissue import OUTLINE_BEHIND_CELLS, OUTLINE_OPACITY, tissue_layers
from napari_tessera.widgets.legend import LegendOverlay, canvas_widget_of
from napari_tessera.widgets.results_layers import RunLayers, insert_layer
from napari_tessera.widgets.results_preview import Preview

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench


_OF_A_TISSUE = frozenset({Role.IMAGE, Role.SPOTS, Role.WAITING})

PREPARE_AFTER_MS = 3000
"""Time after the list of runs has changed, when the layer for the next one is made."""


class Canvas:
    """Listens to the bench and keeps the viewer's layers and legend up to date.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    bench : Bench
        What to draw.

    Attributes
    ----------
    runs : dict of str to RunLayers
        Runs that were shown since the tissue was opened, by name.
    current : str
        Name of the run that was shown last; empty where there is none.
    changed : Signal
        Emitted with the name of a run whose layers have changed, been added or removed.
    """

    changed = Signal(str)

    def __init__(self, viewer: Viewer, bench: Bench) -> None:
        self.runs: dict[str, RunLayers] = {}
        self.current = ""
        self.legend: LegendOverlay | None = None
        self._viewer = viewer
        self._bench = bench
        self._view: TissueView | None = None
        self._known: set[str] = set()
        self._preview = Preview(viewer)
        self._preview.drawn.connect(self._on_preview_drawn)
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._prepare)
        bench.tissue_opened.connect(self._on_tissue)
        bench.previewed.connect(self._on_preview)
        bench.job_ended.connect(self._on_job_ended)
        bench.run_loaded.connect(self._on_run)
        bench.runs_changed.connect(self._on_runs)
        viewer.layers.events.removed.connect(self._refresh_legend)
        if bench.view is not None:
            self._on_tissue(bench.view)
        if bench.shown is not None:
            self._on_run(bench.shown)

    # -- verbs for the docks -------------------------------------------------------------------

    def show(self, name: str, **changes: Any) -> None:  # noqa: ANN401 - fields of Showing
        """Change what is drawn of a run that is loaded.

        Parameters
        ----------
        name : str
            Name of the run.
        **changes
            Fields of `Showing` with their new values.
        """
        if name not in self.runs:
            return
        self.current = name
        self.runs[name].draw(**changes)
        self._watch(name)
        self._activate(name)
        self._refresh_legend()
        self.changed.emit(name)

    def amend(self, run: Run) -> None:
        """Draw another result of a run that is drawn already."""
        if run.name in self.runs:
            self.runs[run.name].amend(run)
            self.show(run.name)

    def remove(self, name: str) -> None:
        """Take the layers of a run out of the viewer; the run stays in the store."""
        if name in self.runs:
            self.runs.pop(name).remove()
            self.current = "" if self.current == name else self.current
            self._refresh_legend()
            self.changed.emit(name)

    def set_legend_wanted(self, *, wanted: bool) -> None:
        """Show or hide the legend on the canvas."""
        overlay = self._overlay()
        if overlay is not None:
            overlay.set_wanted(wanted=wanted)

    def toggle_type(self, cell_type: str) -> None:
        """Hide the cells of one type in the current run, or show them again."""
        if self.current in self.runs:
            hidden = self.runs[self.current].showing.hidden ^ {cell_type}
            self.show(self.current, hidden=hidden)

    def close(self) -> None:
        """Draw nothing more: the window goes."""
        self._soon.stop()
        self._preview.close()

    # -- what the bench says -------------------------------------------------------------------

    def _on_tissue(self, view: TissueView) -> None:
        """Draw a tissue; what belonged to another one goes."""
        before, self._view = self._view, view
        same_place = before is not None and (before.title, before.coordinate_system) == (
            view.title,
            view.coordinate_system,
        )
        self._preview.drop()
        self._drop_runs()
        for layer in list(self._viewer.layers):
            if layer.metadata.get(MARK, {}).get("role") in _OF_A_TISSUE:
                self._viewer.layers.remove(layer)
        for index, made in enumerate(tissue_layers(view)):
            layer = insert_layer(self._viewer, made, index)
            layer.metadata.update(self._neighbourly(layer))
        self._preview.prepare(view)
        _scale_bar(self._viewer).visible = True
        if not same_place:
            _look_at_spots(self._viewer)

    def _prepare(self) -> None:
        """Make the layer for the next fit, when the window has nothing else to do."""
        if self._view is not None:
            self._preview.prepare(self._view)

    def _on_preview(self, job: Job, xy: NDArray[np.float64]) -> None:
        if self._view is not None:
            self._preview.offer(self._view, job, xy)

    def _on_preview_drawn(self) -> None:
        """Let the moving cells have the canvas to themselves."""
        for layers in self.runs.values():
            layers.hide()
        self._refresh_legend()

    def _on_job_ended(self, job: Job, outcome: Outcome) -> None:  # noqa: ARG002 - the signal's shape
        if outcome.state is not JobState.DONE:
            self._preview.empty(self._view)
            self._refresh_legend()

    def _on_run(self, run: Run) -> None:
        """Draw a run that was loaded; earlier ones stay in the list, hidden."""
        if self._view is None:
            return
        for name, layers in self.runs.items():
            if name != run.name:
                layers.hide()
        if run.name in self.runs:
            self._preview.empty(self._view)
            return
        self.runs[run.name] = RunLayers(self._viewer, self._view, run)
        moving = None if run.result.placement is None else self._preview.hand_over()
        if moving is not None:
            self.runs[run.name].adopt(moving)
        self.show(run.name)

    def _on_runs(self, runs: tuple[Any, ...]) -> None:
        """Remove layers of runs that were deleted from the store."""
        there = {run.name for run in runs}
        self._soon.start(PREPARE_AFTER_MS)
        known, self._known = self._known, there
        for name in (known - there) & set(self.runs):
            self.remove(name)

    # -- parts ---------------------------------------------------------------------------------

    def _neighbourly(self, layer: Layer) -> dict[str, Any]:
        tissue, view = self._bench.tissue, self._view
        if tissue is None or view is None:
            return {}
        if layer.metadata[MARK]["role"] == Role.SPOTS:
            return spots_metadata(tissue.sdata, view)
        return element_metadata(tissue.sdata, layer.name, view.coordinate_system)

    def _drop_runs(self) -> None:
        for name in list(self.runs):
            self.remove(name)

    def _watch(self, name: str) -> None:
        """Keep the legend true when a person hides a layer in napari's own list."""
        for role in (Role.CELLS, Role.COMPOSITION, Role.DENSITY):
            layer = self.runs[name].layer(role)
            if layer is not None:
                layer.events.visible.disconnect(self._refresh_legend)
                layer.events.visible.connect(self._refresh_legend)

    def _step_outlines(self, *, back: bool) -> None:
        """Let the outlines of the spots step back behind cells, unless a person has set them."""
        ours = (OUTLINE_OPACITY, OUTLINE_BEHIND_CELLS)
        for layer in self._viewer.layers:
            is_outline = layer.metadata.get(MARK, {}).get("role") == Role.SPOTS
            if is_outline and layer.opacity in ours:
                layer.opacity = ours[back]

    def _activate(self, name: str) -> None:
        """Let the mouse speak of the cells, else of the spots: napari asks the active layer."""
        for role in (Role.CELLS, Role.COMPOSITION, Role.DENSITY):
            layer = self.runs[name].layer(role)
            if layer is not None and layer.visible:
                self._viewer.layers.selection.active = layer
                return

    def _overlay(self) -> LegendOverlay | None:
        if self.legend is None:
            canvas = canvas_widget_of(self._viewer)
            if canvas is not None:
                self.legend = LegendOverlay(canvas)
                self.legend.toggled.connect(self.toggle_type)
                self.legend.closed.connect(self._on_legend_closed)
        return self.legend

    def _on_legend_closed(self) -> None:
        self.changed.emit(self.current)

    def _refresh_legend(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        legends = self._preview.legends()
        hidden: frozenset[str] = frozenset()
        if not legends and self.current in self.runs:
            legends = self.runs[self.current].legends()
            hidden = self.runs[self.current].showing.hidden
        self._step_outlines(back=bool(legends))
        overlay = self._overlay()
        if overlay is not None:
            overlay.set_legends(legends, hidden)


def _look_at_spots(viewer: Viewer) -> None:
    """Fit the camera to the spots; to everything where there are none or napari is older."""
    spots = [la for la in viewer.layers if la.metadata.get(MARK, {}).get("role") == Role.SPOTS]
    if spots and hasattr(viewer, "fit_to_view"):
        viewer.fit_to_view(layers=spots, margin=0.04)
    else:
        viewer.reset_view()


def _scale_bar(viewer: Viewer) -> Any:  # noqa: ANN401 - napari's model of a scale bar
    """Find the scale bar, where napari 0.9 keeps it or where it was before."""
    canvas = getattr(viewer, "canvas", None)
    overlays = getattr(canvas, "overlays", None)
    return viewer.scale_bar if overlays is None else overlays.scale_bar
