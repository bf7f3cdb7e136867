"""Step 2: the source's loading adapted to the section (:cite:`liu2025transst`).

Minimised is ``|X - v W'|^2 + lambda |W - W0|^2`` in turn over v and W, from ``W = W0``. The
released program tries lambda from 0 to 0.2, which is nothing beside ``v'v``; here W0 is orthonormal
and lambda is rho times the mean eigenvalue of ``v'v`` at W0, so that rho 1 is a real pull. Rho is
chosen by five fixed folds of spots, the largest within one standard error of the best.
"""

from __future__ import annotations

import torch

STRENGTHS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, float("inf"))
"""Pulls that are tried, in mean eigenvalues of the data."""

ROUNDS, CHANGE = 49, 1e-3
"""Most rounds, and the relative change of the error at which they end."""

N_FOLDS = 5
"""Folds of spots."""


def orthonormal(loading: torch.Tensor) -> torch.Tensor:
    """Orthonormal basis of the space of a loading, its columns those of the polar factor."""
    u, _, vt = torch.linalg.svd(loading, full_matrices=False)
    basis: torch.Tensor = u @ vt
    return basis


def eigenvalue_unit(x: torch.Tensor, start: torch.Tensor) -> float:
    """Mean eigenvalue of ``v'v`` at ``v = X W0``: what strength 1 means."""
    return float(((x @ start) ** 2).sum() / start.shape[1])


def project(x: torch.Tensor, loading: torch.Tensor) -> torch.Tensor:
    """Least-squares scores ``X W (W'W)^-1``, shape (n_spots, n_factors)."""
    scores: torch.Tensor = torch.linalg.solve(loading.T @ loading, (x @ loading).T).T
    return scores


def adapt(
    x: torch.Tensor, start: torch.Tensor, penalty: float, change: float = CHANGE
) -> torch.Tensor:
    """Adapt a loading.

    Parameters
    ----------
    x : torch.Tensor, shape (n_spots, n_genes)
        Centred expression.
    start : torch.Tensor, shape (n_genes, n_factors)
        W0, orthonormal.
    penalty : float
        lambda, >= 0; infinity keeps W0.
    change : float
        Relative change of the reconstruction error at which to stop.

    Returns
    -------
    torch.Tensor, shape (n_genes, n_factors)
        W.
    """
    loading = start
    if penalty == float("inf"):
        return loading
    eye = torch.eye(start.shape[1]).to(x)
    before = float("inf")
    for _ in range(ROUNDS if change >= CHANGE else 100 * ROUNDS):
        scores = project(x, loading)
        error = float(((x - scores @ loading.T) ** 2).sum())
        if before - error < change * before and before < float("inf"):
            break
        before = error
        pulled = x.T @ scores + penalty * start
        loading = torch.linalg.solve(scores.T @ scores + penalty * eye, pulled.T).T
    return loading


def choose_strength(
    x: torch.Tensor, start: torch.Tensor, generator: torch.Generator
) -> tuple[float, dict[float, float]]:
    """Strength by cross-fitting: the largest whose error is within one standard error of the best.

    Parameters
    ----------
    x : torch.Tensor, shape (n_spots, n_genes)
        Centred expression.
    start : torch.Tensor, shape (n_genes, n_factors)
        W0, orthonormal.
    generator : torch.Generator
        Draws the folds, once for all strengths.

    Returns
    -------
    strength : float
        In mean eigenvalues.
    errors : dict of float to float
        Mean squared error of held-out spots by strength.
    """
    fold = torch.randperm(len(x), generator=generator).to(x.device) % N_FOLDS
    errors: dict[float, torch.Tensor] = {}
    for strength in STRENGTHS:
        found = []
        for f in range(N_FOLDS):
            train, test = x[fold != f], x[fold == f]
            w = adapt(train, start, penalty_of(strength, train, start))
            found.append(((test - project(test, w) @ w.T) ** 2).mean())
        errors[strength] = torch.stack(found)
    best = min(STRENGTHS, key=lambda s: float(errors[s].mean()))
    apart = {s: errors[s] - errors[best] for s in STRENGTHS}
    near = [
        s
        for s in STRENGTHS
        if float(apart[s].mean()) <= float(apart[s].std() / N_FOLDS**0.5) + 1e-12
    ]
    return max(near), {s: float(e.mean()) for s, e in errors.items()}


def penalty_of(strength: float, x: torch.Tensor, start: torch.Tensor) -> float:
    """Turn a strength into lambda."""
    return strength if strength == float("inf") else strength * eigenvalue_unit(x, start)
