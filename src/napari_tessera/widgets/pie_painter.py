"""The pies of one run: a layer of triangles, made anew when the camera sees something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.viewer.layer_data import MARK
from napari_tessera.viewer.pies import draw_pies, faces_of, pie_radius, pies_layer, without_repeats
from napari_tessera.widgets.camera import frame_of
from napari_tessera.widgets.layer_list import insert_layer

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Layer
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.viewer.legend import Legend
    from napari_tessera.viewer.pies import Pies
    from napari_tessera.viewer.showing import Showing


class PiePainter:
    """Draws the pies of one run for what the camera sees.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to draw.
    view : TissueView
        Tissue on the screen.
    """

    def __init__(self, viewer: Viewer, view: TissueView) -> None:
        self._viewer, self._view = viewer, view
        self._layer: Layer | None = None
        self._pies: Pies | None = None
        self._radius: NDArray[np.float64] | None = None
        self._drawn: Any = None
        self._wanted: tuple[Run, Showing] | None = None

    @property
    def layer(self) -> Layer | None:
        """The layer; None where there is none, or a person took it out of the list."""
        if self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = self._drawn = None
        return self._layer

    def draw(self, run: Run, showing: Showing) -> None:
        """Draw the pies of a run as it is shown; hide them where they are not wanted.

        Parameters
        ----------
        run : Run
            A finished run.
        showing : Showing
            What of it is drawn, and how.
        """
        self._wanted = (run, showing)
        if showing.pies:
            self.follow(insert=True)
        layer = self.layer
        if layer is not None and layer.visible != showing.pies:
            layer.visible = showing.pies

    def follow(self, *, insert: bool = False) -> bool:
        """Bring the pies up to date with the camera; whether the legend says something else then.

        Parameters
        ----------
        insert : bool
            Whether to make the layer where there is none.
        """
        if self._wanted is None or not self._wanted[1].pies or (self.layer is None and not insert):
            return False
        run, showing = self._wanted
        look = (run.result.composition, showing.hidden, showing.fade, run.colours)
        if self._drawn is not None and _same(look, self._drawn) and self._still_good():
            return False
        before = None if self._pies is None else self._pies.legend
        self._make(run, showing)
        self._drawn = look
        return self._pies is not None and self._pies.legend != before

    def hide(self) -> None:
        """Make the layer invisible; it stays in the list."""
        if self.layer is not None:
            self.layer.visible = False

    def remove(self) -> None:
        """Take the layer out of the viewer."""
        layer, self._wanted = self.layer, None
        if layer is not None:
            self._viewer.layers.remove(layer)

    def legend_beside(self, others: list[Legend]) -> list[Legend]:
        """Legend of the pies, if they are visible, without what others say already."""
        layer = self.layer
        if layer is None or not layer.visible or self._pies is None:
            return []
        return [without_repeats(self._pies.legend, others)]

    def _still_good(self) -> bool:
        seen = frame_of(self._viewer)
        return self._pies is not None and self._pies.good_for(seen)

    def _make(self, run: Run, showing: Showing) -> None:
        spots = self._view.spots
        if spots is None or not len(spots.xy):
            return
        if self._radius is None:
            self._radius = pie_radius(spots)
        frame = frame_of(self._viewer)
        pies = draw_pies(run, spots, showing, frame=frame, radius=self._radius)
        if pies is None:
            return
        self._pies = pies
        if self._layer is None:
            self._layer = self._insert(pies_layer(run, self._view, pies))
        else:
            refill_mesh(self._layer, pies)

    def _insert(self, made: Any) -> Layer:  # noqa: ANN401 - a layer tuple
        """Put the layer right above the others of the run."""
        name = made[1]["metadata"][MARK]["run"]
        own = [
            i
            for i, other in enumerate(self._viewer.layers)
            if other.metadata.get(MARK, {}).get("run") == name
        ]
        return insert_layer(self._viewer, made, max(own) + 1 if own else None)


def refill_mesh(layer: Layer, pies: Pies) -> None:
    """Make a layer of triangles show other pies, with one redrawing.

    Parameters
    ----------
    layer : napari.layers.Surface
        One that was made for pies.
    pies : Pies
        What to draw.
    """
    with layer.events.set_data.blocker():
        layer.data = (pies.vertices, faces_of(pies))
    layer.vertex_colors = pies.rgba


def _same(look: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two looks are of the same composition and alike in the rest."""
    return look[0] is other[0] and look[1:] == other[1:]
