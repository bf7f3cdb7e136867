"""Differential expression of a selection: Wilcoxon's rank-sum test for every gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse, stats

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.population import GeneComparison
from napari_tessera.explain.rank_tests import rank_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.expression import Expression

FEWEST = 3
"""Fewest on a side."""

MOST = 10_000
"""Most on a side: of more, as many are drawn at random."""

PSEUDO = 0.01
"""Added to both means before their ratio is taken."""


def compare_selections(
    expression: Expression, group: NDArray[np.bool_], others: NDArray[np.bool_], *, seed: int = 0
) -> GeneComparison:
    """Compare the expression of two groups, gene by gene.

    Parameters
    ----------
    expression : Expression
        Log-normalised.
    group, others : ndarray of bool, shape (n_obs,)
        The two sides; who is on both counts for the group.
    seed : int
        Of the draw where a side has more than `MOST`.

    Returns
    -------
    GeneComparison
        Highest in the group first; p-values adjusted by Benjamini and Hochberg.

    Raises
    ------
    InputError
        If a side has fewer than `FEWEST`.
    """
    rng = np.random.default_rng(seed)
    first, second = np.flatnonzero(group), np.flatnonzero(others & ~group)
    if min(first.size, second.size) < FEWEST:
        msg = (
            f"Expected at least {FEWEST} on both sides of a comparison, "
            f"found {first.size} and {second.size}."
        )
        raise InputError(msg, "Draw the lasso around more of them, or choose other opponents.")
    words = f"{first.size:,} against {second.size:,}"
    drawn = [_draw(side, rng) for side in (first, second)]
    if max(first.size, second.size) > MOST:
        words += f" (compared: {drawn[0].size:,} and {drawn[1].size:,}, drawn at random)"
    rows = np.concatenate(drawn)
    labels = np.arange(rows.size) < drawn[0].size
    columns = _columns(sparse.csr_matrix(expression.values[rows]), labels)
    order = np.lexsort((expression.gene_names, -columns["auc"]))
    return GeneComparison(
        gene_names=expression.gene_names[order],
        values={name: column[order] for name, column in columns.items()},
        words=words,
    )


def _columns(
    values: sparse.csr_matrix, labels: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """All columns in the order of the genes."""
    test = rank_test(values, labels)
    sides = [sparse.csr_matrix(values[labels]), sparse.csr_matrix(values[~labels])]
    means = [_mean(side) for side in sides]
    plain = [_mean(side.expm1()) + PSEUDO for side in sides]
    detected = [_mean(side > 0) for side in sides]
    return {
        "auc": test.auc,
        "p_adjusted": np.asarray(stats.false_discovery_control(test.p, method="bh")),
        "log2_fold_change": np.log2(plain[0] / plain[1]),
        "mean_selection": means[0],
        "mean_others": means[1],
        "detected_selection": detected[0],
        "detected_others": detected[1],
        "p": test.p,
    }


def _mean(values: sparse.csr_matrix) -> NDArray[np.float64]:
    """Mean of every column."""
    return np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()


def _draw(rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Take all of a small side, some of a large one."""
    return rows if rows.size <= MOST else np.sort(rng.choice(rows, MOST, replace=False))
