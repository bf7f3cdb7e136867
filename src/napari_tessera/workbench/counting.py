"""Cells on both sides of a comparison, from what the store keeps of a map."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.explain.groups import Sides, commonest_type, sides_by_mass, within_type
from napari_tessera.explain.membership import mass_inside
from napari_tessera.numerics.areas import points_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Placement
    from napari_tessera.contract.views import SpotsView
    from napari_tessera.explain.options import ExplainOptions

ALL_TYPES = "all"


def count_sides(
    placement: Placement,
    spots: SpotsView,
    regions: Sequence[Region],
    within: str | None,
    options: ExplainOptions,
) -> Sides:
    """Find the cells of both sides.

    Parameters
    ----------
    placement : Placement
        Places of the cells; its map holds nearly all of the mass.
    spots : SpotsView
        Spots on the screen.
    regions : sequence of Region
        The region, and the one it is compared with, if any.
    within : str or None
        Cell type; ``all`` for all; None picks the commonest.
    options : ExplainOptions
        Thresholds.

    Raises
    ------
    InputError
        If there are no cells of that type.
    """
    inside = [points_inside(region, spots.xy) for region in regions]
    names = [set(spots.names[chosen].tolist()) for chosen in inside]
    masks = [np.isin(placement.spot_names, sorted(chosen)) for chosen in names]
    mass = [mass_inside(placement, mask) for mask in masks]
    limits = (options.inside, options.outside)
    only = None if within in {None, ALL_TYPES} else within
    if within is None and placement.cell_types is not None:
        only = commonest_type(placement.cell_types, mass[0], limits)
    allowed = within_type(placement.cell_types, only, placement.cell_names.size)
    rest = regions[1].name if len(regions) > 1 else "the rest"
    other = mass[1] if len(mass) > 1 else None
    sides = sides_by_mass(mass[0], other, allowed, limits, (regions[0].name, rest))
    return dataclasses.replace(sides, within=only or "")
