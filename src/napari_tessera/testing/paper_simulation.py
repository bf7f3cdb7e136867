"""The simulation of the paper of TransST (:cite:`liu2025transst`): a Potts field on a square.

Labels are drawn by Gibbs sampling with `beta` per like pair (half of what `numerics.hidden_potts`
calls beta), factors from a Gaussian per label, expression from a loading that is nearly the
identity. Source and target share every parameter, the friendliest setting there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.sections import SectionData

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAU = 5.0
"""Mean of a class on its own factor; zero on the others."""

SWEEPS = 200
"""Sweeps of the Gibbs sampler."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A drawn section, whole, with all that it was drawn from.

    Parameters
    ----------
    values : ndarray, shape (n_spots, n_genes), float64
        Log expression.
    xy : ndarray, shape (n_spots, 2), float64
        Places, one apart.
    labels : ndarray, shape (n_spots,), int64
        Truth.
    loading : ndarray, shape (n_factors, n_genes), float64
    noise : ndarray, shape (n_genes,), float64
        Variances.
    mean : ndarray, shape (n_domains, n_factors), float64
    covariance : ndarray, shape (n_domains, n_factors, n_factors), float64
    """

    values: NDArray[np.float64]
    xy: NDArray[np.float64]
    labels: NDArray[np.int64]
    loading: NDArray[np.float64]
    noise: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def oracle(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Likeliest class of some spots by the true parameters, neighbours left aside."""
        factors = (self.loading / self.noise) @ self.loading.T
        offset = self.values[rows]
        best = []
        for mean, covariance in zip(self.mean, self.covariance, strict=True):
            x = offset - mean @ self.loading
            b = (x / self.noise) @ self.loading.T
            inner = np.linalg.inv(factors + np.linalg.inv(covariance))
            squared = (x**2 / self.noise).sum(axis=1) - ((b @ inner) * b).sum(axis=1)
            log_det = np.linalg.slogdet(np.eye(len(factors)) + covariance @ factors)[1]
            best.append(-0.5 * (squared + log_det))
        return np.asarray(np.argmax(best, axis=0), dtype=np.int64)

    def part(self, rows: NDArray[np.integer], *, labelled: bool = False) -> SectionData:
        """Dress some of the spots as a section, log scale, smallest value zero."""
        xy = self.xy[rows]
        near = (np.abs(xy[:, None] - xy[None]).sum(axis=-1) == 1).astype(np.float64)
        return SectionData(
            spots=Expression(
                values=sparse.csr_matrix(self.values[rows] - self.values.min()),
                obs_names=np.array([f"spot{i}" for i in rows]),
                gene_names=np.array([f"GENE{i}" for i in range(self.values.shape[1])]),
                scale=ExpressionScale.LOG1P,
            ),
            spot_xy=xy,
            spot_graph=sparse.csr_matrix(near),
            unit="step",
            pitch=1.0,
            labels=self.labels[rows].astype(np.str_) if labelled else None,
        )

    def quarters(self, share: float = 0.25) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of target and source: the first spots of every class, and the rest."""
        first = []
        for k in np.unique(self.labels):
            rows = np.flatnonzero(self.labels == k)
            first.append(rows[: max(1, round(share * rows.size))])
        target = np.sort(np.concatenate(first))
        return target, np.setdiff1d(np.arange(self.labels.size), target)


def simulate(
    *, side: int = 50, n_genes: int = 1000, beta: float = 1.0, seed: int = 0, n_domains: int = 4
) -> Simulated:
    """Draw a section.

    Parameters
    ----------
    side : int
        Spots along an edge.
    n_genes : int
        Genes.
    beta : float
        Smoothness, per like pair.
    seed : int
        Seed.
    n_domains : int
        Domains.
    """
    rng = np.random.default_rng([seed, 21])
    n_factors = 10
    labels = _gibbs(side, n_domains, beta, rng)
    loading = np.eye(n_factors, n_genes) + rng.uniform(-0.1, 0.1, (n_factors, n_genes))
    np.fill_diagonal(loading, 1.0)
    mean = TAU * np.eye(n_domains, n_factors)
    covariance = np.stack([np.eye(n_factors)] * n_domains)
    for k in range(n_domains):
        if k < n_domains // 2:
            covariance[k] = np.diag(rng.uniform(0.1, 10.0, n_factors))
        one = rng.normal(0.0, 0.1, n_factors)
        covariance[k] += np.outer(one, one)
    factor = np.linalg.cholesky(covariance)[labels]
    v = mean[labels] + np.einsum("nab,nb->na", factor, rng.normal(size=(labels.size, n_factors)))
    noise = rng.uniform(0.1, 2.0, n_genes)
    values = v @ loading + rng.normal(size=(labels.size, n_genes)) * np.sqrt(noise)
    row, column = (a.ravel().astype(np.float64) for a in np.mgrid[:side, :side])
    return Simulated(
        values=values,
        xy=np.column_stack([column, row]),
        labels=labels,
        loading=loading,
        noise=noise,
        mean=mean,
        covariance=covariance,
    )


def _gibbs(side: int, n_domains: int, beta: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Labels of a Potts field on a square, black and white squares in turn, shape (side ** 2,)."""
    field = rng.integers(n_domains, size=(side, side))
    row, column = np.mgrid[:side, :side]
    for _ in range(SWEEPS):
        for colour in (0, 1):
            hard = np.pad(np.eye(n_domains)[field], ((1, 1), (1, 1), (0, 0)))
            alike = hard[:-2, 1:-1] + hard[2:, 1:-1] + hard[1:-1, :-2] + hard[1:-1, 2:]
            drawn = (beta * alike + rng.gumbel(size=alike.shape)).argmax(axis=-1)
            field = np.where((row + column) % 2 == colour, drawn, field)
    return np.asarray(field.ravel(), dtype=np.int64)
