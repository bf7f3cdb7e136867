"""How much of a cell's map lies at some spots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.results import Placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.map_encoder import MapEncoder


def mass_inside(source: MapEncoder | Placement, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of every cell's map that lies at some spots, shape (n_cells,), float64.

    Parameters
    ----------
    source : MapEncoder or Placement
        The map: exact from an encoder; from a placement by the entries that it keeps.
    inside : ndarray of bool, shape (n_spots,)
        The spots.
    """
    wanted = inside.astype(np.float64)
    if isinstance(source, Placement):
        return np.asarray(source.map @ wanted).ravel()
    return np.clip(source.cell_map().to_cells(wanted[:, None])[:, 0], 0, 1)
