"""Held-out answers of regressions, and the genes they learn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.cross_fit import (
    HeldOutCells,
    cross_fit,
    held_out_scores,
    informative_genes,
)
from napari_tessera.numerics.labels import reference_types, stratified_folds
from napari_tessera.numerics.softmax_regression import PENALTIES, ThinnedCells
from napari_tessera.numerics.thinning import Transform
from napari_tessera.testing.planted_cells import planted_cells

RNG = np.random.default_rng(4)
CODES = np.repeat([0, 1], 200)
COUNTS = RNG.poisson(4.0, (400, 5)).astype(float)
COUNTS[:200, 3] += 10
COUNTS[:, 1] *= 20


def test_genes_that_tell_types_apart_are_kept() -> None:
    assert informative_genes(sparse.csr_matrix(COUNTS), CODES, 1).tolist() == [3]


def test_without_types_genes_that_vary_are_kept() -> None:
    one = np.zeros(400, dtype=np.int64)
    assert informative_genes(sparse.csr_matrix(COUNTS), one, 2).tolist() == [1, 3]


def test_all_genes_are_kept_where_there_are_few() -> None:
    assert informative_genes(sparse.csr_matrix(COUNTS), CODES, 9).tolist() == [0, 1, 2, 3, 4]


def test_held_out_cells_are_answered_by_models_that_did_not_see_them() -> None:
    _, codes = reference_types(planted_cells(n_cells=300).paired)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(codes)  # labels without any meaning
    counts = planted_cells(n_cells=300).paired.cells.values
    cells = ThinnedCells(
        counts=counts,
        codes=shuffled,
        n_types=int(codes.max()) + 1,
        shares=np.ones(counts.shape[1]),
    )
    held = HeldOutCells(counts=counts, folds=stratified_folds(shuffled, 3, rng))
    found = cross_fit(cells, held, Transform.LOG, seed=0)
    largest = np.bincount(shuffled).max() / shuffled.size
    assert held_out_scores(found.log_p, shuffled)["held_out_accuracy"] < largest + 0.08
    assert found.penalty == pytest.approx(PENALTIES[0])
