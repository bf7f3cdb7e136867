"""Gaussian mixture whose components share one full covariance, several starts at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIDGE = 1e-6
"""Share of the mean variance that is added to every covariance."""

MOST_FITTED = 20_000
"""Spots that the classes are fitted to, drawn where there are more; all spots are then judged."""

MOST_STEPS, TOLERANCE = 200, 1e-6
"""Most steps of expectation-maximisation, and the relative gain below which they end."""


@dataclass(frozen=True, kw_only=True)
class SharedMixture:
    """A fitted mixture.

    Parameters
    ----------
    mean : torch.Tensor, shape (n_classes, n_factors)
        Class means.
    covariance : torch.Tensor, shape (n_factors, n_factors)
        Of all classes.
    share : torch.Tensor, shape (n_classes,)
        Class weights; they sum to 1.
    responsibility : torch.Tensor, shape (n_spots, n_classes)
        Posterior of the classes.
    log_likelihood : float
        Of all spots, in nats.
    """

    mean: torch.Tensor
    covariance: torch.Tensor
    share: torch.Tensor
    responsibility: torch.Tensor
    log_likelihood: float


def fit_shared_mixture(
    scores: torch.Tensor, n_classes: int, n_starts: int, rng: np.random.Generator
) -> SharedMixture:
    """Fit by expectation-maximisation; of all starts the one with the largest likelihood.

    Of more spots than `MOST_FITTED` that many are drawn for the fit, and all get their posterior.
    Half of the starts come from k-means on the scores, half from k-means on scores of variance one.

    Parameters
    ----------
    scores : torch.Tensor, shape (n_spots, n_factors), floating
        Observations.
    n_classes : int
        Components, at most n_spots.
    n_starts : int
        Starts.
    rng : numpy.random.Generator
        Draws the starts.
    """
    x = scores - scores.mean(dim=0)
    size = x.std().clamp_min(1e-12)
    x = x / size
    some = x
    if len(x) > MOST_FITTED:
        some = x[torch.from_numpy(np.sort(rng.permutation(len(x))[:MOST_FITTED])).to(x.device)]
    starts = [_start(some, n_classes, whiten=i % 2 == 1, rng=rng) for i in range(n_starts)]
    mean, covariance, share = _climb(some, torch.stack(starts))
    log_joint = _log_joint(x, mean[None], covariance[None], share[None])[0]
    total = log_joint.logsumexp(dim=1)
    return SharedMixture(
        mean=mean * size + scores.mean(dim=0),
        covariance=covariance * size**2,
        share=share,
        responsibility=(log_joint - total[:, None]).exp(),
        log_likelihood=float(total.sum() - x.numel() * size.log()),
    )


def mixture_shares(
    scores: NDArray[np.floating], n_classes: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Posterior of the classes of a mixture from four starts, the largest class first.

    Parameters
    ----------
    scores : ndarray, shape (n_spots, n_factors)
        Observations.
    n_classes : int
        Components, at most n_spots.
    rng : numpy.random.Generator
        Draws the starts.

    Returns
    -------
    ndarray, shape (n_spots, n_classes), float32
    """
    found = fit_shared_mixture(torch.from_numpy(scores.astype(np.float64)), n_classes, 4, rng)
    order = torch.argsort(found.responsibility.sum(dim=0), descending=True)
    return np.asarray(found.responsibility[:, order].numpy(), dtype=np.float32)


def _climb(
    x: torch.Tensor, log_resp: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Climb from every start; mean, covariance and shares of the likeliest."""
    before = torch.full((len(log_resp),), -torch.inf, device=x.device, dtype=x.dtype)
    for _ in range(MOST_STEPS):
        parts = _maximise(x, log_resp)
        log_joint = _log_joint(x, *parts)
        total = log_joint.logsumexp(dim=2)
        log_resp = log_joint - total[:, :, None]
        likelihood = total.sum(dim=1)
        if bool((likelihood - before <= TOLERANCE * likelihood.abs()).all()):
            break
        before = likelihood
    best = int(likelihood.argmax())
    return parts[0][best], parts[1][best], parts[2][best]


def kmeans_labels(
    scores: NDArray[np.floating], n_classes: int, n_starts: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Labels by k-means, shape (n_spots,); scikit-learn's."""
    from sklearn.cluster import KMeans

    seed = int(rng.integers(2**31 - 1))
    model = KMeans(n_clusters=n_classes, n_init=n_starts, random_state=seed)
    return np.asarray(model.fit_predict(scores), dtype=np.int64)


def _start(
    x: torch.Tensor, n_classes: int, *, whiten: bool, rng: np.random.Generator
) -> torch.Tensor:
    """Log responsibilities of one k-means partition, a little softened."""
    seen = x / x.std(dim=0).clamp_min(1e-12) if whiten else x
    labels = kmeans_labels(seen.cpu().numpy(), n_classes, 1, rng)
    hard = torch.nn.functional.one_hot(torch.from_numpy(labels), n_classes)
    soft = 0.99 * hard + 0.01 / n_classes
    return soft.log().to(x)


def _maximise(
    x: torch.Tensor, log_resp: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Means (s, k, q), shared covariances (s, q, q) and shares (s, k) of every start."""
    resp = log_resp.exp()
    size = resp.sum(dim=1).clamp_min(1e-8)
    mean = resp.transpose(1, 2) @ x / size[:, :, None]
    within = x.T @ x - (mean * size[:, :, None]).transpose(1, 2) @ mean
    return mean, _ridged(within / len(x)), size / size.sum(dim=1, keepdim=True)


def _log_joint(
    x: torch.Tensor, mean: torch.Tensor, covariance: torch.Tensor, share: torch.Tensor
) -> torch.Tensor:
    """Log density of every spot and class, shape (s, n, k)."""
    factor = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(factor, x.T.expand(len(factor), -1, -1), upper=False)
    centre = torch.linalg.solve_triangular(factor, mean.transpose(1, 2), upper=False)
    squared = (white**2).sum(dim=1)[:, :, None] + (centre**2).sum(dim=1)[:, None, :]
    squared = squared - 2 * white.transpose(1, 2) @ centre
    log_det = 2 * factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    constant = x.shape[1] * float(np.log(2 * np.pi)) + log_det[:, None, None]
    joint: torch.Tensor = share.log()[:, None, :] - 0.5 * (squared + constant)
    return joint


def _ridged(covariance: torch.Tensor) -> torch.Tensor:
    """Add a small share of the mean variance to the diagonal."""
    n_factors = covariance.shape[-1]
    mean = covariance.diagonal(dim1=-2, dim2=-1).mean(dim=-1).clamp_min(1e-12)
    return covariance + RIDGE * mean[..., None, None] * torch.eye(n_factors).to(covariance)
