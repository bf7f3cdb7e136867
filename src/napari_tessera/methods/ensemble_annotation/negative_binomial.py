"""Negative-binomial naive Bayes over sub-clusters of every type.

``x_ig ~ NB(mean n_i p_kg, variance mean + d_g mean^2)`` for a cell i of sub-cluster k with total
n_i. The shares p_k of the reference are multiplied by gene factors that make the expected shares of
the tissue equal to the observed ones, and divided by their sum.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp, softmax

from napari_tessera.numerics.counts import log_normalise, row_totals, sum_by

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

CELLS_PER_CLUSTER = 15
"""Cells of a type for every sub-cluster."""

TYPE_CELLS, GLOBAL_CELLS = 20.0, 5.0
"""Cells' worth of counts by which a sub-cluster is drawn to its type, and a type to all cells."""

COMPONENTS = 20
"""Principal components in which sub-clusters are looked for."""

LEAST_DISPERSION, MOST_DISPERSION = 1e-3, 50.0
"""Bounds of the dispersion of a gene."""

DEPTH_STEP = 0.05
"""Totals are rounded to this fraction of themselves, so that cells of one depth share a table."""

BLOCK, MOST_MATCHED = 8192, 20_000
"""Cells that are judged at once, and cells that gene factors are matched to, evenly spread."""

ROUNDS = 2
"""Times that gene factors are matched."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubClusters:
    """What the counts model learned from the reference.

    Parameters
    ----------
    shares : ndarray, shape (n_clusters, n_genes), float64
        Share of every gene; rows sum to 1.
    owner : ndarray, shape (n_clusters,), int64
        Type of every sub-cluster.
    prior : ndarray, shape (n_clusters,), float64
        Share of the cells.
    dispersion : ndarray, shape (n_genes,), float64
        Dispersion d of every gene.
    n_types : int
        How many types there are, also those without cells.
    """

    shares: NDArray[np.float64]
    owner: NDArray[np.int64]
    prior: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    n_types: int


def split_types(
    counts: sparse.csr_matrix, codes: NDArray[np.int64], most: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split every type into sub-clusters by k-means, one per 15 cells and at most `most`.

    Parameters
    ----------
    counts : csr_matrix, shape (n_cells, n_genes)
        Counts of the reference.
    codes : ndarray, shape (n_cells,), int64
        Types.
    most : int
        Most sub-clusters of one type.
    seed : int
        Seed of k-means.

    Returns
    -------
    clusters : ndarray, shape (n_cells,), int64
        Sub-cluster of every cell.
    owner : ndarray, shape (n_clusters,), int64
        Type of every sub-cluster.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD

    logs = log_normalise(counts, float(np.median(row_totals(counts))))
    n_components = min(COMPONENTS, *(n - 1 for n in counts.shape))
    scores = TruncatedSVD(n_components, random_state=seed).fit_transform(logs)
    clusters = np.empty(codes.size, dtype=np.int64)
    owner: list[int] = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        n_parts = int(np.clip(rows.size // CELLS_PER_CLUSTER, 1, most))
        parts = KMeans(n_parts, n_init=3, random_state=seed).fit_predict(scores[rows])
        there, parts = np.unique(parts, return_inverse=True)
        clusters[rows] = len(owner) + parts
        owner += [int(code)] * there.size
    return clusters, np.asarray(owner, dtype=np.int64)


def fit_sub_clusters(
    counts: sparse.csr_matrix, codes: NDArray[np.int64], n_types: int, most: int, seed: int
) -> SubClusters:
    """Shares of every sub-cluster, drawn to its type and to all cells, and dispersions.

    Parameters
    ----------
    counts : csr_matrix, shape (n_cells, n_genes)
        Counts of the reference.
    codes : ndarray, shape (n_cells,), int64
        Types.
    n_types : int
        How many there are.
    most : int
        Most sub-clusters of one type.
    seed : int
        Seed of k-means.
    """
    clusters, owner = split_types(counts, codes, most, seed)
    depth = float(np.median(row_totals(counts)))
    by_cluster = sum_by(counts, clusters, owner.size).toarray().astype(np.float64)
    by_type = sum_by(counts, codes, n_types).toarray().astype(np.float64)
    overall = by_type.sum(axis=0) + 0.5
    of_type = _drawn_to(by_type, overall / overall.sum(), GLOBAL_CELLS * depth)
    shares = _drawn_to(by_cluster, of_type[owner], TYPE_CELLS * depth)
    return SubClusters(
        shares=shares,
        owner=owner,
        prior=np.bincount(clusters) / clusters.size,
        dispersion=_dispersions(counts, clusters, shares),
        n_types=n_types,
    )


def _drawn_to(
    sums: NDArray[np.float64], towards: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    """Shares of summed counts with `strength` counts of another profile added."""
    drawn = sums + strength * towards
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _dispersions(
    counts: sparse.csr_matrix, clusters: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Match moments: sum of (x - m)^2 - m over the sum of m^2, gene by gene."""
    totals = row_totals(counts)
    excess, squares = np.zeros(shares.shape[1]), np.zeros(shares.shape[1])
    for k, share in enumerate(shares):
        rows = np.flatnonzero(clusters == k)
        x, n = counts[rows], totals[rows]
        squared = np.asarray(x.multiply(x).sum(axis=0, dtype=np.float64)).ravel()
        crossed = np.asarray(x.T @ n).ravel()
        square = (n @ n) * share**2
        excess += squared - 2 * crossed * share + square - n.sum() * share
        squares += square
    found = np.divide(excess, squares, out=np.zeros_like(excess), where=squares > 0)
    return np.asarray(np.clip(found, LEAST_DISPERSION, MOST_DISPERSION))


