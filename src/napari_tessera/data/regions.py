"""Regions that people drew, as polygons in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.data.geometry import affine_of, systems_of
from napari_tessera.data.problems import refuse, some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue

REGIONS = "tessera_regions"
"""Element that holds drawn regions: one row each, with its ``name``."""


def spots_within(
    tissue: Tissue, selection: Selection, xy: NDArray[np.float64]
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Spots inside the chosen region; all of them where none is chosen.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        ``within`` names the region.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.

    Returns
    -------
    rows : ndarray of int
        Rows of `xy`.
    problems : list of Problem
        Refuses a name that is not there.
    """
    everyone = np.arange(len(xy))
    if selection.within is None:
        return everyone, []
    import shapely

    frame = tissue.sdata.shapes.get(REGIONS)
    names = [] if frame is None else [str(n) for n in frame["name"]]
    system = str(selection.coordinate_system)
    if frame is None or selection.within not in names or system not in systems_of(frame):
        return everyone, [refuse(
            "region-unknown", REGIONS, "name", expected="the name of a drawn region",
            found=f"{selection.within!r}; there are: {some(names, 8) or 'none'}",
            hint="Draw the region, or choose one of these.",
        )]  # fmt: skip
    a = affine_of(frame, system)
    area = shapely.union_all(frame.geometry[[n == selection.within for n in names]].to_numpy())
    matrix = [a[0, 0], a[0, 1], a[1, 0], a[1, 1], a[0, 2], a[1, 2]]
    from shapely.affinity import affine_transform

    inside = shapely.intersects_xy(affine_transform(area, matrix), xy[:, 0], xy[:, 1])
    return np.flatnonzero(inside), []
