"""How sure an answer is of each spot, from 0 to 1: what fades when a person asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import limits_of
from napari_tessera.viewer.composition import SpotColour

_OF_SHARES = frozenset({SpotColour.DOMINANT, SpotColour.LEAD, SpotColour.SHARE, SpotColour.BLEND})

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.results import Composition, RunResult


def certainty(
    result: RunResult, how: SpotColour, *, gene: str = "", cell_type: str = ""
) -> NDArray[np.float32] | None:
    """Certainty of every spot of the answer that a colour speaks of.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    how : SpotColour
        What the colour says.
    gene, cell_type : str
        The one gene or type that is meant.

    Returns
    -------
    ndarray or None, shape (n_spots,), float32
        In the order of the answer; None where the colour itself says how sure a spot is.
    """
    if result.composition is not None and how in _OF_SHARES:
        share = cell_type if how is SpotColour.SHARE else ""
        return _of_composition(result.composition, share)
    if result.annotation is not None and how is SpotColour.TYPE:
        return np.asarray(result.annotation.confidence, dtype=np.float32)
    if result.domains is not None and how is SpotColour.DOMAIN:
        return np.asarray(result.domains.confidence, dtype=np.float32)
    if result.imputation is not None and how is SpotColour.GENE:
        return certainty_of_gene(result.imputation, gene)
    return None


def certainty_of_gene(imputation: Imputation, gene: str) -> NDArray[np.float32]:
    """How narrow the interval of a predicted gene is, 1 for the narrowest.

    Parameters
    ----------
    imputation : Imputation
        Predicted genes.
    gene : str
        One of them.

    Returns
    -------
    ndarray, shape (n_spots,), float32
    """
    at = int(np.flatnonzero(imputation.gene_names == gene)[0])
    return _narrow(imputation.half_width[:, at])


def _of_composition(composition: Composition, cell_type: str) -> NDArray[np.float32]:
    """How narrow the share of a type is where its spread is known, else how little is mixed.

    The entropy that a composition carries is over cells, of which there are many more than types:
    next to the number of types it would call every spot unsure.
    """
    at = np.flatnonzero(composition.types == cell_type)
    if composition.spread is not None and at.size:
        return _narrow(composition.spread[:, at[0]])
    shares = np.asarray(composition.values, dtype=np.float32)
    mixed = -(shares * np.log(np.maximum(shares, np.float32(1e-12)))).sum(axis=1)
    most = np.log(max(composition.types.size, 2))
    return np.asarray(1 - np.clip(mixed / most, 0, 1), dtype=np.float32)


def _narrow(width: NDArray[np.floating]) -> NDArray[np.float32]:
    """1 for the narrowest, 0 for the widest, the outermost hundredths apart."""
    if not np.ptp(width) > 0:
        return np.ones(width.shape, dtype=np.float32)
    low, high = limits_of(width)
    return np.asarray(np.clip((high - width) / (high - low), 0, 1), dtype=np.float32)
