"""What the bench knows, drawn on the viewer: tissue, preview, runs, legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_tessera.contract.inputs import MICROMETRE
from napari_tessera.contract.state import JobState
from napari_tessera.viewer.colours import hex_of
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.neighbourly import element_metadata, spots_metadata
from napari_tessera.viewer.tissue import OUTLINE_BEHIND_CELLS, OUTLINE_OPACITY, tissue_layers
from napari_tessera.widgets.camera import CameraWatch, look_at_spots
from napari_tessera.widgets.gene_painter import GenePainter
from napari_tessera.widgets.guest_legends import GuestLegends
from napari_tessera.widgets.layer_list import insert_layer
from napari_tessera.widgets.legend import LegendOverlay, canvas_widget_of
from napari_tessera.widgets.raster_painter import outline_raster, stop_rasters
from napari_tessera.widgets.results_layers import RunLayers
from napari_tessera.widgets.results_preview import Preview
from napari_tessera.widgets.scale_bar import ScaleBar, napari_bar
from napari_tessera.widgets.share_bars import ShareWatch
from napari_tessera.widgets.soft_edges import fit_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.job import Job
    from napari_tessera.viewer.gene_blend import DrawnGene
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
    fade : bool
        Whether what is unsure fades, in every run.
    shares : ShareWatch
        Tells the shares of the spot under the mouse.
    changed : Signal
        Emitted with the name of a run whose layers have changed, been added or removed.
    recolouring : Signal
        Emitted with a run, one of its types or domains, and its colour, when a person wants
        another one.
    undoing : Signal
        Emitted when a person takes the last change of a colour back.
    """

    changed = Signal(str)
    recolouring = Signal(str, str, str)
    undoing = Signal()

    def __init__(self, viewer: Viewer, bench: Bench) -> None:
        self.runs: dict[str, RunLayers] = {}
        self.current = ""
        self.fade = False
        self.bar: ScaleBar | None = None
        self.legend: LegendOverlay | None = None
        self._viewer = viewer
        self._bench = bench
        self._view: TissueView | None = None
        self._known: set[str] = set()
        self._tell = bench.failed.emit
        self.genes = GenePainter(viewer, bench.tasks.errands, self._tell)
        self._guests = GuestLegends(viewer, self._refresh_legend)
        self._preview = Preview(viewer)
        self._preview.drawn.connect(self._on_preview_drawn)
        self._camera = CameraWatch(viewer)
        self._camera.moved.connect(self.follow_camera)
        self.shares = ShareWatch(
            viewer,
            lambda: self.runs.get(self.current),
            lambda: "" if self.legend is None else self.legend.corner,
        )
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
        if changes.setdefault("fade", self.fade) != self.fade:
            self.fade = changes["fade"]
            self.genes.repaint(fade=self.fade)
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
        """Hide the cells of one type in the current run, or a label, or show them again."""
        if self.genes.hide(cell_type, others=False):
            self._refresh_legend()
        elif self.current in self.runs:
            hidden = self.runs[self.current].showing.hidden ^ {cell_type}
            self.show(self.current, hidden=hidden)

    def isolate_type(self, cell_type: str) -> None:
        """Show one type of the current run alone; all of them where it is alone already."""
        if self.genes.hide(cell_type, others=True):
            self._refresh_legend()
        elif self.current in self.runs:
            layers = self.runs[self.current]
            others = layers.labels() - {cell_type}
            alone = bool(others) and others <= layers.showing.hidden
            self.show(self.current, hidden=frozenset() if alone else others)

    def set_fade(self, *, fade: bool) -> None:
        """Let what is unsure fade, in all that is drawn and will be, or not."""
        self.fade = fade
        self.genes.repaint(fade=fade)
        if self.current in self.runs:
            self.show(self.current)

    def set_scale(self, view: TissueView) -> None:
        """Show napari's scale bar, or one in micrometres where only we know how long a unit is."""
        ours = view.scale is not None and view.unit != MICROMETRE
        canvas = canvas_widget_of(self._viewer)
        if self.bar is None and canvas is not None and ours:
            self.bar = ScaleBar(canvas, self._viewer)
        if self.bar is not None:
            self.bar.set_scale(view.scale.micrometres if ours and view.scale else None)
        napari_bar(self._viewer).visible = not ours or self.bar is None

    def draw_genes(self, genes: Sequence[DrawnGene]) -> None:
        """Draw genes on the spots; runs step back the first time. None takes them away.

        Parameters
        ----------
        genes : sequence of DrawnGene
            At most four.
        """
        if genes and self.genes.layer is None:
            for layers in self.runs.values():
                layers.hide()
        self.genes.draw(genes, fade=self.fade)
        layer = self.genes.layer
        if layer is not None:
            layer.events.visible.disconnect(self._refresh_legend)
            layer.events.visible.connect(self._refresh_legend)
        self._refresh_legend()

    def recolour(self, name: str, colours: dict[str, str]) -> None:
        """Draw a run with the colours that a person has chosen.

        Parameters
        ----------
        name : str
            Name of the run.
        colours : dict of str to str
            ``#rrggbb`` by type or domain.
        """
        if name in self.runs:
            self.runs[name].recolour(colours)
            self._refresh_legend()
            self.changed.emit(name)

    def follow_camera(self) -> None:
        """Draw pies and edges of the current run for what is seen now."""
        layers = self.runs.get(self.current)
        fit_edges(self._viewer)
        if layers is not None and layers.pies.follow():
            self._refresh_legend()

    def close(self) -> None:
        """Draw nothing more: the window goes."""
        stop_rasters(self._viewer)
        self._soon.stop()
        self._camera.close()
        self.shares.close()
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
        self.genes.take_view(view)
        self.shares.take_view(view)
        self._drop_runs()
        for layer in list(self._viewer.layers):
            if layer.metadata.get(MARK, {}).get("role") in _OF_A_TISSUE:
                self._viewer.layers.remove(layer)
        for index, made in enumerate(tissue_layers(view)):
            is_outline = made[1]["metadata"][MARK]["role"] == Role.SPOTS
            threads = self._bench.tasks.errands, self._tell
            raster = outline_raster(self._viewer, view, *threads) if is_outline else None
            told = {} if raster else self._neighbourly(made[1]["name"], is_outline=is_outline)
            insert_layer(self._viewer, raster or made, index, metadata=told)
        self._preview.prepare(view)
        self.set_scale(view)
        if not same_place:
            look_at_spots(self._viewer)

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
        self._preview.hold.hold_all()
        for name, layers in self.runs.items():
            if name != run.name:
                layers.hide()
        if run.name in self.runs:
            self._preview.empty(self._view)
            self.show(run.name)
            return
        layers = self.runs[run.name] = self._layers_of(run, self._view)
        moving = self._preview.hand_over() if layers.has_points else None
        if moving is not None:
            layers.adopt(moving)
        self._preview.empty(self._view)
        self.show(run.name)

    def _layers_of(self, run: Run, view: TissueView) -> RunLayers:
        layers = RunLayers(self._viewer, view, run, self._bench.tasks.errands, self._tell)
        layers.painted.connect(self._refresh_legend)
        return layers

    def _on_runs(self, runs: tuple[Any, ...]) -> None:
        """Remove layers of runs that were deleted from the store."""
        there = {run.name for run in runs}
        self._soon.start(PREPARE_AFTER_MS)
        known, self._known = self._known, there
        for name in (known - there) & set(self.runs):
            self.remove(name)

    # -- parts ---------------------------------------------------------------------------------

    def _neighbourly(self, element: str, *, is_outline: bool) -> dict[str, Any]:
        tissue, view = self._bench.tissue, self._view
        if tissue is None or view is None:
            return {}
        if is_outline:
            return spots_metadata(tissue.sdata, view)
        return element_metadata(tissue.sdata, element, view.coordinate_system)

    def _drop_runs(self) -> None:
        for name in list(self.runs):
            self.remove(name)

    def _watch(self, name: str) -> None:
        """Keep the legend true when a person hides a layer in napari's own list."""
        for role in (Role.CELLS, Role.COMPOSITION, Role.DENSITY, Role.PIES):
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
        for role in (Role.CELLS, Role.COMPOSITION, Role.DENSITY, Role.PIES):
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
                self.legend.isolated.connect(self.isolate_type)
                self.legend.recolouring.connect(self._on_recolouring)
                self.legend.undoing.connect(self._on_undoing)
                self.legend.closed.connect(self._on_legend_closed)
        return self.legend

    def _on_legend_closed(self) -> None:
        self.changed.emit(self.current)

    def _on_recolouring(self, name: str) -> None:
        if self.current in self.runs:
            legends = self.runs[self.current].legends()
            found = [e.rgba for legend in legends for e in legend.entries if e.name == name]
            for rgba in found[:1]:
                self.recolouring.emit(self.current, name, hex_of(rgba))

    def _on_undoing(self) -> None:
        self.undoing.emit()

    def _refresh_legend(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        self.shares.forget()
        legends = self._preview.legends()
        hidden: frozenset[str] = frozenset()
        if not legends and self.current in self.runs:
            legends = self.runs[self.current].legends()
            hidden = self.runs[self.current].showing.hidden
        if not self._preview.legends():
            legends = [*self._guests.legends(), *self.genes.legends(), *legends]
            hidden |= self.genes.hidden
        self._step_outlines(back=bool(legends))
        overlay = self._overlay()
        if overlay is not None:
            overlay.set_legends(legends, hidden)
