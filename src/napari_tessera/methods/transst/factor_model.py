"""Step 1: a factor model of labelled spots (:cite:`liu2025transst`, section on the source).

``x_i = W v_i + e_i`` with ``e_i ~ N(0, diag(lambda))`` and ``v_i | z_i = k ~ N(mu_k, Sigma_k)``,
the class z_i known. By expectation-maximisation; the log likelihood never falls. No p x p matrix is
formed. Departures: the noise starts at the residual variance instead of at random, and covariances
are never inverted, so a class of one spot does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_NOISE = 1e-6
"""Least noise variance of a gene, over the mean variance of the genes."""


@dataclass(frozen=True, kw_only=True)
class FactorModel:
    """Parameters; q factors, p genes, L classes.

    Parameters
    ----------
    loading : torch.Tensor, shape (p, q)
        W.
    noise : torch.Tensor, shape (p,)
        lambda, variances.
    mean : torch.Tensor, shape (L, q)
        mu.
    covariance : torch.Tensor, shape (L, q, q)
        Sigma.
    """

    loading: torch.Tensor
    noise: torch.Tensor
    mean: torch.Tensor
    covariance: torch.Tensor


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """What the E step gives.

    Parameters
    ----------
    mean : torch.Tensor, shape (n, q)
        Expected factors of every spot given its class.
    covariance : torch.Tensor, shape (L, q, q)
        Their covariance, the same for all spots of a class.
    log_likelihood : float
        Marginal, of all spots.
    """

    mean: torch.Tensor
    covariance: torch.Tensor
    log_likelihood: float


def fit_factor_model(
    x: torch.Tensor, classes: torch.Tensor, n_factors: int, stop: tuple[float, int]
) -> tuple[FactorModel, list[float]]:
    """Fit to labelled spots.

    Parameters
    ----------
    x : torch.Tensor, shape (n, p)
        Centred expression.
    classes : torch.Tensor, shape (n,), int64
        Known class of every spot, 0 to L - 1, none empty.
    n_factors : int
        q.
    stop : tuple of float and int
        Relative gain of the log likelihood below which to stop, and most iterations.

    Returns
    -------
    model : FactorModel
    log_likelihoods : list of float
        At the start of every iteration; never falls.
    """
    model = starting_model(x, classes, n_factors)
    trace: list[float] = []
    for _ in range(stop[1]):
        posterior = expect(x, classes, model)
        trace.append(posterior.log_likelihood)
        if len(trace) > 1 and trace[-1] - trace[-2] < stop[0] * abs(trace[-2]):
            break
        model = maximise(x, classes, posterior)
    return model, trace


def starting_model(x: torch.Tensor, classes: torch.Tensor, n_factors: int) -> FactorModel:
    """Principal components, class moments of their scores, residual variance."""
    u, d, vt = torch.linalg.svd(x, full_matrices=False)
    scores = u[:, :n_factors] * d[:n_factors]
    loading = vt[:n_factors].T
    mean, covariance = _moments(scores, classes)
    residual = ((x - scores @ loading.T) ** 2).mean(dim=0)
    floor = 1e-6 * covariance.diagonal(dim1=1, dim2=2).mean()
    return FactorModel(
        loading=loading,
        noise=_floored(residual, x),
        mean=mean,
        covariance=covariance + floor * torch.eye(loading.shape[1]).to(x),
    )


def expect(x: torch.Tensor, classes: torch.Tensor, model: FactorModel) -> Posterior:
    """E step, and the marginal log likelihood by Woodbury's identity.

    With ``A = W' D^-1 W`` and ``D = diag(lambda)``: the posterior covariance of class k is
    ``C_k = (I + Sigma_k A)^-1 Sigma_k``, the posterior mean
    ``mu_k + C_k W' D^-1 (x_i - W mu_k)``.
    """
    w, noise = model.loading, model.noise
    scaled = w / noise[:, None]
    inner = w.T @ scaled
    eye = torch.eye(w.shape[1]).to(x)
    mixed = eye + model.covariance @ inner
    posterior = torch.linalg.solve(mixed, model.covariance)
    offset = x - (model.mean @ w.T)[classes]
    pulled = offset @ scaled
    step = torch.einsum("nab,nb->na", posterior[classes], pulled)
    squared = (offset**2 / noise).sum(dim=1) - (pulled * step).sum(dim=1)
    log_det = torch.linalg.slogdet(mixed).logabsdet + noise.log().sum()
    constant = x.shape[1] * float(np.log(2 * np.pi))
    log_likelihood = -0.5 * (squared + log_det[classes] + constant).sum()
    return Posterior(
        mean=model.mean[classes] + step,
        covariance=(posterior + posterior.transpose(1, 2)) / 2,
        log_likelihood=float(log_likelihood),
    )


def maximise(x: torch.Tensor, classes: torch.Tensor, posterior: Posterior) -> FactorModel:
    """M step: class moments, loading, noise."""
    size = torch.bincount(classes, minlength=len(posterior.covariance)).to(x)
    mean, covariance = _moments(posterior.mean, classes)
    spread = (size[:, None, None] * posterior.covariance).sum(dim=0)
    second = posterior.mean.T @ posterior.mean + spread
    loading = torch.linalg.solve(second, posterior.mean.T @ x).T
    residual = ((x - posterior.mean @ loading.T) ** 2).sum(dim=0)
    residual = residual + ((loading @ spread) * loading).sum(dim=1)
    return FactorModel(
        loading=loading,
        noise=_floored(residual / len(x), x),
        mean=mean,
        covariance=covariance + posterior.covariance,
    )


def class_codes(labels: Sequence[str], device: torch.device) -> tuple[list[str], torch.Tensor]:
    """Names of the classes, sorted, and the class of every spot."""
    names, codes = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
    return names.tolist(), torch.from_numpy(codes.astype(np.int64)).to(device)


def _moments(scores: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and population covariance of every class."""
    hard = torch.nn.functional.one_hot(classes).to(scores)
    size = hard.sum(dim=0).clamp_min(1.0)
    mean = hard.T @ scores / size[:, None]
    offset = scores - mean[classes]
    squares = [(hard[:, k, None] * offset).T @ offset / size[k] for k in range(hard.shape[1])]
    return mean, torch.stack(squares)


def _floored(noise: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Keep a constant gene from having no noise at all."""
    return noise.clamp_min(float(SMALLEST_NOISE * (x**2).mean()))
