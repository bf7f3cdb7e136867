"""How much a cell looks like none of the known types.

Two signs are added, each standardised on held-out known cells. The energy of the regression on root
shares, ``-log sum_c exp(logit_c)``, is high where no type fits. And the tissue is clustered by
itself: where a cluster's own profile explains its cells better than every type of the reference
does, the reference lacks something. The second is averaged over the cluster, so that it does not
drown in the noise of single cells, and counted from its median: most cells are no strangers. It
counts in full only where the counts model has half of the experts' say; where its likelihood is
wrong for the data, so is the gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.methods.ensemble_annotation.negative_binomial import own_evidence
from napari_tessera.numerics.neighbours import mean_over
from napari_tessera.numerics.thinning import Transform, features

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

FULL_SAY = 0.5
"""Share of the say from which the gain of own clusters counts in full."""

CELLS_PER_CLUSTER, MOST_CLUSTERS = 80, 40
"""Cells for every cluster of the tissue, and how many clusters there are at most."""

COMPONENTS = 30
"""Principal components in which the tissue is clustered."""

NEIGHBOURS = 10
"""Neighbours over which half of a score is averaged."""


def unexplained(
    counts: sparse.csr_matrix,
    evidence: NDArray[np.float64],
    dispersion: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float64]:
    """How much better a cell's own cluster is explained by itself than by the reference.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Counts of all cells of one side.
    evidence : ndarray, shape (n_obs,), float64
        Log probability of every cell under the reference.
    dispersion : ndarray, shape (n_genes,), float64
        Dispersion of every gene.
    seed : int
        Seed of the clustering.

    Returns
    -------
    ndarray, shape (n_obs,), float64
        Mean gain in nats over the cluster, minus its median over the cells.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD

    n_obs, n_genes = counts.shape
    n_components = min(COMPONENTS, n_genes - 1, n_obs - 1)
    x = features(counts, Transform.ROOT)
    scores = TruncatedSVD(n_components, random_state=seed).fit_transform(x)
    n_clusters = int(np.clip(n_obs // CELLS_PER_CLUSTER, 1, MOST_CLUSTERS))
    found = KMeans(n_clusters, n_init=2, random_state=seed).fit_predict(scores)
    clusters = np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)
    gain = own_evidence(counts, clusters, dispersion) - evidence
    mean = (np.bincount(clusters, weights=gain) / np.bincount(clusters))[clusters]
    return np.asarray(mean - np.median(mean))


def gain_weight(weights: NDArray[np.floating]) -> float:
    """How far the gain of own clusters counts, 0 to 1; the counts model is the last expert."""
    share = weights[-1] / max(float(weights.sum()), 1e-12)
    return float(min(1.0, share / FULL_SAY))


def averaged(
    scores: NDArray[np.floating], neighbours: NDArray[np.integer], share: float
) -> NDArray[np.float64]:
    """Take half of `share` of a score from its ten nearest neighbours."""
    around = mean_over(scores[:, None], neighbours[:, :NEIGHBOURS])[:, 0]
    return np.asarray((1 - share / 2) * scores + share / 2 * around)


def averaged_known(
    scores: NDArray[np.floating],
    codes: NDArray[np.integer],
    share: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Do to known cells what `averaged` does: their neighbours are random cells of their type.

    Parameters
    ----------
    scores : ndarray, shape (n_known,)
        Scores of known cells.
    codes : ndarray of int, shape (n_known,)
        Type that each was taken for.
    share : float
        How far the neighbourhood is listened to.
    rng : numpy.random.Generator
        Source of the neighbours.
    """
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    drawn = rng.random((codes.size, NEIGHBOURS)) * sizes[codes][:, None]
    neighbours = order[starts[codes][:, None] + drawn.astype(np.int64)]
    return averaged(scores, neighbours, share)
