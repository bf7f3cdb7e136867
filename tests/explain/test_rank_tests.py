"""Rank tests against scipy's, with ties as attributions have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse, stats

from napari_tessera.explain.rank_tests import null_aucs, rank_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_CELLS, N_GENES, N_GROUP = 60, 9, 24


@pytest.fixture
def values() -> NDArray[np.float64]:
    """Signed values, half of them exactly zero, and one gene that is zero throughout."""
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.1, 1, (N_CELLS, N_GENES)) * (rng.random((N_CELLS, N_GENES)) < 0.5)
    drawn[:N_GROUP, 0] += 1
    drawn[:, 8] = 0
    return drawn


LABELS = np.arange(N_CELLS) < N_GROUP


def test_the_two_sided_p_is_scipys(values: NDArray[np.float64]) -> None:
    wanted = stats.mannwhitneyu(
        values[LABELS, :8], values[~LABELS, :8], axis=0, method="asymptotic"
    ).pvalue
    np.testing.assert_allclose(rank_test(values, LABELS).p[:8], wanted, rtol=1e-10)


def test_the_one_sided_p_is_scipys(values: NDArray[np.float64]) -> None:
    wanted = stats.mannwhitneyu(
        values[LABELS, :8], values[~LABELS, :8], axis=0, alternative="greater", method="asymptotic"
    ).pvalue
    np.testing.assert_allclose(rank_test(values, LABELS).p_greater[:8], wanted, rtol=1e-10)


def test_the_area_counts_pairs_and_half_of_the_ties(values: NDArray[np.float64]) -> None:
    inside, outside = values[LABELS, None], values[None, ~LABELS]
    wanted = ((inside > outside) + 0.5 * (inside == outside)).mean(axis=(0, 1))
    np.testing.assert_allclose(rank_test(values, LABELS).auc, wanted, atol=1e-12)


def test_a_gene_that_never_varies_has_p_one(values: NDArray[np.float64]) -> None:
    found = rank_test(values, LABELS)
    assert (found.auc[8], found.p[8], found.p_greater[8]) == (0.5, 1.0, 1.0)


def test_adjusted_p_are_those_of_benjamini_and_hochberg(values: NDArray[np.float64]) -> None:
    p = rank_test(values, LABELS).p_greater
    falling = np.argsort(p)[::-1]
    wanted = np.minimum.accumulate(p[falling] * p.size / (p.size - np.arange(p.size)))
    np.testing.assert_allclose(rank_test(values, LABELS).p_adjusted[falling], wanted.clip(max=1))


def test_sparse_and_dense_values_give_the_same(
    values: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = rank_test(values, LABELS)
    monkeypatch.setattr("napari_tessera.explain.rank_tests.BLOCK_ENTRIES", 2 * N_CELLS)
    np.testing.assert_array_equal(rank_test(sparse.csr_matrix(values), LABELS).p, wanted.p)


def test_the_null_is_the_same_area_under_other_labels(values: NDArray[np.float64]) -> None:
    rng = np.random.default_rng(1)
    labellings = np.array([rng.permutation(LABELS) for _ in range(5)])
    wanted = [rank_test(values, drawn).auc for drawn in labellings]
    np.testing.assert_allclose(null_aucs(values, labellings), wanted, atol=1e-6)


def test_under_independent_cells_the_test_keeps_its_level() -> None:
    rng = np.random.default_rng(2)
    drawn = rng.normal(size=(200, 2000)) * (rng.random((200, 2000)) < 0.6)
    p = rank_test(drawn, np.arange(200) < 70).p
    assert 0.035 < (p < 0.05).mean() < 0.065
