"""One gene in the compared cells: attribution about zero, or expression from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import value_rgba
from napari_tessera.viewer.frames import row_col
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Legend, Painting, ramp_legend, short

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.views import TissueView

_ENDS = np.array([[33, 102, 172], [247, 247, 247], [178, 24, 43]], dtype=np.float64) / 255
"""Blue, nearly white, red: against, indifferent, for."""


def paint_attribution(values: NDArray[np.floating]) -> Painting:
    """Colour attributions: red pulls the cell to its place, blue pulls it away.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Attributions.
    """
    most = _most(np.abs(values))
    at = np.linspace(-1, 1, 32)
    ramp = tuple((float(r), float(g), float(b), 1.0) for r, g, b in _diverging(at))
    rgba = np.ones((values.size, 4), dtype=np.float32)
    rgba[:, :3] = _diverging(np.clip(values / most, -1, 1))
    legend = Legend(title="Attribution", low=short(-most), high=short(most), ramp=ramp)
    return Painting(rgba=rgba, legend=legend)


def paint_expression(values: NDArray[np.floating]) -> Painting:
    """Colour log-normalised expression along the shared ramp."""
    limits = (0.0, _most(values))
    return Painting(rgba=value_rgba(values, limits), legend=ramp_legend("Expression (log)", limits))


def gene_layer(
    name: str, view: TissueView, xy: NDArray[np.float64], painting: Painting, run: str
) -> LayerData:
    """Draw the compared cells in the colours of one gene.

    Parameters
    ----------
    name : str
        Name of the layer.
    view : TissueView
        Tissue on the screen.
    xy : ndarray, shape (n, 2), float64
        World coordinates of the cells.
    painting : Painting
        Their colours.
    run : str
        Run that they belong to.
    """
    arguments = {
        "name": name,
        "metadata": mark(Role.GENE, run),
        "face_color": painting.rgba,
        "size": 0.35 * view.pitch_of(xy),
        "border_width": 0,
        "canvas_size_limits": (3, 60),
        **world_units(view.unit),
    }
    return row_col(xy), arguments, "points"


def _most(values: NDArray[np.floating]) -> float:
    """Value that is nearly the largest; 1 where all are 0."""
    top = float(np.quantile(values, 0.99)) if values.size else 0.0
    top = top if top > 0 else float(values.max(initial=0.0))
    return top if top > 0 else 1.0


def _diverging(at: NDArray[np.floating]) -> NDArray[np.float64]:
    """Colours from blue over white to red for -1 to 1, shape (n, 3)."""
    return np.stack([np.interp(at, [-1, 0, 1], _ENDS[:, i]) for i in range(3)], axis=-1)
