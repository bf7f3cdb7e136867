"""Partitions of a section in several views and at several widths, and their consensus.

A member is one view smoothed at one width: a mixture with one shared covariance, by
expectation-maximisation (:cite:`dempster1977maximum`), then a hidden Potts field whose classes have
covariances of their own, drawn to the shared one. The members are named after the one in the
middle, and their probabilities are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture
from napari_tessera.numerics.hidden_potts import class_moments, estimate_beta, mean_field
from napari_tessera.numerics.partitions import match_columns, medoid, pairwise_agreement
from napari_tessera.numerics.section_views import SPATIAL, VARIABLE
from napari_tessera.numerics.smoothing import smooth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.numerics.hidden_potts import Field

RELATIVE_WIDTHS = (0.7, 1.0, 1.33)
"""Widths of the members, over the chosen one."""

N_STARTS = 4
"""Starts of a mixture."""

PRIOR_SHARE = 0.2
"""Spots that the shared covariance counts as, over all spots, where scores are smoothed: each is
then counted in all around it, and a class has fewer scores of its own than it has spots."""

MOST_ROUNDS, SETTLED = 30, 1e-4
"""Rounds of classes and field, and the mean change of a probability at which they end."""

LARGEST_ENERGY = 60.0
"""Data energies above the smallest of a spot are cut here: they decide nothing any more."""


@dataclass(frozen=True, kw_only=True)
class FieldLaw:
    """What the domains of one member are smoothed by.

    Parameters
    ----------
    field : Field
        Neighbours.
    beta : float or None
        Smoothness; None estimates it.
    smoothed : bool
        Whether the scores were smoothed before.
    """

    field: Field
    beta: float | None
    smoothed: bool

    def prior_spots(self, scores: torch.Tensor) -> float:
        """Spots that the shared covariance counts as: where none is smoothed, as few as will do."""
        n_spots, n_factors = scores.shape
        return PRIOR_SHARE * n_spots if self.smoothed else n_factors + 1.0


@dataclass(frozen=True, kw_only=True)
class Member:
    """One partition.

    Parameters
    ----------
    probability : ndarray, shape (n_spots, n_domains), float32
        Marginals of the field.
    energy : ndarray, shape (n_spots, n_domains), float32
        Data energy over the smallest of the spot.
    scores : ndarray, shape (n_spots, n_factors), float32
        Smoothed scores.
    beta : float
        Smoothness of the field.
    log_likelihood : float
        Of the mixture.
    """

    probability: NDArray[np.float32]
    energy: NDArray[np.float32]
    scores: NDArray[np.float32]
    beta: float
    log_likelihood: float

    def renamed(self, order: NDArray[np.int64]) -> Member:
        """Bring the domains into another order."""
        return Member(
            probability=self.probability[:, order],
            energy=self.energy[:, order],
            scores=self.scores,
            beta=self.beta,
            log_likelihood=self.log_likelihood,
        )


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """Members named alike.

    Parameters
    ----------
    members : tuple of Member
        All of them, domains in the same order.
    middle : int
        The member that agrees best with the others.
    stability : float
        Mean adjusted Rand index of all pairs.
    """

    members: tuple[Member, ...]
    middle: int
    stability: float

    @property
    def probability(self) -> NDArray[np.float32]:
        """Mean probability of all members, shape (n_spots, n_domains)."""
        mean = np.mean([m.probability for m in self.members], axis=0, dtype=np.float64)
        return np.asarray(mean / mean.sum(axis=1, keepdims=True), dtype=np.float32)

    @property
    def beta(self) -> float:
        """Middle smoothness of the members."""
        return float(np.median([m.beta for m in self.members]))


def smoothed_views(
    views: Mapping[str, NDArray[np.float32]],
    inputs: SectionData,
    width: float,
    relative: Sequence[float] = RELATIVE_WIDTHS,
) -> list[NDArray[np.float32]]:
    """Smooth every view at every width; a view that repeats another is left out.

    Parameters
    ----------
    views : mapping of str to ndarray, shape (n_spots, n_factors)
        Scores.
    inputs : SectionData
        Places of the spots.
    width : float
        Chosen width, in the unit of the coordinates.
    relative : sequence of float
        Widths over the chosen one.
    """
    kept = distinct_views(views)
    if width == 0:
        return list(kept.values())
    ends = np.cumsum([s.shape[1] for s in kept.values()])[:-1]
    stacked = np.concatenate(list(kept.values()), axis=1)
    return [
        part
        for factor in relative
        for part in np.split(
            smooth(stacked, inputs.spot_xy, factor * width, inputs.sample), ends, axis=1
        )
    ]


def distinct_views(
    views: Mapping[str, NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Leave out what another view shows already: in a small panel both rankings take all genes."""
    kept = dict(views)
    first, second = kept.get(SPATIAL), kept.get(VARIABLE)
    if first is not None and second is not None and np.allclose(first, second, atol=1e-3):
        del kept[VARIABLE]
    return kept


