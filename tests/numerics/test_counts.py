"""Normalisation, thinning and the scale between platforms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.counts import (
    log_normalise,
    platform_factors,
    row_totals,
    scale_genes,
    thin,
)


@pytest.fixture
def counts() -> sparse.csr_matrix:
    rng = np.random.default_rng(0)
    return sparse.csr_matrix(rng.poisson(3.0, size=(200, 50)).astype(np.float32))


def test_rows_are_scaled_to_the_target_before_the_logarithm(counts: sparse.csr_matrix) -> None:
    back = np.expm1(log_normalise(counts, 187.0).toarray())
    assert back.sum(axis=1) == pytest.approx(np.full(200, 187.0), rel=1e-4)


def test_an_empty_row_stays_empty() -> None:
    assert log_normalise(sparse.csr_matrix(np.zeros((2, 3), dtype=np.float32)), 10.0).nnz == 0


def test_thinning_keeps_whole_molecules(counts: sparse.csr_matrix) -> None:
    thinned = thin(counts, np.full(200, 40.0), np.random.default_rng(1))
    assert (thinned.data == np.rint(thinned.data)).all()
    assert (counts - thinned).min() >= 0


def test_thinning_reaches_the_depth_on_average(counts: sparse.csr_matrix) -> None:
    thinned = thin(counts, np.full(200, 40.0), np.random.default_rng(1))
    assert row_totals(thinned).mean() == pytest.approx(40.0, abs=2.0)


def test_a_poor_row_is_kept_whole(counts: sparse.csr_matrix) -> None:
    assert abs(thin(counts, np.full(200, 1e6), np.random.default_rng(1)) - counts).max() == 0


def test_platform_factors_undo_a_bias_per_gene(counts: sparse.csr_matrix) -> None:
    bias = np.exp(np.random.default_rng(2).normal(size=50))
    seen = sparse.csr_matrix(counts.multiply(bias), dtype=np.float32)
    factors = platform_factors(seen, counts)
    assert np.corrcoef(np.log(factors), -np.log(bias))[0, 1] > 0.99


def test_scaling_genes_keeps_row_totals(counts: sparse.csr_matrix) -> None:
    factors = np.linspace(0.2, 4.0, 50)
    assert row_totals(scale_genes(counts, factors)) == pytest.approx(row_totals(counts), rel=1e-5)
