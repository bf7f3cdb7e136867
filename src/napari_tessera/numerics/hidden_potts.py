"""Hidden Potts field over spots: Gaussian classes, and neighbours that like to agree.

``P(z) ~ exp(-(beta / 2) * number of unlike neighbour pairs)``, every pair counted once, so beta is
twice that of a Potts model written over like pairs. Two ways to the labels: mean field (a
probability for every spot) and iterated conditional modes (:cite:`besag1986`: labels; the energy
never rises). Both take the spots in the turns of a graph colouring: no two of one turn are
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from napari_tessera.numerics.gaussian_mixture import RIDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

LARGEST_BETA = 4.0
"""End of the range in which the smoothness is estimated."""

SWEEPS, CHANGE = 30, 1e-3
"""Most sweeps of one field, and the largest change of a probability at which they end."""

MANY, STILL = 20_000, CHANGE / 10
"""Rows of probabilities beyond which only those are computed again whose neighbours changed by more
than the second in the sweep before; the smoothness is then estimated on about that many spots."""

HALVINGS = 14
"""Steps of the bisection that finds the smoothness."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The graph in the form in which spots ask their neighbours.

    Parameters
    ----------
    neighbours : torch.Tensor, shape (n_spots, most neighbours), int64
        Neighbours; n_spots where there is none.
    turns : tuple of torch.Tensor, int64
        Spots of every colour.
    """

    neighbours: torch.Tensor
    turns: tuple[torch.Tensor, ...]

    @classmethod
    def of(cls, graph: sparse.csr_matrix, device: torch.device) -> Field:
        """Take a symmetric 0/1 graph."""
        n_spots, degree = int(graph.shape[0]), np.diff(graph.indptr)
        table = np.full((n_spots, max(1, int(degree.max(initial=0)))), n_spots, dtype=np.int64)
        row = np.repeat(np.arange(n_spots), degree)
        table[row, np.arange(row.size) - np.repeat(graph.indptr[:-1], degree)] = graph.indices
        colour = colour_graph(graph)
        turns = [np.flatnonzero(colour == c) for c in range(int(colour.max(initial=0)) + 1)]
        return cls(
            neighbours=torch.from_numpy(table).to(device),
            turns=tuple(torch.from_numpy(t).to(device) for t in turns),
        )

    def support(self, soft: torch.Tensor, rows: torch.Tensor | None = None) -> torch.Tensor:
        """Sum the neighbours' labels, shape (n_rows, ..., n_classes)."""
        table = self.neighbours if rows is None else self.neighbours[rows]
        return _summed(table, _with_nobody(soft))

    def near(self, moved: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Spots of every colour with a neighbour that moved; the last of `moved` is nobody."""
        stirred = moved[self.neighbours].any(dim=1)
        turns = [turn[stirred[turn]] for turn in self.turns]
        return tuple(turn for turn in turns if len(turn))


def _with_nobody(soft: torch.Tensor) -> torch.Tensor:
    """Append the row of a neighbour that is not there."""
    return torch.cat([soft, torch.zeros_like(soft[:1])])


def _summed(table: torch.Tensor, padded: torch.Tensor) -> torch.Tensor:
    """Sum the rows that the table names."""
    rows = padded.flatten(start_dim=1)
    return functional.embedding_bag(table, rows, mode="sum").view(-1, *padded.shape[1:])


def colour_graph(graph: sparse.csr_matrix) -> NDArray[np.int64]:
    """Give every spot the smallest colour that no neighbour has, in the order of the rows."""
    colour = np.full(int(graph.shape[0]), -1, dtype=np.int64)
    pointers, columns = graph.indptr.tolist(), graph.indices.tolist()
    known = colour.tolist()
    for spot in range(len(known)):
        taken = {known[j] for j in columns[pointers[spot] : pointers[spot + 1]]}
        known[spot] = next(c for c in range(len(taken) + 1) if c not in taken)
    return np.asarray(known, dtype=np.int64)


def mean_field(
    energy: torch.Tensor, field: Field, beta: float | torch.Tensor, start: torch.Tensor
) -> torch.Tensor:
    """Marginals of the field in the mean-field approximation.

    Parameters
    ----------
    energy : torch.Tensor, shape (n_spots, ..., n_classes)
        Data energy: minus the log density of every class, up to a constant per spot. Several
        fields over the same graph stand between spots and classes.
    field : Field
        Neighbours.
    beta : float or torch.Tensor that fits between spots and classes
        Smoothness.
    start : torch.Tensor, shape (n_spots, ..., n_classes)
        Probabilities to start from.

    Returns
    -------
    torch.Tensor, shape (n_spots, ..., n_classes)
        They sum to 1 over the classes.
    """
    padded = _with_nobody(start)
    turns, many = field.turns, start[..., 0].numel() > MANY
    for _ in range(SWEEPS):
        change, moved = 0.0, torch.zeros(len(padded), dtype=torch.bool, device=padded.device)
        for turn in turns:
            logits = 0.5 * beta * _summed(field.neighbours[turn], padded) - energy[turn]
            new = logits.softmax(dim=-1)
            step = (new - padded[turn]).abs().flatten(start_dim=1).amax(dim=1)
            padded[turn] = new
            moved[turn] = step > STILL
            change = max(change, float(step.max()))
        if change < CHANGE:
            break
        turns = field.near(moved) if many else turns
    return padded[:-1]


def conditional_modes(
    energy: torch.Tensor, field: Field, beta: float, start: torch.Tensor
) -> tuple[torch.Tensor, list[float]]:
    """Labels by iterated conditional modes, and the energy after every sweep.

    Parameters
    ----------
    energy : torch.Tensor, shape (n_spots, n_classes)
        Data energy.
    field : Field
        Neighbours.
    beta : float
        Smoothness.
    start : torch.Tensor, shape (n_spots,), int64
        Labels to start from.

    Returns
    -------
    labels : torch.Tensor, shape (n_spots,), int64
    energies : list of float
        `potts_energy` before the first and after every sweep; it never rises.
    """
    n_classes = energy.shape[1]
    labels = start.clone()
    energies = [potts_energy(energy, field, beta, labels)]
    for _ in range(SWEEPS):
        before = labels.clone()
        for turn in field.turns:
            hard = torch.nn.functional.one_hot(labels, n_classes).to(energy)
            cost = energy[turn] - 0.5 * beta * field.support(hard, turn)
            labels[turn] = cost.argmin(dim=1)
        energies.append(potts_energy(energy, field, beta, labels))
        if bool((labels == before).all()):
            break
    return labels, energies


def potts_energy(energy: torch.Tensor, field: Field, beta: float, labels: torch.Tensor) -> float:
    """Total energy: data, and beta / 2 for every unlike pair."""
    own = energy.gather(1, labels[:, None]).sum()
    seen = torch.cat([labels, labels.new_full((1,), -1)])[field.neighbours]
    unlike = ((seen != labels[:, None]) & (seen >= 0)).sum() / 2
    return float(own + 0.5 * beta * unlike)


def estimate_beta(soft: torch.Tensor, support: torch.Tensor, most: float = LARGEST_BETA) -> float:
    """Smoothness with the largest expected pseudo-likelihood, which is concave: by bisection.

    Parameters
    ----------
    soft : torch.Tensor, shape (n_spots, n_classes)
        Probabilities, or labels as 0 and 1.
    support : torch.Tensor, shape (n_spots, n_classes)
        Half the sum of the neighbours' labels, hard or soft.
    most : float
        End of the range.
    """
    step = -(-len(soft) // MANY)
    soft, support = soft[::step], support[::step]
    seen = (soft * support).sum()

    def slope(beta: float) -> float:
        expected = ((beta * support).softmax(dim=1) * support).sum()
        return float(seen - expected)

    low, high = 0.0, most
    if slope(high) > 0:
        return high
    if slope(low) <= 0:
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Gaussian classes with a covariance each.

    Parameters
    ----------
    mean : torch.Tensor, shape (n_classes, n_factors)
        Class means.
    covariance : torch.Tensor, shape (n_classes, n_factors, n_factors)
        Class covariances.
    """

    mean: torch.Tensor
    covariance: torch.Tensor

    def energy(self, scores: torch.Tensor) -> torch.Tensor:
        """Half log determinant plus half Mahalanobis distance, shape (n_spots, n_classes)."""
        factor = torch.linalg.cholesky(self.covariance)
        offset = scores.T[None] - self.mean[:, :, None]
        white = torch.linalg.solve_triangular(factor, offset, upper=False)
        log_det = factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
        energy: torch.Tensor = (log_det[:, None] + 0.5 * (white**2).sum(dim=1)).T
        return energy


def class_moments(scores: torch.Tensor, soft: torch.Tensor, prior_spots: float) -> Classes:
    """Weighted moments; covariances are drawn to the pooled one as by `prior_spots` more spots.

    Parameters
    ----------
    scores : torch.Tensor, shape (n_spots, n_factors)
        Scores.
    soft : torch.Tensor, shape (n_spots, n_classes)
        Weights.
    prior_spots : float
        Strength of the pooled covariance; infinity shares it.
    """
    size = soft.sum(dim=0).clamp_min(1e-6)
    mean = soft.T @ scores / size[:, None]
    scatter = torch.stack(
        [(soft[:, k, None] * (scores - m)).T @ (scores - m) for k, m in enumerate(mean)]
    )
    pooled = scatter.sum(dim=0) / size.sum()
    if np.isinf(prior_spots):
        covariance = pooled.expand_as(scatter)
    else:
        total = (size + prior_spots)[:, None, None]
        covariance = (scatter + prior_spots * pooled) / total
    floor = RIDGE * pooled.diagonal().mean().clamp_min(1e-12)
    return Classes(mean=mean, covariance=covariance + floor * torch.eye(len(pooled)).to(pooled))
