"""Violins of gene expression: how it is spread in the selection and in the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.expression import Expression

GRID = 64
"""Heights at which the density is known."""

MOST = 4000
"""Values that a density is made of; of more, as many are drawn."""


@dataclass(frozen=True, kw_only=True)
class Violin:
    """One half of a violin.

    Parameters
    ----------
    at : ndarray, shape (n,)
        Values.
    width : ndarray, shape (n,)
        Density there, 0 to 1: 1 where it is highest.
    median : float
        Of all values.
    """

    at: NDArray[np.float64]
    width: NDArray[np.float64]
    median: float


@dataclass(frozen=True, kw_only=True)
class GeneViolins:
    """Spread of one gene on both sides; None for a side without anybody.

    Parameters
    ----------
    gene : str
        The gene.
    first, others : Violin or None
        Of the selection and of those it is compared with.
    """

    gene: str
    first: Violin | None
    others: Violin | None


def violin(values: NDArray[np.floating], *, seed: int = 0) -> Violin | None:
    """Density of values by Gaussian kernels; a bar where all are the same, None where none is.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Expression of one gene.
    seed : int
        Of the draw where there are more than `MOST`.
    """
    if not values.size:
        return None
    drawn = np.asarray(values, dtype=np.float64)
    if drawn.size > MOST:
        drawn = np.random.default_rng(seed).choice(drawn, MOST, replace=False)
    median = float(np.median(drawn))
    if np.ptp(drawn) == 0:
        return Violin(at=np.array([median, median]), width=np.ones(2), median=median)
    at = np.linspace(drawn.min(), drawn.max(), GRID)
    density = stats.gaussian_kde(drawn)(at)
    return Violin(at=at, width=density / density.max(), median=median)


def gene_violins(
    expression: Expression,
    genes: Sequence[str],
    first: NDArray[np.bool_],
    others: NDArray[np.bool_],
) -> tuple[GeneViolins, ...]:
    """Spread of some genes on both sides; what is not among the genes is left out.

    Parameters
    ----------
    expression : Expression
        Log-normalised.
    genes : sequence of str
        Which ones.
    first, others : ndarray of bool, shape (n_obs,)
        The two sides.
    """
    place = {name: i for i, name in enumerate(expression.gene_names.tolist())}
    known = [gene for gene in genes if gene in place]
    found = []
    for gene in known:
        column = np.asarray(expression.values[:, place[gene]].toarray()).ravel()
        sides = violin(column[first]), violin(column[others])
        found.append(GeneViolins(gene=gene, first=sides[0], others=sides[1]))
    return tuple(found)
