"""Wilcoxon's rank sum for every gene, corrected for ties: attributions have many exact zeros.

With midranks ``r`` of ``n`` cells, ``U = sum of r over the group - n1 (n1 + 1) / 2``, its mean is
``n1 n2 / 2`` and its variance ``n1 n2 / (n (n - 1)) * sum (r - mean r)^2``, which holds the
correction for ties: midranks of tied values lie closer to their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy import sparse

BLOCK_ENTRIES = 2**23
"""Entries of the dense block of cells x genes that is ranked at once."""


@dataclass(frozen=True, kw_only=True)
class RankTest:
    """One test per gene.

    Parameters
    ----------
    auc : ndarray, shape (n_genes,), float64
        U / (n1 n2): chance of the larger value in the group, ties counted half.
    p, p_greater : ndarray, shape (n_genes,), float64
        Two-sided p-value, and the one for larger values in the group.
    """

    auc: NDArray[np.float64]
    p: NDArray[np.float64]
    p_greater: NDArray[np.float64]

    @property
    def p_adjusted(self) -> NDArray[np.float64]:
        """One-sided p-values adjusted by Benjamini and Hochberg over all genes."""
        return np.asarray(stats.false_discovery_control(self.p_greater, method="bh"))


def rank_test(
    values: sparse.csr_matrix | NDArray[np.floating], labels: NDArray[np.bool_]
) -> RankTest:
    """Compare the group with the others, gene by gene.

    Parameters
    ----------
    values : csr_matrix or ndarray, shape (n_cells, n_genes)
        Values of all cells that are compared.
    labels : ndarray of bool, shape (n_cells,)
        Which of them belong to the group.

    Returns
    -------
    RankTest
        Normal approximation with continuity correction, as scipy's ``mannwhitneyu``.
    """
    return rank_tests(values, labels[None])[0]


def rank_tests(
    values: sparse.csr_matrix | NDArray[np.floating], groups: NDArray[np.bool_]
) -> list[RankTest]:
    """Compare every group with the others; genes are ranked once for all groups.

    Parameters
    ----------
    values : csr_matrix or ndarray, shape (n_cells, n_genes)
        Values of all cells that are compared.
    groups : ndarray of bool, shape (n_groups, n_cells)
        Which of them belong to each group.
    """
    n, sizes = groups.shape[1], groups.sum(axis=1)
    sums, squares = [], []
    for ranks in ranked_blocks(values):
        sums.append(groups.astype(np.float64) @ ranks)
        squares.append((ranks**2).sum(axis=0))
    excess, square = np.concatenate(sums, axis=1), np.concatenate(squares)
    return [
        _told(own, pairs, np.sqrt(pairs / (n * (n - 1)) * square))
        for own, pairs in zip(excess, (sizes * (n - sizes)).tolist(), strict=True)
    ]


def _told(excess: NDArray[np.float64], pairs: int, sd: NDArray[np.float64]) -> RankTest:
    """One test per gene from U less its mean."""
    return RankTest(
        auc=0.5 + excess / pairs,
        p=np.minimum(1.0, 2 * _upper_tail(np.abs(excess), sd)),
        p_greater=_upper_tail(excess, sd),
    )


def null_aucs(
    values: sparse.csr_matrix | NDArray[np.floating], labellings: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Area under the curve of every gene under every labelling, shape (n_draws, n_genes).

    Parameters
    ----------
    values : csr_matrix or ndarray, shape (n_cells, n_genes)
        Values of all cells that are compared.
    labellings : ndarray of bool, shape (n_draws, n_cells)
        Groups, all of the same size.
    """
    n, n_group = labellings.shape[1], int(labellings[0].sum())
    pairs = n_group * (n - n_group)
    blocks = [
        np.concatenate([part.astype(np.float32) @ ranks for part in _parts(labellings)])
        for ranks in (block.astype(np.float32) for block in ranked_blocks(values))
    ]
    return np.asarray(0.5 + np.concatenate(blocks, axis=1) / pairs, dtype=np.float32)


def ranked_blocks(
    values: sparse.csr_matrix | NDArray[np.floating],
) -> Iterator[NDArray[np.float64]]:
    """Midranks less their mean, (n_cells, some genes), for all genes in their order."""
    n_cells, n_genes = values.shape
    size = max(1, BLOCK_ENTRIES // max(n_cells, 1))
    columns = values if isinstance(values, np.ndarray) else values.tocsc()
    for start in range(0, n_genes, size):
        block = columns[:, start : start + size]
        dense = block if isinstance(block, np.ndarray) else block.toarray()
        yield np.asarray(stats.rankdata(dense, axis=0)) - (n_cells + 1) / 2


def column_means(
    values: sparse.csr_matrix, labels: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of every gene in the group and in the others, each (n_genes,), float64."""
    return _mean(values[labels]), _mean(values[~labels])


def _mean(values: sparse.csr_matrix) -> NDArray[np.float64]:
    """Mean of every column."""
    return np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()


def _upper_tail(excess: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-value of U lying so far above its mean; 1 where all values are the same."""
    z = np.divide(excess - 0.5, sd, out=np.full_like(sd, -np.inf), where=sd > 0)
    return np.asarray(special.ndtr(-z))


def _parts(labellings: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Take some draws at a time, so that their floats stay small."""
    size = max(1, BLOCK_ENTRIES // labellings.shape[1])
    for start in range(0, len(labellings), size):
        yield labellings[start : start + size]
