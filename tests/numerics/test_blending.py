"""Overall composition, and compositions from two views."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from scipy import optimize, sparse

from napari_tessera.numerics.blending import blend
from napari_tessera.numerics.composing import composition, counts_em
from napari_tessera.numerics.counts import platform_factors, scale_genes
from napari_tessera.numerics.overall import _loss, fitted_factors, overall_shares

N_CELLS, N_SPOTS, N_GENES = 120, 60, 300


class Tissue(NamedTuple):
    spots: sparse.csr_matrix
    cells: sparse.csr_matrix
    labels: np.ndarray
    truth: np.ndarray
    factors: np.ndarray


def tissue(n_genes: int = N_GENES) -> Tissue:
    """Plant a tissue that is mostly c, with a reference that is mostly a, on another platform."""
    rng = np.random.default_rng(0)
    profiles = rng.dirichlet(np.full(n_genes, 0.4), size=3)
    codes = rng.choice(3, size=N_CELLS, p=[0.6, 0.3, 0.1])
    cells = rng.poisson(800 * profiles[codes])
    truth = rng.dirichlet([0.3, 0.3, 2.0], size=N_SPOTS)
    factors = rng.lognormal(0, 0.7, n_genes)
    spots = rng.poisson(3000 * (truth @ profiles) * factors)
    both = [sparse.csr_matrix(m.astype(np.float32)) for m in (spots, cells)]
    return Tissue(both[0], both[1], np.array(["a", "b", "c"])[codes], truth, factors)


@pytest.fixture(scope="module")
def planted() -> Tissue:
    return tissue()


def by_type(t: Tissue) -> np.ndarray:
    return np.stack([t.cells[t.labels == name].toarray().sum(axis=0) for name in "abc"]).astype(
        float
    )


def bulk(t: Tissue) -> np.ndarray:
    return np.asarray(t.spots.sum(axis=0, dtype=np.float64)).ravel()


def agreement(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, truth.T, strict=True)]))


def flat(n_cells: int = N_CELLS) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.full((n_cells, N_SPOTS), 1 / N_SPOTS, dtype=np.float32))


def test_overall_shares_are_those_of_the_tissue_and_not_of_the_reference(planted: Tissue) -> None:
    found = overall_shares(bulk(planted), by_type(planted))
    assert np.abs(found - planted.truth.mean(axis=0)).max() < 0.1


def test_fitted_factors_undo_the_platform_better_than_the_ratio_of_both_sides(
    planted: Tissue,
) -> None:
    level = bulk(planted) > 200

    def left(factors: np.ndarray) -> float:
        return float(np.std(np.log(factors * planted.factors)[level]))

    ratio = left(platform_factors(planted.spots, planted.cells))
    assert left(fitted_factors(bulk(planted), by_type(planted))) < 0.5 * ratio


def test_genes_that_one_side_lacks_decide_nothing(planted: Tissue) -> None:
    more = np.concatenate([bulk(planted), [5e4]])
    types = np.concatenate([by_type(planted), np.zeros((3, 1))], axis=1)
    wanted = overall_shares(bulk(planted), by_type(planted))
    assert overall_shares(more, types) == pytest.approx(wanted, abs=1e-6)


def test_without_any_gene_in_common_the_reference_stands() -> None:
    types = np.array([[3.0, 0.0], [1.0, 0.0]])
    assert overall_shares(np.array([0.0, 9.0]), types) == pytest.approx([0.75, 0.25])


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    given = (np.log(rng.dirichlet(np.ones(4))), rng.random((4, 30)), rng.normal(size=30),
             rng.random(30))  # fmt: skip
    at = rng.normal(size=4)

    def value(x: np.ndarray) -> float:
        return _loss(x, *given)[0]

    numeric = optimize.approx_fprime(at, value, 1e-7)
    assert _loss(at, *given)[1] == pytest.approx(numeric, abs=1e-4)


def test_a_blend_finds_what_a_reference_of_another_composition_hides(planted: Tissue) -> None:
    start = flat()
    found = blend(planted.spots, planted.cells, start, planted.labels)[1]
    matched = scale_genes(planted.spots, platform_factors(planted.spots, planted.cells))
    before = composition(counts_em(matched, planted.cells, start), planted.labels)[1]
    assert agreement(found, planted.truth) > 0.97
    assert np.abs(found - planted.truth).mean() < 0.5 * np.abs(before - planted.truth).mean()


def test_a_type_that_the_map_sends_elsewhere_is_found_all_the_same(planted: Tissue) -> None:
    start = flat().toarray()
    start[planted.labels == "c", 1:] = 0.0
    there = sparse.csr_matrix(start)
    here = planted.spots, planted.cells, there, planted.labels
    by_cells, both = blend(*here, 1.0)[1], blend(*here)[1]
    assert by_cells[1:, 2].max() == 0.0
    assert both[1:, 2].mean() > 0.3


def test_types_are_sorted_and_rows_sum_to_one(planted: Tissue) -> None:
    types, values = blend(planted.spots, planted.cells, flat(), planted.labels)
    assert types.tolist() == ["a", "b", "c"]
    assert values.sum(axis=1) == pytest.approx(np.ones(N_SPOTS), abs=1e-5)


def test_a_blend_lies_between_its_views(planted: Tissue) -> None:
    here = planted.spots, planted.cells, flat(), planted.labels
    types, cells, both = (blend(*here, weight)[1] for weight in (0.0, 1.0, 0.5))
    assert both == pytest.approx((types + cells) / 2, abs=1e-6)
