"""Step 3: Gaussian classes on the scores under a hidden Potts field (:cite:`yang2022scmeb`).

Expectation-maximisation with labels by iterated conditional modes. Departures from the released
program: neighbours are symmetric and take turns, so the energy never rises; the smoothness that is
estimated is used; small classes borrow the pooled covariance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture
from napari_tessera.numerics.hidden_potts import (
    Field,
    class_moments,
    conditional_modes,
    estimate_beta,
)

if TYPE_CHECKING:
    import numpy as np

ROUNDS, N_STARTS = 100, 5
"""Most rounds of expectation-maximisation, and starts, of which the likeliest is kept."""

STOP = 1e-5
"""Relative change of the pseudo log likelihood at which to stop."""


@dataclass(frozen=True, kw_only=True)
class FieldFit:
    """What step 3 gives.

    Parameters
    ----------
    labels : torch.Tensor, shape (n_spots,), int64
        Domains.
    probability : torch.Tensor, shape (n_spots, n_domains)
        Responsibilities at the final labels; rows sum to 1.
    energy : torch.Tensor, shape (n_spots, n_domains)
        Data energy.
    beta : float
        Smoothness.
    log_likelihood : float
        Pseudo log likelihood, up to a constant.
    energies : list of list of float
        Total energy after every sweep, by round; never rises within a round.
    """

    labels: torch.Tensor
    probability: torch.Tensor
    energy: torch.Tensor
    beta: float
    log_likelihood: float = 0.0
    energies: list[list[float]] = field(default_factory=list)


def fit_hidden_field(
    scores: torch.Tensor,
    neighbours: Field,
    n_domains: int,
    beta: float | None,
    rng: np.random.Generator,
) -> FieldFit:
    """Classes, labels and smoothness in turn.

    Parameters
    ----------
    scores : torch.Tensor, shape (n_spots, n_factors)
        Factors, orthonormal loading.
    neighbours : Field
        Neighbours.
    n_domains : int
        Number of domains.
    beta : float or None
        Smoothness; None estimates it.
    rng : numpy.random.Generator
        Draws the starts.
    """
    fits = [_from_one_start(scores, neighbours, n_domains, beta, rng) for _ in range(N_STARTS)]
    return max(fits, key=lambda fit: fit.log_likelihood)


def _from_one_start(
    scores: torch.Tensor,
    neighbours: Field,
    n_domains: int,
    beta: float | None,
    rng: np.random.Generator,
) -> FieldFit:
    """Begin with one mixture; see `fit_hidden_field`."""
    start = fit_shared_mixture(scores, n_domains, 2, rng)
    soft, labels = start.responsibility, start.responsibility.argmax(dim=1)
    found, likelihood = 1.0 if beta is None else beta, -torch.inf
    energy, trace = soft, []
    for _ in range(ROUNDS):
        energy = class_moments(scores, soft, _prior(soft, scores)).energy(scores)
        labels, energies = conditional_modes(energy, neighbours, found, labels)
        trace.append(energies)
        hard = torch.nn.functional.one_hot(labels, n_domains).to(scores)
        support = 0.5 * neighbours.support(hard)
        joint = (found * support).log_softmax(dim=1) - energy
        total = joint.logsumexp(dim=1, keepdim=True)
        soft, before, likelihood = (joint - total).exp(), likelihood, float(total.sum())
        if abs(likelihood - before) < STOP * abs(likelihood):
            break
        found = estimate_beta(soft, support) if beta is None else beta
    return FieldFit(
        labels=labels,
        probability=soft,
        energy=energy,
        beta=found,
        log_likelihood=likelihood,
        energies=trace,
    )


def _prior(soft: torch.Tensor, scores: torch.Tensor) -> float:
    """Spots that the pooled covariance counts as: twice the factors where a class is that small."""
    least = 2.0 * scores.shape[1]
    return least if float(soft.sum(dim=0).min()) < least else 0.0
