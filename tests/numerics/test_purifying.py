"""Spots taken apart by type."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.numerics.purifying import SpotParts, groups_of, parts_of, take_apart
from napari_tessera.testing.planted import planted_tissue

RNG = np.random.default_rng(0)
CELLS = sparse.csr_matrix(RNG.poisson(2.0, size=(6, 12)).astype(float))
WEIGHTS = sparse.csr_matrix(RNG.random((4, 6)) * 10)
GROUPS = np.array([0, 0, 1, 1, 2, 2])
SPOTS = sparse.csr_matrix(RNG.poisson(40.0, size=(4, 12)).astype(float))


def whole(parts: SpotParts) -> np.ndarray:
    """Sum of the parts of every spot."""
    spot = np.repeat(np.arange(parts.first.size - 1), np.diff(parts.first))
    one = sparse.csr_matrix((np.ones(spot.size), (spot, np.arange(spot.size))))
    return np.asarray((one @ parts.counts[: spot.size]).toarray())


def test_the_parts_of_a_spot_add_up_to_it() -> None:
    assert whole(take_apart(SPOTS, CELLS, WEIGHTS, GROUPS)) == pytest.approx(SPOTS.toarray(), 1e-5)


def test_a_part_is_the_share_of_its_cells_in_every_count() -> None:
    parts = take_apart(SPOTS, CELLS, WEIGHTS, GROUPS)
    w, x = WEIGHTS.toarray(), CELLS.toarray()
    wanted = SPOTS.toarray()[0] * (w[0, :2] @ x[:2]) / (w[0] @ x)
    assert parts.counts[0].toarray().ravel() == pytest.approx(wanted, rel=1e-5)


def test_parts_are_drawn_in_proportion_to_their_share() -> None:
    rows = [[10.0, 0.0], [0.0, 10.0], [7.0, 7.0], [1.0, 1.0], [1.0, 1.0]]
    counts = sparse.csr_matrix(np.array(rows))
    parts = SpotParts(counts, np.array([0, 2, 3]), np.array([0.25, 1.0, 1.0]))
    rng = np.random.default_rng(1)
    drawn = np.stack([parts.draw(rng).toarray() for _ in range(2000)])
    assert (drawn[:, 0, 0] > 0).mean() == pytest.approx(0.25, abs=0.03)
    assert np.unique(drawn[:, 1]).tolist() == [7.0]
    mixed = np.stack([parts.draw(rng, whole=0.4).toarray() for _ in range(2000)])
    assert (mixed[:, 1, 0] == 1).mean() == pytest.approx(0.4, abs=0.04)


def test_fractions_are_rounded_so_that_the_mean_stays() -> None:
    parts = SpotParts(
        sparse.csr_matrix([[0.3, 2.6], [1.0, 3.0]]), np.array([0, 1]), np.array([1.0])
    )
    rng = np.random.default_rng(2)
    drawn = np.stack([parts.draw(rng).toarray()[0] for _ in range(4000)])
    assert np.array_equal(drawn, np.rint(drawn))
    assert drawn.mean(axis=0) == pytest.approx([0.3, 2.6], abs=0.05)


def test_a_spot_that_no_cell_explains_stands_for_itself() -> None:
    weights = WEIGHTS.tolil()
    weights[2] = 0
    parts = take_apart(SPOTS, CELLS, sparse.csr_matrix(weights), GROUPS)
    assert np.diff(parts.first)[2] == 1
    assert whole(parts)[2] == pytest.approx(SPOTS.toarray()[2])


def test_parts_of_a_planted_tissue_are_nearer_to_single_types_than_its_spots() -> None:
    tissue = planted_tissue(n_cells=400, n_spots=150, n_genes=80, seed=1)
    paired = tissue.paired
    assert paired.cell_types is not None
    parts = parts_of(paired, np.arange(80), 0, torch.device("cpu"))
    kinds = np.stack(
        [
            np.asarray(paired.cells.values[paired.cell_types == t].mean(axis=0)).ravel()
            for t in np.unique(paired.cell_types)
        ]
    )

    def nearness(counts: np.ndarray) -> float:
        """Mean of the largest correlation with a type."""
        found = np.corrcoef(np.vstack([np.log1p(counts), np.log1p(kinds)]))
        return float(found[: len(counts), len(counts) :].max(axis=1).mean())

    rng = np.random.default_rng(0)
    pure = np.mean([nearness(parts.draw(rng).toarray() + 1e-3) for _ in range(5)])
    assert pure > nearness(paired.spots.values.toarray())


def test_cells_without_types_are_clustered_the_same_way_each_time() -> None:
    paired = planted_tissue(n_cells=300, n_spots=120, n_genes=60, seed=2).paired
    untyped = dataclasses.replace(paired, cell_types=None)
    found = groups_of(untyped, 0)
    assert found.shape == (300,)
    assert 2 <= np.unique(found).size <= 25
    assert np.array_equal(found, groups_of(untyped, 0))
