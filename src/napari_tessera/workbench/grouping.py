"""Groups of the compared cells for a heatmap: what was compared, drawn regions, cell types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.gene_heat import own_groups
from napari_tessera.contract.regions import RegionKind
from napari_tessera.numerics.areas import points_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.explanation import Explanation
    from napari_tessera.contract.regions import Region

LEAST_CELLS = 5
"""Cells below which a mean says nothing."""

MOST_TYPES = 8
"""Cell types that are shown: the commonest."""


def groups_for(
    explanation: Explanation,
    regions: Sequence[Region],
    xy: NDArray[np.float64],
    cell_types: NDArray[np.str_] | None,
) -> dict[str, NDArray[np.bool_]]:
    """Find the groups whose means stand beside each other.

    Parameters
    ----------
    explanation : Explanation
        What was compared; its own groups come first.
    regions : sequence of Region
        Drawn areas, in the coordinates of `xy`; each is a group of the cells placed in it.
    xy : ndarray, shape (n, 2), float64
        Places of the compared cells.
    cell_types : ndarray of str or None, shape (n,)
        Their types; where there are several, each is a group.
    """
    groups = own_groups(explanation)
    for region in regions:
        if region.kind is RegionKind.AREA and region.name not in groups:
            groups[f"in {region.name}"] = points_inside(region, xy)
    if cell_types is not None:
        names, counts = np.unique(cell_types, return_counts=True)
        common = names[np.argsort(-counts, kind="stable")][:MOST_TYPES].tolist()
        if len(common) > 1:
            groups |= {name: cell_types == name for name in common if name not in groups}
    return {name: mask for name, mask in groups.items() if mask.sum() >= LEAST_CELLS}
