"""How many domains: how far partitions agree, below what an information criterion can tell apart.

For every number of domains two agreements are measured: between partitions of different views, and
between partitions from two halves of the genes, whose noise is independent. Their mean is the
stability. The modified Bayesian criterion (:cite:`yang2022scmeb`) of a hidden Potts model on scores
that were not smoothed says how many classes the data can tell apart at most; among three and that,
the most stable number is taken. Two is taken where the criterion says two: the first cut of a
tissue is nearly always stable, so its stability says little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.methods.transst.members import smoothed_views, working_type
from napari_tessera.methods.transst.seen import NUMBER_STREAM
from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture
from napari_tessera.numerics.hidden_potts import MANY, class_moments, estimate_beta, mean_field
from napari_tessera.numerics.partitions import adjusted_rand, pairwise_agreement
from napari_tessera.numerics.principal import principal_scores, subset_scores
from napari_tessera.numerics.section_views import SPATIAL, leading_genes
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.smoothing import smooth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.transst.options import TransstOptions
    from napari_tessera.methods.transst.seen import Seen

FEWEST, MOST = 2, 15
"""Numbers of domains that are tried."""

WIDTHS = (0.8, 1.2)
"""Widths of the partitions that are compared, over the chosen one."""

N_SPLITS = 4
"""Random halvings of the genes."""

N_STARTS = 4
"""Starts of every mixture."""

MOST_SPOTS = 2000
"""Spots on which partitions are compared, drawn where there are more."""

ROUNDS = 15
"""Rounds of classes and field for the criterion."""

NEAR = 0.05
"""Numbers whose stability is this close to the best are offered too."""


@dataclass(frozen=True, kw_only=True)
class NumberChoice:
    """Which number was taken, and what it rests on.

    Parameters
    ----------
    best : int
        Number of domains.
    offered : tuple of int
        All numbers that the data do not tell from the best, ascending.
    curve : mapping of int to float
        Modified Bayesian criterion, smaller is better.
    stability : mapping of int to float
        Mean agreement of partitions.
    """

    best: int
    offered: tuple[int, ...]
    curve: Mapping[int, float]
    stability: Mapping[int, float]

    def sentence(self) -> str:
        """Say to a person where the data do not decide; empty where they do."""
        others = [str(k) for k in self.offered if k != self.best]
        if not others:
            return ""
        return (
            f"The data do not decide on the number of domains: {self.best} was taken, "
            f"{' or '.join(others)} would be as stable."
        )


def choose_number(
    seen: Seen, options: TransstOptions, say: Callable[[int, int], bool]
) -> NumberChoice:
    """Choose the number of domains.

    Parameters
    ----------
    seen : Seen
        The section.
    options : TransstOptions
        Options.
    say : callable
        Is told which number is tried and how many are; answers whether to stop here.
    """
    rng = rng_for(options.seed, NUMBER_STREAM)
    n_spots = seen.inputs.n_spots
    rows = np.sort(rng.permutation(n_spots)[:MOST_SPOTS])
    views = smoothed_views(seen.members, seen.inputs, seen.width, WIDTHS)
    halves = _gene_halves(seen, options, rows, rng)
    curve: dict[int, float] = {}
    stability: dict[int, float] = {}
    for k in range(FEWEST, min(MOST, n_spots // 4) + 1):
        found = [_labels(seen, v[rows], k, rng) for v in views]
        split = [_labels(seen, h, k, rng) for h in halves]
        curve[k] = _criterion(seen, views[0], rows, found[0], k)
        stability[k] = (_between_views(found, len(views) // len(WIDTHS)) + _between(split)) / 2
        if say(k, MOST):
            break
    return decide(curve, stability)


def decide(curve: Mapping[int, float], stability: Mapping[int, float]) -> NumberChoice:
    """Take the most stable number among three and the one with the least criterion.

    Parameters
    ----------
    curve, stability : mapping of int to float
        By number of domains.
    """
    most = min(curve, key=lambda k: curve[k])
    allowed = [k for k in stability if 3 <= k <= most] or [most]
    best = max(allowed, key=lambda k: stability[k])
    near = tuple(k for k in sorted(allowed) if stability[k] >= stability[best] - NEAR)
    return NumberChoice(best=best, offered=near, curve=dict(curve), stability=dict(stability))


def _gene_halves(
    seen: Seen, options: TransstOptions, rows: NDArray[np.integer], rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Smoothed scores of some spots from random halves of the genes; a half follows its other."""
    genes = leading_genes(seen.log.moran, options.n_genes)
    orders = [rng.permutation(genes) for _ in range(N_SPLITS)]
    halves = [np.sort(order[start::2]) for order in orders for start in (0, 1)]
    at, sample = seen.inputs.spot_xy, seen.inputs.sample
    return [
        smooth(seen.log.in_order(scores), at, seen.width, sample, asked=rows)
        for scores in scores_of(seen, genes, halves, options.n_factors)
    ]


