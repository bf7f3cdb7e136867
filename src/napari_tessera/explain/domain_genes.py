"""Genes that tell domains apart, and genes that a factor stands for.

Wilcoxon's rank sum of every domain against the rest, with effect sizes. The domains were found from
the same genes, so p-values are too small: they rank genes, they do not test domains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.explain.rank_tests import column_means, rank_tests
from napari_tessera.numerics.counts import log_normalise, row_totals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.domains import Domains
    from napari_tessera.contract.expression import Expression

CAVEAT = (
    "The domains were found from these genes, so p-values are too small. Judge a gene by the size "
    "of its effect, and test it on another section."
)
"""What a reader of the p-values is told."""

FEWEST_SPOTS = 3
"""Spots that a domain must have to be compared."""


@dataclass(frozen=True, kw_only=True)
class DomainGenes:
    """One row per domain, one column per gene.

    Parameters
    ----------
    domains : ndarray of str, shape (n_domains,)
        Domains with enough spots, in the order of the result.
    gene_names : ndarray of str, shape (n_genes,)
        Genes.
    auc : ndarray, shape (n_domains, n_genes), float64
        Chance that a spot of the domain has more of the gene than one of the rest; 0.5 is none.
    difference : ndarray, shape (n_domains, n_genes), float64
        Mean log expression in the domain less that of the rest, natural logarithm.
    p_adjusted : ndarray, shape (n_domains, n_genes), float64
        One-sided, adjusted by Benjamini and Hochberg within the domain; see `CAVEAT`.
    """

    domains: NDArray[np.str_]
    gene_names: NDArray[np.str_]
    auc: NDArray[np.float64]
    difference: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]

    def top(self, domain: str, n_genes: int = 10) -> tuple[str, ...]:
        """Genes with the largest area under the curve in a domain, best first."""
        row = self.auc[self.domains.tolist().index(domain)]
        return tuple(self.gene_names[np.argsort(-row, kind="stable")[:n_genes]].tolist())


def domain_genes(spots: Expression, domains: Domains) -> DomainGenes:
    """Compare every domain with the rest, gene by gene.

    Parameters
    ----------
    spots : Expression
        Expression of the same spots, in the same order.
    domains : Domains
        What was found.

    Raises
    ------
    InputError
        If the spots are others, or fewer than two domains have three spots.
    """
    if not np.array_equal(spots.obs_names, domains.spot_names):
        msg = f"Spots: expected the {domains.spot_names.size} of the domains, found others."
        raise InputError(msg, "Give the section that the domains were found in.")
    labels = domains.domain
    kept = [n for n in domains.names if int((labels == n).sum()) >= FEWEST_SPOTS]
    if len(kept) < 2:
        msg = f"Domains: expected two with {FEWEST_SPOTS} spots or more, found {len(kept)}."
        raise InputError(msg, "Ask for fewer domains.")
    values = logged(spots)
    tests = rank_tests(values, np.array([labels == name for name in kept]))
    means = [column_means(values, labels == name) for name in kept]
    return DomainGenes(
        domains=np.asarray(kept, dtype=np.str_),
        gene_names=spots.gene_names,
        auc=np.stack([t.auc for t in tests]),
        difference=np.stack([inside - outside for inside, outside in means]),
        p_adjusted=np.stack([t.p_adjusted for t in tests]),
    )


def factor_genes(
    spots: Expression, embedding: NDArray[np.floating], n_genes: int = 10
) -> list[tuple[tuple[str, float], ...]]:
    """Genes that go with each factor most, with their correlation.

    Parameters
    ----------
    spots : Expression
        Expression of the same spots, in the same order.
    embedding : ndarray, shape (n_spots, n_factors)
        Scores that the domains were found on.
    n_genes : int
        Genes per factor.

    Returns
    -------
    list of tuple of (str, float)
        One entry per factor: genes by the size of their correlation, largest first.
    """
    values = logged(spots)
    scores = np.asarray(embedding, dtype=np.float64)
    scores = scores - scores.mean(axis=0)
    scores /= np.maximum(np.linalg.norm(scores, axis=0), 1e-300)
    mean = np.asarray(values.mean(axis=0)).ravel()
    square = np.asarray(values.multiply(values).sum(axis=0)).ravel()
    size = np.sqrt(np.maximum(square - values.shape[0] * mean**2, 1e-12))
    correlation = np.asarray(values.T @ scores) / size[:, None]
    order = np.argsort(-np.abs(correlation), axis=0, kind="stable")[:n_genes]
    return [
        tuple((str(spots.gene_names[g]), float(correlation[g, f])) for g in order[:, f])
        for f in range(scores.shape[1])
    ]


def logged(spots: Expression) -> sparse.csr_matrix:
    """Log expression: counts scaled to the median total first."""
    if spots.scale is not ExpressionScale.COUNTS:
        return sparse.csr_matrix(spots.values)
    totals = row_totals(spots.values)
    return log_normalise(spots.values, float(np.median(totals[totals > 0])))