def fit_member(
    scores: NDArray[np.float32],
    law: FieldLaw,
    n_domains: int,
    rng: np.random.Generator,
) -> Member:
    """Find domains on one set of scores.

    Parameters
    ----------
    scores : ndarray, shape (n_spots, n_factors), float32
        Scores, smoothed or not.
    law : FieldLaw
        Neighbours and smoothness.
    n_domains : int
        Number of domains.
    rng : numpy.random.Generator
        Draws the starts.
    """
    device = law.field.neighbours.device
    x = torch.from_numpy(scores).to(device=device, dtype=working_type(device))
    mixture = fit_shared_mixture(x, n_domains, N_STARTS, rng)
    soft, energy, found = settle(x, law, mixture.responsibility)
    least = energy.min(dim=1, keepdim=True).values
    return Member(
        probability=soft.float().cpu().numpy(),
        energy=(energy - least).clamp_max(LARGEST_ENERGY).float().cpu().numpy(),
        scores=scores,
        beta=found,
        log_likelihood=mixture.log_likelihood,
    )


def settle(
    x: torch.Tensor, law: FieldLaw, soft: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Classes, smoothness and field in turn until the probabilities stay.

    Returns
    -------
    soft, energy : torch.Tensor, shape (n_spots, n_domains)
        Marginals and data energies.
    beta : float
        Smoothness.
    """
    found = 1.0 if law.beta is None else law.beta
    energy, prior = soft, law.prior_spots(x)
    for _ in range(MOST_ROUNDS):
        energy = class_moments(x, soft, prior).energy(x)
        new = mean_field(energy, law.field, found, soft)
        change = float((new - soft).abs().mean())
        soft = new
        if change < SETTLED:
            break
        if law.beta is None:
            found = estimate_beta(soft, 0.5 * law.field.support(soft))
    return soft, energy, found


def agree(members: Sequence[Member]) -> Consensus:
    """Name all members after the one in the middle."""
    agreement = pairwise_agreement([m.probability.argmax(axis=1) for m in members])
    middle, stability = medoid(agreement)
    wanted = members[middle].probability
    order = [match_columns(m.probability, wanted) for m in members]
    named = tuple(m.renamed(o) for m, o in zip(members, order, strict=True))
    return Consensus(members=named, middle=middle, stability=stability)


def by_size(consensus: Consensus) -> Consensus:
    """Put the domains in order, from the largest to the smallest."""
    size = consensus.probability.sum(axis=0, dtype=np.float64)
    order = np.argsort(-size, kind="stable").astype(np.int64)
    members = tuple(m.renamed(order) for m in consensus.members)
    return Consensus(members=members, middle=consensus.middle, stability=consensus.stability)


def working_type(device: torch.device) -> torch.dtype:
    """Double precision where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64
