"""Composition of the spots: dominant type, share of one type, or how unsure a spot is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import coded, limits_of, value_rgba
from napari_tessera.viewer.legend import Painting, category_legend, ramp_legend
from napari_tessera.viewer.spots import placed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Composition
    from napari_tessera.contract.views import SpotsView


class SpotColour(StrEnum):
    """What the colour of a spot says."""

    DOMINANT = "dominant type"
    LEAD = "dominant type and its lead"
    SHARE = "share of one type"
    BLEND = "blend of types"
    ENTROPY = "entropy"
    TYPE = "cell type"
    TYPE_CONFIDENCE = "confidence of the type"
    NOVELTY = "none of these"
    DOMAIN = "domain"
    DOMAIN_CONFIDENCE = "confidence of the domain"
    GENE = "predicted gene"
    GENE_WIDTH = "interval of the gene"


LABELLED = frozenset(
    {
        SpotColour.DOMINANT,
        SpotColour.LEAD,
        SpotColour.BLEND,
        SpotColour.TYPE,
        SpotColour.DOMAIN,
    }
)
"""Ways to colour spots that use the colours of types or domains."""


def paint_spots(
    composition: Composition,
    spots: SpotsView,
    how: SpotColour = SpotColour.DOMINANT,
    cell_type: str = "",
) -> Painting:
    """Colour every spot of the view; spots that the run left out are transparent.

    Parameters
    ----------
    composition : Composition
        Shares of the types.
    spots : SpotsView
        Spots on the screen; matched by name.
    how : SpotColour
        What the colour says.
    cell_type : str
        Type whose share is shown, for ``SHARE``.

    Raises
    ------
    ValueError
        If `cell_type` is not among the types.
    """
    if how is SpotColour.DOMINANT:
        types = coded(composition.codes, composition.types)
        colours, legend = types.rgba(), category_legend("Spots by dominant type", types)
    else:
        values, title = _numbers(composition, how, cell_type)
        limits = (0.0, max(limits_of(values)[1], 1e-6)) if cell_type else limits_of(values)
        colours, legend = value_rgba(values, limits), ramp_legend(title, limits)
    return Painting(rgba=placed(colours, composition.spot_names, spots), legend=legend)


def spot_columns(composition: Composition, spots: SpotsView) -> dict[str, NDArray[np.generic]]:
    """Columns that the mouse tells over a spot: name, dominant type, its share, entropy."""
    rows = spots.rows_in(composition.spot_names)
    dominant = np.append(composition.dominant_type.astype(object), "not used")[rows]
    share = np.append(composition.values.max(axis=1), np.nan)[rows]
    entropy = np.append(composition.entropy, np.nan)[rows]
    return {
        "spot": spots.names,
        "type": dominant,
        "share": np.round(share, 3),
        "entropy": np.round(entropy, 3),
    }


def _numbers(
    composition: Composition, how: SpotColour, cell_type: str
) -> tuple[NDArray[np.floating], str]:
    if how is SpotColour.ENTROPY:
        return composition.entropy, "Entropy of the spot (nats)"
    found = np.flatnonzero(composition.types == cell_type)
    if found.size == 0:
        msg = f"there is no type {cell_type!r} among {composition.types.tolist()}"
        raise ValueError(msg)
    return composition.values[:, found[0]], f"Share of {cell_type}"
