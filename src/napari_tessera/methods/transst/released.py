"""What the authors' released program does, for comparison; read from its source, not run.

Its likelihood in step 1 is never computed, so the loop ends after about two updates from a random
start of the noise. Lambda is tried from 0 to 0.2 as it is, each with new halves, and cross-fitted
with scores of one half on the loading of the other: it moves nothing. The field smooths with beta 2
whatever is estimated, over five directed neighbours, all spots at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial import cKDTree

from napari_tessera.methods.transst.adapting import adapt, project
from napari_tessera.methods.transst.factor_model import (
    FactorModel,
    expect,
    maximise,
    starting_model,
)
from napari_tessera.methods.transst.hidden_field import STOP, FieldFit
from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture
from napari_tessera.numerics.hidden_potts import class_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData

UPDATES = 2
"""Updates of step 1 before the loop ends."""

GRID = tuple(i / 100 for i in range(21))
"""Values of lambda that are tried."""

BETA, NEAREST = 2.0, 5
"""Smoothness, in halves per unlike pair, and directed neighbours."""

SWEEPS, ROUNDS = 49, 100
"""Most sweeps of the field, and most rounds of classes and field."""


def released_loading(
    x: torch.Tensor, classes: torch.Tensor, n_factors: int, generator: torch.Generator
) -> torch.Tensor:
    """Principal components after two updates, shape (n_genes, n_factors)."""
    start = starting_model(x, classes, n_factors)
    noise = 0.5 + 1.5 * torch.rand(x.shape[1], generator=generator).to(x)
    model = FactorModel(
        loading=start.loading, noise=noise, mean=start.mean, covariance=start.covariance
    )
    for _ in range(UPDATES):
        model = maximise(x, classes, expect(x, classes, model))
    return model.loading


def released_strength(
    x: torch.Tensor, start: torch.Tensor, generator: torch.Generator, given: float | None
) -> float:
    """Lambda by two halves, new ones for every value; the given one where there is one."""
    if given is not None:
        return given
    errors = []
    for penalty in GRID:
        order = torch.randperm(len(x), generator=generator).to(x.device)
        halves = (x[order[::2]], x[order[1::2]])
        loadings = [adapt(half, start, penalty) for half in halves]
        errors.append(
            sum(
                float(((half - project(half, own) @ other.T) ** 2).sum())
                for half, own, other in zip(halves, loadings, loadings[::-1], strict=True)
            )
        )
    return GRID[int(np.argmin(errors))]


def released_field(
    scores: torch.Tensor, inputs: SectionData, n_domains: int, rng: np.random.Generator
) -> FieldFit:
    """Classes and labels in turn, all spots at once, smoothness fixed."""
    near = torch.from_numpy(directed_neighbours(inputs)).to(scores.device)
    start = fit_shared_mixture(scores, n_domains, 1, rng)
    soft, labels = start.responsibility, start.responsibility.argmax(dim=1)
    before, energy = -torch.inf, soft
    for _ in range(ROUNDS):
        energy = class_moments(scores, soft, 0.0).energy(scores)
        labels = _all_at_once(energy, near, labels)
        joint = -(energy + _unlike(labels, near, n_domains))
        total = joint.logsumexp(dim=1, keepdim=True)
        soft, likelihood = (joint - total).exp(), float(total.sum())
        if abs(likelihood - before) < STOP * abs(likelihood):
            break
        before = likelihood
    return FieldFit(labels=labels, probability=soft, energy=energy, beta=BETA)


def directed_neighbours(inputs: SectionData) -> NDArray[np.int64]:
    """Five nearest spots of the same section, not symmetrised, shape (n_spots, 5)."""
    names = np.zeros(inputs.n_spots, dtype=np.str_) if inputs.sample is None else inputs.sample
    near = np.zeros((inputs.n_spots, NEAREST), dtype=np.int64)
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        xy = inputs.spot_xy[rows]
        near[rows] = rows[np.asarray(cKDTree(xy).query(xy, k=NEAREST + 1)[1])[:, 1:]]
    return near


def _unlike(labels: torch.Tensor, near: torch.Tensor, n_domains: int) -> torch.Tensor:
    """Minus the log of the normalised pseudo-likelihood of every label."""
    alike = torch.nn.functional.one_hot(labels[near], n_domains).sum(dim=1).double()
    return -(0.5 * BETA * alike).log_softmax(dim=1)


def _all_at_once(energy: torch.Tensor, near: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Update all labels together until the energy does not fall any more."""
    before = torch.inf
    for _ in range(SWEEPS):
        cost = energy + _unlike(labels, near, energy.shape[1])
        new = cost.argmin(dim=1)
        total = float(cost.gather(1, new[:, None]).sum())
        if before - total < 1e-5:
            break
        before, labels = total, new
    return labels
