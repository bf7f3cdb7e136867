"""Compositions that neighbouring spots share, as far as held-out counts say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.sharing import WEIGHTS, choose_weight, share
from napari_tessera.numerics.spatial_statistics import neighbour_graph

SIDE, N_TYPES, N_GENES, CELLS = 16, 4, 60, 15
XY = np.indices((SIDE, SIDE)).reshape(2, -1).T.astype(np.float64)
GRAPH = neighbour_graph(XY, 4)


def sides(
    shares: np.ndarray, depth: float, seed: int = 0
) -> tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix, np.ndarray]:
    """Draw spots of known composition, cells of their types, and a map that knows nothing."""
    rng = np.random.default_rng(seed)
    profiles = rng.gamma(0.7, 1.0, (N_TYPES, N_GENES))
    profiles /= profiles.sum(axis=1, keepdims=True)
    labels = np.repeat([f"T{t}" for t in range(N_TYPES)], CELLS)
    cells = rng.poisson(400 * np.repeat(profiles, CELLS, axis=0))
    spots = rng.poisson(depth * shares @ profiles)
    flat = np.ones((len(labels), len(spots)), dtype=np.float32)
    first, second = (sparse.csr_matrix(v.astype(np.float32)) for v in (spots, cells))
    return first, second, sparse.csr_matrix(flat), labels


def halves() -> np.ndarray:
    """Two types in the left half, two in the right one."""
    left = XY[:, :1] < SIDE / 2
    return np.where(left, [0.7, 0.3, 0.0, 0.0], [0.0, 0.0, 0.2, 0.8])


def salt_and_pepper() -> np.ndarray:
    """One type per spot, whatever lies beside."""
    return np.eye(N_TYPES)[np.random.default_rng(1).integers(N_TYPES, size=len(XY))]


def test_no_weight_changes_nothing() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(XY)).astype(np.float32)
    np.testing.assert_array_equal(share(shares, GRAPH, 0.0), shares)


def test_shares_are_averaged_with_the_mean_of_the_neighbours() -> None:
    graph = sparse.csr_matrix(np.array([[0, 5, 1], [5, 0, 0], [1, 0, 0]]))
    shares = np.array([[1, 0], [0, 1], [0.5, 0.5]], dtype=np.float32)
    expected = [[0.6 + 0.4 * 0.25, 0.4 * 0.75], [0.4, 0.6], [0.7, 0.3]]
    np.testing.assert_allclose(share(shares, graph, 0.4), expected, atol=1e-6)


def test_a_spot_without_neighbours_keeps_its_own() -> None:
    shares = np.array([[1, 0], [0, 1]], dtype=np.float32)
    none = sparse.csr_matrix((2, 2))
    np.testing.assert_array_equal(share(shares, none, 0.5), shares)


def test_shallow_spots_of_a_smooth_tissue_listen_to_their_neighbours() -> None:
    assert choose_weight(sides(halves(), 25), GRAPH, np.random.default_rng(0)) >= 0.4


@pytest.mark.parametrize("depth", [40.0, 2000.0])
def test_spots_that_differ_from_their_neighbours_do_not(depth: float) -> None:
    assert choose_weight(sides(salt_and_pepper(), depth), GRAPH, np.random.default_rng(0)) == 0.0


def test_what_held_out_counts_choose_is_nearer_to_the_truth() -> None:
    from napari_tessera.numerics.blending import blend

    truth = halves()
    data = sides(truth, 25)
    weight = choose_weight(data, GRAPH, np.random.default_rng(0))
    own = blend(*data)[1]
    off = [np.abs(share(own, GRAPH, w) - truth).mean() for w in (0.0, weight)]
    assert off[1] < 0.9 * off[0]


def test_the_same_draws_choose_the_same() -> None:
    data = sides(halves(), 60)
    chosen = {choose_weight(data, GRAPH, np.random.default_rng(5)) for _ in range(2)}
    assert len(chosen) == 1
    assert chosen <= set(WEIGHTS)