def cluster_log_likelihood(
    counts: sparse.csr_matrix, model: SubClusters, factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log likelihood of every cell under every sub-cluster, up to what does not depend on it.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts to judge.
    model : SubClusters
        The model.
    factors : ndarray, shape (n_genes,), float64
        Efficiency of every gene here over that of the reference.

    Returns
    -------
    ndarray, shape (n_obs, n_clusters), float64
    """
    shares = model.shares * factors
    shares /= shares.sum(axis=1, keepdims=True)
    level = np.rint(np.log(np.maximum(row_totals(counts), 1.0)) / DEPTH_STEP).astype(np.int64)
    size = 1 / model.dispersion
    found = np.empty((counts.shape[0], model.owner.size))
    for which in np.unique(level):
        rows = np.flatnonzero(level == which)
        mean = np.exp(which * DEPTH_STEP) * shares
        slope = np.log(mean) - np.log(mean + size)
        found[rows] = counts[rows] @ slope.T - np.log1p(mean / size) @ size
    return found


def _joint(likelihood: NDArray[np.float64], model: SubClusters) -> NDArray[np.float64]:
    """Log of likelihood times prior, shape (n_obs, n_clusters)."""
    return np.asarray(likelihood + np.log(model.prior))


def match_factors(counts: sparse.csr_matrix, model: SubClusters) -> NDArray[np.float64]:
    """Gene factors under which expected and observed overall shares agree, in two rounds.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts of the tissue.
    model : SubClusters
        The model.

    Returns
    -------
    ndarray, shape (n_genes,), float64
    """
    counts = counts[:: -(-counts.shape[0] // MOST_MATCHED)]
    observed = np.asarray(counts.sum(axis=0, dtype=np.float64)).ravel()
    totals = row_totals(counts)
    weights = model.prior
    for turn in range(ROUNDS + 1):
        expected = observed.sum() * (weights @ model.shares)
        factors = (observed + 1) / (expected + 1)
        if turn < ROUNDS:
            joint = _joint(cluster_log_likelihood(counts, model, factors), model)
            weights = totals @ softmax(joint, axis=1)
            weights /= max(weights.sum(), 1e-12)
    return np.asarray(factors)


def judge(
    counts: sparse.csr_matrix, model: SubClusters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Judge every cell by the model, gene factors matched first.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts of the tissue.
    model : SubClusters
        The model.

    Returns
    -------
    log_posterior : ndarray, shape (n_obs, n_types), float64
        Log posterior of the types; minus infinity for those without cells in the reference.
    log_evidence : ndarray, shape (n_obs,), float64
        Log probability of the counts, up to what no model changes.
    """
    factors = match_factors(counts, model)
    n_obs = counts.shape[0]
    evidence, found = np.empty(n_obs), np.full((n_obs, model.n_types), -np.inf)
    for start in range(0, n_obs, BLOCK):
        rows = slice(start, start + BLOCK)
        joint = _joint(cluster_log_likelihood(counts[rows], model, factors), model)
        evidence[rows] = logsumexp(joint, axis=1)
        for code in np.unique(model.owner):
            of_type = logsumexp(joint[:, model.owner == code], axis=1)
            found[rows, code] = of_type - evidence[rows]
    return found, evidence


def own_evidence(
    counts: sparse.csr_matrix, clusters: NDArray[np.int64], dispersion: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log probability of every cell under clusters of these very cells, without any reference.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts.
    clusters : ndarray, shape (n_obs,), int64
        Cluster of every cell, all numbers from 0 used.
    dispersion : ndarray, shape (n_genes,), float64
        Dispersion of every gene.

    Returns
    -------
    ndarray, shape (n_obs,), float64
        Up to what no model changes; comparable with the evidence of `judge`.
    """
    n_clusters = int(clusters.max()) + 1
    sums = sum_by(counts, clusters, n_clusters).toarray().astype(np.float64)
    overall = sums.sum(axis=0) + 1e-3
    depth = max(float(np.median(row_totals(counts))), 1.0)
    model = SubClusters(
        shares=_drawn_to(sums, overall / overall.sum(), GLOBAL_CELLS * depth),
        owner=np.arange(n_clusters),
        prior=np.bincount(clusters) / clusters.size,
        dispersion=dispersion,
        n_types=n_clusters,
    )
    likelihood = cluster_log_likelihood(counts, model, np.ones(counts.shape[1]))
    return np.asarray(logsumexp(_joint(likelihood, model), axis=1))
