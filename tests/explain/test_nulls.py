"""Null labellings: compact, of the right size, and calibrated where the analytic test is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_tessera.explain.nulls import (
    block_labels,
    empirical_fdr,
    null_p,
    patch_order,
    shifted_labels,
)
from napari_tessera.explain.rank_tests import null_aucs, rank_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE, RADIUS = 40, 7.0
XY = np.indices((SIDE, SIDE)).reshape(2, -1).T.astype(np.float64)


def disc(centre: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cells of a disc."""
    return np.asarray(np.linalg.norm(XY - centre, axis=1) <= RADIUS)


def smooth_genes(n_genes: int, width: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Fields that resemble themselves nearby and know nothing of any disc, (n_cells, n_genes)."""
    fields = [
        gaussian_filter(rng.normal(size=(SIDE, SIDE)), width, mode="wrap").ravel()
        for _ in range(n_genes)
    ]
    values = np.stack(fields, axis=1) / np.std(fields)
    return np.asarray(values + rng.normal(size=values.shape))


def shares(method: str, width: float) -> tuple[float, float]:
    """Share of genes below 0.05 by the analytic test and by a null, discs at random places."""
    rng = np.random.default_rng(5)
    analytic, empirical = [], []
    for _ in range(12):
        labels, values = disc(rng.uniform(8, SIDE - 8, 2)), smooth_genes(80, width, rng)
        if method == "shift":
            drawn = shifted_labels(XY, XY[labels], int(labels.sum()), 199, rng)
        else:
            drawn = block_labels(XY, labels, 16, 199, rng)
        test = rank_test(values, labels)
        analytic.append(test.p_greater < 0.05)
        empirical.append(null_p(test.auc, null_aucs(values, drawn)) <= 0.05)
    return float(np.mean(analytic)), float(np.mean(empirical))


def test_a_shifted_group_has_the_size_of_the_real_one() -> None:
    labels = disc(np.array([20.0, 12.0]))
    drawn = shifted_labels(XY, XY[labels], int(labels.sum()), 20, np.random.default_rng(0))
    assert set(drawn.sum(axis=1).tolist()) == {int(labels.sum())}


def test_a_shifted_group_is_as_compact_as_the_real_one() -> None:
    labels = disc(np.array([20.0, 20.0]))
    drawn = shifted_labels(XY, XY[labels], int(labels.sum()), 50, np.random.default_rng(0))
    spread = np.array([XY[d].std(axis=0).mean() for d in drawn])
    assert np.median(spread) < 1.2 * XY[labels].std(axis=0).mean()


def test_shifted_groups_lie_all_over_the_tissue() -> None:
    labels = disc(np.array([10.0, 10.0]))
    drawn = shifted_labels(XY, XY[labels], int(labels.sum()), 400, np.random.default_rng(0))
    assert drawn.any(axis=0).all()


def test_shuffled_blocks_keep_the_size_of_the_group() -> None:
    labels = disc(np.array([20.0, 12.0]))
    drawn = block_labels(XY, labels, 64, 20, np.random.default_rng(0))
    assert set(drawn.sum(axis=1).tolist()) == {int(labels.sum())}


def test_patches_are_compact() -> None:
    patches = XY[patch_order(XY, 64)].reshape(64, -1, 2)
    assert np.ptp(patches, axis=1).max() <= 4


def test_shifting_keeps_the_level_where_neighbours_resemble_each_other() -> None:
    assert 0.03 <= shares("shift", 1.5)[1] <= 0.07


def test_shuffling_blocks_is_too_sure_but_by_far_less_than_the_analytic_test() -> None:
    analytic, empirical = shares("blocks", 1.5)
    assert empirical < 0.4 * analytic


def test_the_analytic_test_does_not_keep_it() -> None:
    assert shares("shift", 1.5)[0] > 0.12


def test_p_counts_the_real_labels_too() -> None:
    null = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(null_p(np.array([2.5, 4.0]), null), [0.5, 1.0])


def test_the_empirical_rate_is_expected_false_over_called() -> None:
    null = np.array([[0.1, 0.2, 0.9], [0.1, 0.2, 0.3]])
    found = empirical_fdr(np.array([0.8, 0.25, 0.95]), null)
    np.testing.assert_allclose(found, [0.25, 1 / 3, 0.0])
