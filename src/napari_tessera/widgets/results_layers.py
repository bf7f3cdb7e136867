"""The layers of one run: made once, then recoloured in place."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_tessera.viewer.answers import (
    SpotLook,
    answer_dots,
    answer_layers,
    colours_for,
    gene_entries,
    paint_answer,
)
from napari_tessera.viewer.composition import LABELLED, SpotColour
from napari_tessera.viewer.density import density_layer
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.mixture import usual_blend
from napari_tessera.viewer.placement import (
    cell_categories,
    cell_dots,
    paint_cells,
    placement_layers,
    rim_of,
    type_names,
    world_xy,
)
from napari_tessera.viewer.raster import Dots, as_raster
from napari_tessera.viewer.showing import Showing
from napari_tessera.viewer.spots import colour_change, shape_of_spots
from napari_tessera.widgets.layer_list import insert_layer
from napari_tessera.widgets.pie_painter import PiePainter
from napari_tessera.widgets.points_layer import recolour_points, refill_points
from napari_tessera.widgets.raster_painter import RasterPainter
from napari_tessera.widgets.soft_edges import fit_edges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.viewer.colours import Categories
    from napari_tessera.viewer.layer_data import LayerData
    from napari_tessera.viewer.legend import Legend, Painting

_ORDER = (Role.DENSITY, Role.COMPOSITION, Role.CELLS)


class RunLayers:
    """Draws one run on one viewer as its `showing` says.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    view : TissueView
        Tissue on the screen.
    run : Run
        What to draw.
    errands : Errands or None
        Threads that paint crowds; they are painted at once where None.
    tell : callable
        Takes what went wrong there and what to do.

    Attributes
    ----------
    painted : Signal
        Emitted when a crowd has been painted with other colours.
    showing : Showing
        What is drawn at present.
    types : tuple of str
        Types that the run speaks of, sorted.
    colours : tuple of SpotColour
        Ways to colour its spots.
    genes : list of tuple of str
        Predicted genes with a word on each.
    pies : PiePainter
        Draws its pies.
    """

    painted = Signal()

    def __init__(
        self,
        viewer: Viewer,
        view: TissueView,
        run: Run,
        errands: Errands | None = None,
        tell: Callable[[str, str], None] = lambda _message, _hint: None,
    ) -> None:
        self.run = run
        self._errands, self._tell = errands, tell
        self._rasters: dict[Role, RasterPainter] = {}
        self.types = type_names(run)
        self.colours = colours_for(run.result)
        self.genes = gene_entries(run.result)
        self.showing = Showing(
            cells=run.result.placement is not None,
            spots=run.result.placement is None and bool(self.colours),
            spot_colour=self.colours[0] if self.colours else SpotColour.DOMINANT,
            cell_type=self.types[0] if self.types else "",
            gene=self.genes[0][0] if self.genes else "",
            blend=usual_blend(run.result.composition),
        )
        self._viewer = viewer
        self._view = view
        self._layers: dict[Role, Layer] = {}
        self._legends: dict[Role, Legend] = {}
        self._drawn: dict[Role, Any] = {}
        self.pies = PiePainter(viewer, view)
        self._xy: NDArray[np.float64] | None = None
        self._categories: Categories | None = None

    # -- verbs ---------------------------------------------------------------------------------

    def draw(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Showing
        """Change what is shown and bring the layers up to date.

        Parameters
        ----------
        **changes
            Fields of `Showing` with their new values.
        """
        self.showing = dataclasses.replace(self.showing, **changes)
        self._forget_removed()
        for role, wanted, look, draw in self._plan():
            if wanted and (self._drawn.get(role) != look or role not in self._layers):
                draw()
                self._drawn[role] = look
            layer = self._layers.get(role)
            if layer is not None and layer.visible != wanted:
                layer.visible = wanted
        self.pies.draw(self.run, self.showing)
        fit_edges(self._viewer)

    def amend(self, run: Run) -> None:
        """Take another result of the same run; the next `draw` paints its spots anew."""
        self.run, self.types = run, type_names(run)
        self._drawn.pop(Role.COMPOSITION, None)

    @property
    def has_points(self) -> bool:
        """Whether the run placed cells that are drawn as points."""
        placement = self.run.result.placement
        return placement is not None and not as_raster(
            self.showing.draw_as, placement.cell_names.size
        )

    def adopt(self, layer: Layer) -> None:
        """Take a layer of points over for the cells; the next `draw` fills it.

        Parameters
        ----------
        layer : napari.layers.Points
            In the viewer, and nobody else's.
        """
        if self.has_points:
            self._layers[Role.CELLS] = layer

    def recolour(self, colours: Mapping[str, str]) -> None:
        """Draw with the colours that a person has chosen for types or domains.

        Parameters
        ----------
        colours : mapping of str to str
            ``#rrggbb`` by name.
        """
        self.run = dataclasses.replace(self.run, colours=colours)
        self.draw()

    def hide(self) -> None:
        """Make the layers invisible; they stay in the list."""
        self._forget_removed()
        for layer in self._layers.values():
            layer.visible = False
        self.pies.hide()

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        self._forget_removed()
        for role in list(self._layers):
            self._take_out(role)
        self.pies.remove()

    def layer(self, role: Role) -> Layer | None:
        """Layer of that role, if it is in the viewer."""
        self._forget_removed()
        return self.pies.layer if role is Role.PIES else self._layers.get(role)

    def labels(self) -> frozenset[str]:
        """Types and domains in the legends of the visible layers."""
        return frozenset(entry.name for legend in self.legends() for entry in legend.entries)

    def legends(self) -> list[Legend]:
        """Legends of the visible layers that have been painted, cells first, pies last."""
        self._forget_removed()
        found = [
            self._legends[role]
            for role in reversed(_ORDER)
            if role in self._legends and role in self._layers and self._layers[role].visible
        ]
        return [*found, *self.pies.legend_beside(found)]

    # -- drawing -------------------------------------------------------------------------------

    def _plan(self) -> tuple[tuple[Role, bool, Any, Any], ...]:
        """Per role: whether it is wanted, what its look depends on, and what draws it."""
        s, chosen = self.showing, self.run.colours
        return (
            (Role.DENSITY, s.density, (s.cell_type, s.fade, chosen), self._draw_density),
            (Role.COMPOSITION, s.spots, (self._spot_look(), s.draw_as), self._draw_spots),
            (Role.CELLS, s.cells, (self._cell_look(), chosen), self._draw_cells),
        )

    def _draw_cells(self) -> None:
        placement = self.run.result.placement
        if placement is None:
            return
        s, chosen = self.showing, self.run.colours

        def paint() -> Painting:
            types = dataclasses.replace(self._types_of_cells(), colours=chosen)
            return paint_cells(placement, types, s.cell_colour, fade=s.fade, hidden=s.hidden)

        if as_raster(s.draw_as, placement.cell_names.size):
            dots = cell_dots(self.run, self._view, self.world_xy())
            self._draw_raster(Role.CELLS, dots, paint)
            return
        painting, layer = paint(), self._points(Role.CELLS)
        if layer is None or layer.metadata[MARK]["run"] != self.run.name:
            made = placement_layers(self.run, self._view, self.world_xy(), painting=painting)[0]
            if layer is None:
                self._add(Role.CELLS, made)
            else:
                refill_points(layer, made)
        else:
            recolour_points(layer, painting.rgba, rim_of(painting))
        self._legends[Role.CELLS] = painting.legend

    def _cell_look(self) -> tuple[object, ...]:
        s = self.showing
        return s.cell_colour, s.fade, s.hidden, s.draw_as

    def _spot_look(self) -> SpotLook:
        """How spots are coloured; what their colour does not depend on is left out."""
        s, how = self.showing, self.showing.spot_colour
        of_genes = {SpotColour.GENE, SpotColour.GENE_WIDTH}
        fading = {*LABELLED, SpotColour.SHARE, SpotColour.GENE}
        return SpotLook(
            how=how,
            cell_type=s.cell_type if how is SpotColour.SHARE else "",
            gene=s.gene if how in of_genes else "",
            blend=s.blend if how is SpotColour.BLEND else (),
            fade=s.fade and how in fading,
            hidden=s.hidden if how in LABELLED else frozenset(),
            colours=self.run.colours if how in LABELLED else {},
        )

    def _draw_spots(self) -> None:
        spots = self._view.spots
        if not self.colours or spots is None:
            return
        paint = partial(paint_answer, self.run.result, spots, self._spot_look())
        are_dots = shape_of_spots(spots) == "points"
        if are_dots and as_raster(self.showing.draw_as, len(spots.xy)):
            dots = answer_dots(self.run, self._view, spots)
            self._draw_raster(Role.COMPOSITION, dots, paint)
            return
        painting, layer = paint(), self._points(Role.COMPOSITION)
        if layer is None:
            made = answer_layers(self.run, self._view, painting)
            self._add(Role.COMPOSITION, made[0])
        else:
            for name, value in colour_change(spots, painting.rgba).items():
                setattr(layer, name, value)
        self._legends[Role.COMPOSITION] = painting.legend

    def _draw_raster(self, role: Role, dots: Dots, paint: Callable[[], Painting]) -> None:
        """Draw a crowd as a picture of what the camera sees."""
        painter = self._rasters.get(role)
        if painter is None:
            painter = RasterPainter(self._viewer, dots, self._errands, self._tell)
            painter.painted.connect(lambda painting: self._on_painted(role, painting))
            self._take_out(role)
            self._add(role, painter.layer)
            self._rasters[role] = painter
        painter.paint(paint, dots.words)

    def _on_painted(self, role: Role, painting: Painting) -> None:
        self._legends[role] = painting.legend
        self.painted.emit()

    def _points(self, role: Role) -> Layer | None:
        """Layer of that role that is no raster; one that is goes."""
        if role in self._rasters:
            self._take_out(role)
        return self._layers.get(role)

    def _draw_density(self) -> None:
        drawn = density_layer(
            self.run, self._view, self.showing.cell_type, self.world_xy(), fade=self.showing.fade
        )
        if drawn is None:
            self._take_out(Role.DENSITY)
            return
        (data, arguments, kind), legend = drawn
        layer = self._layers.get(Role.DENSITY)
        if layer is None:
            self._add(Role.DENSITY, (data, arguments, kind))
        else:
            layer.data = data
            layer.name = arguments["name"]
            layer.metadata.update(arguments["metadata"])
        self._legends[Role.DENSITY] = legend

    def world_xy(self) -> NDArray[np.float64]:
        """Places of the cells in world coordinates, shape (n_cells, 2)."""
        placement = self.run.result.placement
        if placement is None:
            msg = f"run {self.run.name} placed no cells"
            raise ValueError(msg)
        if self._xy is None:
            system = self.run.provenance.origin.selection.coordinate_system or ""
            self._xy = world_xy(placement, self._view, system)
        return self._xy

    def _types_of_cells(self) -> Categories:
        """Types of the cells, encoded once; perhaps in another thread."""
        placement = self.run.result.placement
        if self._categories is None and placement is not None:
            self._categories = cell_categories(placement, self.types)
        if self._categories is None:
            msg = f"run {self.run.name} placed no cells"
            raise ValueError(msg)
        return self._categories

    # -- the viewer's list ---------------------------------------------------------------------

    def _add(self, role: Role, made: LayerData | Layer) -> Layer:
        """Put a layer where it belongs among those of this run: density, spots, cells on top."""
        above = [
            self._viewer.layers.index(self._layers[other])
            for other in _ORDER[_ORDER.index(role) + 1 :]
            if other in self._layers
        ]
        layer = insert_layer(self._viewer, made, min(above) if above else None)
        self._layers[role] = layer
        return layer

    def _take_out(self, role: Role) -> None:
        layer = self._layers.pop(role, None)
        self._forget(role)
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _forget_removed(self) -> None:
        """Forget layers that a person took out of the list."""
        for role in [r for r, la in self._layers.items() if la not in self._viewer.layers]:
            del self._layers[role]
            self._forget(role)

    def _forget(self, role: Role) -> None:
        self._drawn.pop(role, None)
        painter = self._rasters.pop(role, None)
        if painter is not None:
            painter.close()
