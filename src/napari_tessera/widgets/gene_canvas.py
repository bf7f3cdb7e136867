"""The chosen gene on the tissue: one layer, recoloured in place."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from napari_tessera.viewer.genes import gene_layer, paint_attribution, paint_expression
from napari_tessera.viewer.layer_data import MARK, Role
from napari_tessera.widgets.guest_legends import LEGEND
from napari_tessera.widgets.layer_list import insert_layer

if TYPE_CHECKING:
    from napari.layers import Points
    from napari.viewer import Viewer

    from napari_tessera.contract.explanation import Explanation
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining

ATTRIBUTION, EXPRESSION = "attribution", "expression"


class GeneCanvas:
    """Draws one gene in the compared cells.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    bench : Bench
        Knows the tissue on the screen.
    explaining : Explaining
        Knows where the cells lie.
    """

    def __init__(self, viewer: Viewer, bench: Bench, explaining: Explaining) -> None:
        self._viewer, self._bench, self._explaining = viewer, bench, explaining
        self._drawn: Explanation | None = None

    @property
    def layer(self) -> Points | None:
        """The layer; None where there is none."""
        role = str(Role.GENE)
        found = [x for x in self._viewer.layers if x.metadata.get(MARK, {}).get("role") == role]
        return found[0] if found else None

    def draw(self, explanation: Explanation, gene: str, what: str) -> None:
        """Show a gene.

        Parameters
        ----------
        explanation : Explanation
            Cells that were compared.
        gene : str
            Which gene.
        what : str
            ``attribution`` or ``expression``; expression where there is no attribution.
        """
        view = self._bench.view
        if view is None:
            return
        values = explanation.values_of(gene)
        what = what if what in values else EXPRESSION
        paint = paint_attribution if what == ATTRIBUTION else paint_expression
        painting = paint(values[what])
        name = f"{gene} {what}"
        legend = dataclasses.replace(
            painting.legend, title=f"{gene}, {painting.legend.title.lower()}"
        )
        layer = self.layer
        if layer is None or self._drawn is not explanation:
            self.remove()
            xy = self._explaining.places(explanation)
            run = explanation.ranking.contrast.run
            made = gene_layer(name, view, xy, painting, run)
            layer = insert_layer(self._viewer, made, metadata={LEGEND: legend})
            self._drawn = explanation
        layer.face_color = painting.rgba
        layer.features = {what: values[what]}
        layer.metadata[LEGEND] = legend
        layer.name = name

    def remove(self) -> None:
        """Take the layer away."""
        layer = self.layer
        if layer is not None:
            self._viewer.layers.remove(layer)
