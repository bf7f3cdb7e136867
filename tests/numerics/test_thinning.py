"""Thinning gene by gene, and the features of regressions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.thinning import (
    Transform,
    features,
    kept_shares,
    thin_genes,
    transformed,
)

RNG = np.random.default_rng(3)
COUNTS = sparse.csr_matrix(RNG.poisson(5.0, (4000, 3)).astype(np.float32))


def test_the_kept_share_is_the_ratio_of_means_and_never_above_one() -> None:
    cells = sparse.csr_matrix(np.array([[4.0, 2.0, 0.0], [4.0, 2.0, 0.0]]))
    spots = sparse.csr_matrix(np.array([[1.0, 8.0, 3.0]]))
    assert kept_shares(cells, spots).tolist() == [0.25, 1.0, 1.0]


def test_thinned_genes_have_the_wanted_means() -> None:
    shares = np.array([0.1, 0.5, 1.0])
    thinned = thin_genes(COUNTS, shares, np.random.default_rng(0))
    wanted = np.asarray(COUNTS.mean(axis=0)).ravel() * shares
    assert np.asarray(thinned.mean(axis=0)).ravel() == pytest.approx(wanted, rel=0.05)


def test_thinning_leaves_the_counts_it_was_given() -> None:
    before = COUNTS.toarray()
    thin_genes(COUNTS, np.zeros(3), np.random.default_rng(0))
    assert (COUNTS.toarray() == before).all()


def test_features_have_mean_zero_and_spread_one() -> None:
    x = features(COUNTS, Transform.LOG)
    assert x.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-4)
    assert x.std(axis=0) == pytest.approx(np.ones(3), abs=1e-3)


def test_a_constant_gene_becomes_zero() -> None:
    counts = sparse.csr_matrix(np.array([[3.0, 1.0], [3.0, 2.0]]))
    assert features(counts, Transform.LOG)[:, 0].tolist() == [0.0, 0.0]


def test_squares_of_root_shares_add_up_to_one() -> None:
    roots = transformed(COUNTS, Transform.ROOT)
    assert roots.power(2).sum(axis=1) == pytest.approx(np.ones((4000, 1)), abs=1e-5)


def test_root_shares_do_not_see_the_depth() -> None:
    twice = sparse.csr_matrix(COUNTS * 2)
    a, b = (transformed(x, Transform.ROOT).toarray() for x in (COUNTS, twice))
    assert a == pytest.approx(b, abs=1e-6)
