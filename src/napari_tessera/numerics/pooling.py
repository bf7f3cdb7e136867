"""How much every expert has to say, and shares of types that differ from the reference's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FLOOR = -20.0
"""Smallest log probability an expert may give: nobody rules anything out alone."""

PRIOR_ROUNDS = 50
"""Rounds of expectation-maximisation over the shares of the types."""


def floored(log_p: NDArray[np.floating]) -> NDArray[np.float64]:
    """Raise log probabilities to the floor; (n_obs, n_types)."""
    return np.maximum(np.asarray(log_p, dtype=np.float64), FLOOR)


def pool(
    experts: Sequence[NDArray[np.floating]], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Weighted sum of the experts' log probabilities, normalised; shape (n_obs, n_types)."""
    total = sum((w * floored(e) for w, e in zip(weights, experts, strict=True)), np.zeros(()))
    return np.asarray(log_softmax(total, axis=1))


def choose_weights(
    experts: Sequence[NDArray[np.floating]], codes: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Find the non-negative weights with the smallest log loss on held-out cells.

    They are the say of every expert and a temperature in one.

    The loss is convex in the weights, so there is one answer.

    Parameters
    ----------
    experts : sequence of ndarray, each of shape (n_cells, n_types)
        Log probabilities of held-out cells.
    codes : ndarray of int, shape (n_cells,)
        Their types.

    Returns
    -------
    ndarray, shape (n_experts,), float64
    """
    stacked = np.stack([floored(e) for e in experts])
    true = stacked[:, np.arange(codes.size), codes]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_p = log_softmax(np.tensordot(weights, stacked, axes=1), axis=1)
        value = -log_p[np.arange(codes.size), codes].mean()
        expected = (np.exp(log_p) * stacked).sum(axis=2)
        return float(value), (expected - true).mean(axis=1)

    start = np.full(len(experts), 1 / len(experts))
    bounds = [(0.0, None)] * len(experts)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def correct_prior(log_p: NDArray[np.floating], prior: NDArray[np.floating]) -> NDArray[np.float64]:
    """Fit the shares of the types to the tissue by expectation-maximisation (:cite:`saerens2002`).

    Parameters
    ----------
    log_p : ndarray, shape (n_obs, n_types)
        Log probabilities under the reference's shares.
    prior : ndarray, shape (n_types,)
        Shares in the reference, all above 0.

    Returns
    -------
    ndarray, shape (n_obs, n_types), float64
        Log probabilities under the tissue's shares.
    """
    shares = np.asarray(prior, dtype=np.float64)
    for _ in range(PRIOR_ROUNDS):
        shares = np.exp(log_softmax(log_p + np.log(shares / prior), axis=1)).mean(axis=0)
        shares = np.maximum(shares, 1e-9)
    return np.asarray(log_softmax(log_p + np.log(shares / prior), axis=1))
