"""Smoothing over the tissue, neighbours and components."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.numerics.lattice import tissue_graph
from napari_tessera.numerics.principal import principal_scores, standardise, subset_scores
from napari_tessera.numerics.section_views import autocorrelated
from napari_tessera.numerics.smoothing import WIDER, WIDTHS, choose_width, smooth
from napari_tessera.testing.planted_domains import planted_section

SECTION = planted_section(n_spots=300).section
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(SECTION.n_spots, 4)).astype(np.float32)


def test_smoothing_averages_with_gaussian_weights() -> None:
    wanted = gaussian_adjacency(SECTION.spot_xy, 80.0) @ VALUES
    assert smooth(VALUES, SECTION.spot_xy, 80.0) == pytest.approx(wanted, abs=0.02)


def test_constants_stay_as_they_are() -> None:
    ones = np.ones((SECTION.n_spots, 1), dtype=np.float32)
    assert smooth(ones, SECTION.spot_xy, 150.0) == pytest.approx(ones, abs=1e-5)


def test_some_spots_alone_are_smoothed_as_they_are_among_all() -> None:
    sample = np.where(np.arange(SECTION.n_spots) < 100, "a", "b")
    asked = np.array([3, 4, 99, 100, 250])
    some = smooth(VALUES, SECTION.spot_xy, 120.0, sample, asked=asked)
    assert np.array_equal(some, smooth(VALUES, SECTION.spot_xy, 120.0, sample)[asked])


def test_other_sections_are_no_neighbours() -> None:
    sample = np.where(np.arange(SECTION.n_spots) % 2 == 0, "a", "b")
    values = (sample == "a").astype(np.float32)[:, None]
    assert smooth(values, SECTION.spot_xy, 300.0, sample) == pytest.approx(values, abs=1e-6)


def test_a_noisy_slope_takes_a_wide_width_and_a_sharp_pattern_a_narrow_one() -> None:
    xy = SECTION.spot_xy
    stripes = np.sin(xy[:, :1] / 100.0 * 1.2)
    rng = np.random.default_rng(0)
    narrow = choose_width(stripes + 0.1 * VALUES[:, :1], xy, 100.0, rng=rng)
    wide = choose_width(xy[:, :1] / 500 + 1.5 * VALUES[:, :1], xy, 100.0, rng=rng)
    assert narrow < wide


def test_the_width_is_half_again_the_one_that_predicts_best() -> None:
    ramp = SECTION.spot_xy[:, :1] / 300 + 2 * VALUES[:, :1]
    chosen = choose_width(ramp, SECTION.spot_xy, 100.0, rng=np.random.default_rng(0))
    assert np.isclose(chosen, WIDER * 100.0 * np.array(WIDTHS)).any()


def test_nothing_is_smoothed_where_neighbours_say_nothing() -> None:
    assert choose_width(VALUES, SECTION.spot_xy, 100.0, rng=np.random.default_rng(0)) == 0.0


def test_inner_spots_of_a_hexagonal_lattice_have_six_neighbours() -> None:
    degree = np.diff(tissue_graph(SECTION.spot_xy).indptr)
    assert [int(np.bincount(degree).argmax()), int(degree.max())] == [6, 6]


def test_inner_spots_of_a_square_lattice_have_four_neighbours() -> None:
    grid = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
    degree = np.diff(tissue_graph(grid).indptr)
    assert [int(np.bincount(degree).argmax()), int(degree.max())] == [4, 4]


def test_the_graph_of_scattered_cells_is_symmetric() -> None:
    graph = tissue_graph(RNG.random((80, 2))).toarray()
    assert (graph == graph.T).all()


def test_no_edge_crosses_sections() -> None:
    sample = np.where(np.arange(80) < 40, "a", "b")
    row, col = tissue_graph(RNG.random((80, 2)), sample).nonzero()
    assert (sample[row] == sample[col]).all()


@pytest.mark.parametrize("n_spots", [30, 120])
def test_components_are_those_of_the_dense_decomposition(n_spots: int) -> None:
    dense = RNG.poisson(1.0, size=(n_spots, 60)).astype(np.float32)
    parts = standardise(sparse.csr_matrix(dense), unit_variance=True)
    scores, loading = principal_scores([parts], 5, torch.device("cpu"))
    z = (dense - dense.mean(axis=0)) / dense.std(axis=0)
    wanted = np.linalg.svd(z, full_matrices=False)[1][:5]
    assert torch.linalg.norm(scores, dim=0).numpy() == pytest.approx(wanted, rel=1e-3)
    assert (loading.T @ loading).numpy() == pytest.approx(np.eye(5), abs=1e-4)


def test_components_of_a_part_of_the_genes_come_from_the_gram_matrix_of_all() -> None:
    counts = sparse.csr_matrix(RNG.poisson(1.0, size=(120, 60)).astype(np.float32))
    parts = [np.arange(0, 60, 2), np.arange(1, 60, 2)]
    cpu = torch.device("cpu")
    found = subset_scores([standardise(counts, unit_variance=True)], parts, 5, cpu)
    for part, scores in zip(parts, found, strict=True):
        alone = standardise(counts[:, part], unit_variance=True)
        wanted = principal_scores([alone], 5, cpu)[0]
        assert scores.numpy() == pytest.approx(wanted.numpy(), abs=1e-3)


def test_autocorrelated_factors_put_the_smooth_one_first() -> None:
    smooth_one = np.sin(SECTION.spot_xy[:, 0] / 600.0)
    mixed = np.column_stack([5 * VALUES[:, 0], 0.3 * smooth_one + 0.03 * VALUES[:, 1]])
    first = autocorrelated(mixed, SECTION.spot_graph, 1)[:, 0]
    assert abs(np.corrcoef(first, smooth_one)[0, 1]) > 0.85
