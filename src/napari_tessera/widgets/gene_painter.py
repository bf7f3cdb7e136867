"""The chosen genes on the tissue: one layer of spots, recoloured in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.viewer.gene_blend import (
    DrawnGene,
    gene_columns,
    genes_dots,
    genes_layer,
    paint_genes,
)
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.viewer.legend import Painting
from napari_tessera.viewer.spots import colour_change, shape_of_spots
from napari_tessera.viewer.tissue import many_dots
from napari_tessera.widgets.layer_list import insert_layer
from napari_tessera.widgets.raster_painter import RasterPainter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_tessera.contract.views import TissueView
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.viewer.legend import Legend
    from napari_tessera.viewer.raster import Dots


class GenePainter:
    """Draws genes over the outlines of the spots.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    errands : Errands or None
        Threads that paint crowds; they are painted at once where None.
    tell : callable
        Takes what went wrong there and what to do.
    """

    def __init__(
        self,
        viewer: Viewer,
        errands: Errands | None = None,
        tell: Callable[[str, str], None] = lambda _message, _hint: None,
    ) -> None:
        self._viewer, self._errands, self._tell = viewer, errands, tell
        self._raster: RasterPainter | None = None
        self._view: TissueView | None = None
        self._legends: list[Legend] = []
        self._genes: tuple[DrawnGene, ...] = ()
        self._fade = False
        self.hidden: frozenset[str] = frozenset()

    @property
    def layer(self) -> Layer | None:
        """The layer; None where there is none."""
        role = str(Role.GENES)
        found = [x for x in self._viewer.layers if x.metadata.get(MARK, {}).get("role") == role]
        return found[0] if found else None

    def take_view(self, view: TissueView) -> None:
        """Begin anew with another tissue."""
        self.remove()
        self._view = view

    def draw(self, genes: Sequence[DrawnGene], *, fade: bool) -> None:
        """Show these genes; none removes the layer.

        Parameters
        ----------
        genes : sequence of DrawnGene
            What to draw.
        fade : bool
            Whether what is unsure fades.
        """
        view = self._view
        if not genes or view is None or view.spots is None:
            self.remove()
            return
        if [gene.title for gene in genes] != [gene.title for gene in self._genes]:
            self.hidden = frozenset()
        self._genes, self._fade = tuple(genes), fade
        rgba, self._legends = paint_genes(genes, view.spots, fade=fade, hidden=self.hidden)
        if many_dots(view.spots):
            dots = genes_dots(view, view.spots, genes, "genes")
            self._draw_raster(dots, Painting(rgba=rgba, legend=self._legends[0]))
            return
        layer = self.layer
        if layer is None:
            made = genes_layer(view, rgba, "genes")
            if made is None:
                return
            layer = insert_layer(self._viewer, made, self._above_outlines())
        else:
            layer.visible = True
            for name, value in colour_change(view.spots, rgba).items():
                setattr(layer, name, value)
        if shape_of_spots(view.spots) != "labels":
            layer.features = gene_columns(genes, view.spots)

    def _draw_raster(self, dots: Dots, painting: Painting) -> None:
        """Draw too many spots for points as a picture of what the camera sees."""
        painter, layer = self._raster, self.layer
        if painter is None or layer is not painter.layer:
            painter = RasterPainter(self._viewer, dots, self._errands, self._tell)
            insert_layer(self._viewer, painter.layer, self._above_outlines())
            self._raster = painter
        painter.layer.visible = True
        painter.paint(lambda: painting, dots.words)

    def repaint(self, *, fade: bool) -> None:
        """Draw what is drawn once more."""
        if self._genes and self.layer is not None:
            self.draw(self._genes, fade=fade)

    def hide(self, label: str, *, others: bool) -> bool:
        """Hide a label or show it again; or all others. False where none of that name is drawn.

        Parameters
        ----------
        label : str
            An entry of a legend.
        others : bool
            Whether the label is to be seen alone; all are where it is alone already.
        """
        drawn = {entry.name for legend in self.legends() for entry in legend.entries}
        if label not in drawn:
            return False
        rest = frozenset(drawn - {label})
        alone = bool(rest) and rest <= self.hidden
        self.hidden = (frozenset() if alone else rest) if others else self.hidden ^ {label}
        self.repaint(fade=self._fade)
        return True

    def remove(self) -> None:
        """Take the layer away."""
        layer, self._genes = self.layer, ()
        self._legends = []
        self._raster = None  # closes itself when its layer goes
        if layer is not None:
            self._viewer.layers.remove(layer)

    def legends(self) -> list[Legend]:
        """Legends of what is seen."""
        layer = self.layer
        return self._legends if layer is not None and layer.visible else []

    def _above_outlines(self) -> int:
        """Place in the list right above the spots of the tissue."""
        places = [
            i
            for i, layer in enumerate(self._viewer.layers)
            if layer.metadata.get(MARK, {}).get("role") in {str(Role.SPOTS), str(Role.IMAGE)}
        ]
        return max(places, default=-1) + 1
