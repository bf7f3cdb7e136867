"""Counts expectation-maximisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.numerics import composing
from napari_tessera.numerics.composing import composition, counts_em


@pytest.fixture
def planted() -> tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    profiles = rng.dirichlet(np.full(40, 0.3), size=3)
    types = np.repeat(["a", "b", "c"], 20)
    cells = rng.poisson(200 * np.repeat(profiles, 20, axis=0))
    truth = rng.dirichlet(np.ones(3), size=30)
    spots = rng.poisson(3000 * truth @ profiles)
    both = [sparse.csr_matrix(m.astype(np.float32)) for m in (spots, cells)]
    return both[0], both[1], types, truth


def flat(n_cells: int, n_spots: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.full((n_cells, n_spots), 1 / n_spots, dtype=np.float32))


def test_it_finds_a_planted_composition_from_a_flat_map(
    planted: tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray, np.ndarray],
) -> None:
    spots, cells, types, truth = planted
    _, found = composition(counts_em(spots, cells, flat(60, 30)), types)
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.97


def test_one_step_equals_the_equation(
    planted: tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spots, cells, _, _ = planted
    monkeypatch.setattr(composing, "BLOCK_ENTRIES", 7 * 90)
    s, x = spots.toarray().astype(float), cells.toarray().astype(float)
    p = 0.98 * x / x.sum(axis=1, keepdims=True) + 0.02 * x.sum(axis=0) / x.sum()
    w = np.full((30, 60), 1 / 30)
    w *= s.sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
    wanted = w * ((s / (w @ p)) @ p.T)
    assert counts_em(spots, cells, flat(60, 30), 1).toarray() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("share", [0.0, 2.0])
def test_dense_and_sparse_products_give_the_same_whatever_the_threads(
    planted: tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    share: float,
) -> None:
    spots, cells, _, _ = planted
    usual = counts_em(spots, cells, flat(60, 30)).data
    monkeypatch.setattr(composing, "CROWDED", share)
    found, before = [], torch.get_num_threads()
    for n in (1, 3):
        torch.set_num_threads(n)
        found.append(counts_em(spots, cells, flat(60, 30)).data)
    torch.set_num_threads(before)
    assert np.array_equal(found[0], found[1])
    assert found[0] == pytest.approx(usual, rel=1e-4, abs=1e-6)


def test_rows_of_a_composition_sum_to_one(
    planted: tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray, np.ndarray],
) -> None:
    spots, cells, types, _ = planted
    _, found = composition(counts_em(spots, cells, flat(60, 30)), types)
    assert found.sum(axis=1) == pytest.approx(np.ones(30), abs=1e-5)


def test_a_spot_that_no_cell_maps_to_gets_the_overall_composition() -> None:
    types = np.array(["a", "a", "b", "b"])
    _, found = composition(sparse.csr_matrix((1, 4), dtype=np.float64), types)
    assert found[0] == pytest.approx([0.5, 0.5])