def scores_of(
    seen: Seen, genes: NDArray[np.int64], halves: Sequence[NDArray[np.int64]], n_factors: int
) -> Iterator[NDArray[np.float32]]:
    """Give scores from halves of the genes; all in one go where there are many spots.

    Parameters
    ----------
    seen : Seen
        The section.
    genes : ndarray of int64
        The genes that are halved.
    halves : sequence of ndarray of int64
        Genes of every half, ascending.
    n_factors : int
        Scores per spot.

    Yields
    ------
    ndarray, shape (n_spots, n_factors), float32
        Spots section by section.
    """
    if seen.inputs.n_spots > max(MANY, genes.size):
        parts = seen.log.standardised(genes, unit_variance=True)
        subsets = [np.searchsorted(genes, half) for half in halves]
        for scores in subset_scores(parts, subsets, n_factors, seen.device):
            yield scores.cpu().numpy()
        return
    for half in halves:
        parts = seen.log.standardised(half, unit_variance=True)
        yield principal_scores(parts, n_factors, seen.device)[0].cpu().numpy()


def _labels(
    seen: Seen, scores: NDArray[np.float32], n_domains: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Partition by the mixture alone."""
    x = torch.from_numpy(scores).to(device=seen.device, dtype=working_type(seen.device))
    found = fit_shared_mixture(x, n_domains, N_STARTS, rng)
    return np.asarray(found.responsibility.argmax(dim=1).cpu().numpy(), dtype=np.int64)


def _between_views(labels: Sequence[NDArray[np.int64]], n_views: int) -> float:
    """Mean agreement of partitions of different views; of different widths if there is one view."""
    agreement = pairwise_agreement(labels)
    view = np.arange(len(labels)) % n_views
    apart = view[:, None] != view[None] if n_views > 1 else ~np.eye(len(labels), dtype=bool)
    return float(agreement[apart].mean())


def _between(halves: Sequence[NDArray[np.int64]]) -> float:
    """Mean agreement of both halves of every split."""
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return float(np.mean([adjusted_rand(a, b) for a, b in pairs]))


def _criterion(
    seen: Seen,
    smoothed: NDArray[np.float32],
    rows: NDArray[np.integer],
    labels: NDArray[np.integer],
    n_domains: int,
) -> float:
    """Compute the criterion of a hidden Potts model whose classes share a covariance."""
    dtype = working_type(seen.device)
    near = torch.from_numpy(smoothed).to(device=seen.device, dtype=dtype)
    hard = torch.from_numpy(np.eye(n_domains)[labels]).to(near)
    start = (-class_moments(near[rows], hard, float("inf")).energy(near)).softmax(dim=1)
    x = torch.from_numpy(seen.views[SPATIAL]).to(near)
    log_likelihood = potts_likelihood(x, seen, start)
    n_spots, n_factors = x.shape
    freedom = 1 + n_domains * n_factors + n_factors * (n_factors + 1) / 2
    return float(
        -2 * log_likelihood + freedom * np.log(n_spots) * np.log(np.log(n_factors + n_spots))
    )


def potts_likelihood(x: torch.Tensor, seen: Seen, soft: torch.Tensor) -> float:
    """Pseudo log likelihood of a hidden Potts model, up to a constant of the scores.

    Parameters
    ----------
    x : torch.Tensor, shape (n_spots, n_factors)
        Scores that were not smoothed.
    seen : Seen
        The field.
    soft : torch.Tensor, shape (n_spots, n_domains)
        Probabilities to start from.
    """
    beta, energy = 1.0, soft
    for _ in range(ROUNDS):
        energy = class_moments(x, soft, float("inf")).energy(x)
        new = mean_field(energy, seen.field, beta, soft)
        change = float((new - soft).abs().mean())
        soft = new
        beta = estimate_beta(soft, 0.5 * seen.field.support(soft))
        if change < 1e-4:
            break
    support = (0.5 * beta * seen.field.support(soft)).log_softmax(dim=1)
    return float((support - energy).logsumexp(dim=1).sum())
