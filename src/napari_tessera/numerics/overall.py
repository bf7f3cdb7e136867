"""What a tissue is made of over all, and how much more of every gene one platform sees.

The ratio of both sides' gene fractions holds two things: the platforms, and that the reference is
composed otherwise than the tissue. Here they are told apart: a few thousand genes know the overall
composition well, however each of them is scaled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]

SURPRISE = 0.5
"""Standard deviation of the logarithm of a type's share, about its share of the reference."""

ROUNDS = 4
"""How often the spread of the genes' factors is estimated anew."""

LEAST_VARIANCE = 0.01
"""Of the logarithm of a gene's factor."""

MAD_TO_SD = 1.4826


def overall_shares(bulk: Vector, types: NDArray[np.float64]) -> Vector:
    r"""Most probable overall composition, in molecules.

    Maximises over the shares :math:`\pi` the posterior of

    .. math:: \log b_g = h + \log \sum_t \pi_t P_{tg} + \epsilon_g, \qquad
       \epsilon_g \sim N(0, \sigma^2 + 1 / b_g + 1 / r_g), \qquad
       \log \pi_t \sim N(\log \rho_t, \tau^2)

    with the tissue's counts :math:`b`, those of the reference :math:`r`, and the shares
    :math:`\rho` that the types have of the reference.

    Parameters
    ----------
    bulk : ndarray, shape (n_genes,)
        Counts of the whole tissue.
    types : ndarray, shape (n_types, n_genes)
        Counts of the reference by type.

    Returns
    -------
    ndarray, shape (n_types,)
        Sums to one.
    """
    totals = types.sum(axis=1) + 1e-12
    prior = np.log(totals / totals.sum())
    seen = types.sum(axis=0)
    used = (bulk > 0) & (seen > 0)
    if not used.any():
        return np.asarray(special.softmax(prior))
    profiles = types[:, used] / totals[:, None] + 1e-7
    level = np.log(bulk[used])
    sampling = 1 / bulk[used] + 1 / seen[used]
    away, variance = np.zeros(totals.size), 1.0
    for _ in range(ROUNDS):
        weight = 1 / (variance + sampling)
        away = optimize.minimize(
            _loss, away, (prior, profiles, level, weight), jac=True, method="L-BFGS-B"
        ).x
        rest = level - np.log(special.softmax(prior + away) @ profiles)
        spread = MAD_TO_SD * np.median(np.abs(rest - np.median(rest)))
        variance = max(spread**2, LEAST_VARIANCE)
    return np.asarray(special.softmax(prior + away))


def _loss(
    away: Vector, prior: Vector, profiles: NDArray[np.float64], level: Vector, weight: Vector
) -> tuple[float, Vector]:
    """Negative logarithm of the posterior, and its gradient."""
    shares = special.softmax(prior + away)
    mixed = shares @ profiles
    rest = level - np.log(mixed)
    rest -= np.average(rest, weights=weight)
    by_share = -(profiles @ (weight * rest / mixed))
    value = 0.5 * float(weight @ rest**2) + 0.5 * float(away @ away) / SURPRISE**2
    gradient = shares * (by_share - shares @ by_share) + away / SURPRISE**2
    return value, np.asarray(gradient)


def fitted_factors(bulk: Vector, types: NDArray[np.float64]) -> Vector:
    """How much more of every gene the cells' platform sees, the overall composition allowed for.

    Parameters
    ----------
    bulk, types
        As for `overall_shares`.

    Returns
    -------
    ndarray, shape (n_genes,)
        Multiply spots by it to see them as the cells' platform would.
    """
    profiles = types / (types.sum(axis=1, keepdims=True) + 1e-12)
    expected = overall_shares(bulk, types) @ profiles * bulk.sum()
    return np.asarray((expected + 1.0) / (bulk + 1.0))
