"""Trends along a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse, stats

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import Region
from napari_tessera.explain.path import along_path, curve, rank_trends

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORNER = Region.path("p", np.array([[0.0, 0], [10, 0], [10, 10]]))
GENES = np.array(["wave", "late", "noise", "flat"])


def cells(n: int = 300) -> NDArray[np.float64]:
    """Cells all over a square."""
    return np.random.default_rng(0).uniform(-1, 11, (n, 2))


def ranked() -> tuple[GeneRanking, NDArray[np.float64], NDArray[np.float64]]:
    """Rank four planted genes; also the positions and the values."""
    rng = np.random.default_rng(1)
    near = along_path(CORNER, cells(), 1.0, np.ones(300, dtype=np.bool_))
    t = near.position
    columns = [np.sin(2 * np.pi * t), 0.7 * t, 0 * t]
    values = np.stack([c + 0.3 * rng.normal(size=t.size) for c in columns] + [0 * t], axis=1)
    matrix = sparse.csr_matrix(values)
    both = {"attribution": matrix, "expression": matrix}
    draws = (199, 12, np.random.default_rng(2))
    return rank_trends(GENES, both, near, draws, Contrast(kind="path")), t, values


def test_position_is_arc_length_from_the_start_of_the_path() -> None:
    spread = np.array([[x, 0.5] for x in np.linspace(0, 9, 20)] + [[9.0, 5]])
    near = along_path(CORNER, spread, 1.0, np.ones(21, dtype=np.bool_))
    assert near.length == 20
    np.testing.assert_allclose(near.position[-1], 15 / 20)


def test_cells_beyond_reach_are_left_out() -> None:
    near = along_path(CORNER, cells(), 1.0, np.ones(300, dtype=np.bool_))
    x, y = cells()[near.rows].T
    assert ((np.abs(y) <= 1) | (np.abs(x - 10) <= 1)).all()


def test_too_few_cells_near_the_path_are_refused() -> None:
    with pytest.raises(InputError, match="at least 20 cells near it, found 0"):
        along_path(CORNER, cells() + 100, 1.0, np.ones(300, dtype=np.bool_))


def test_the_planted_trends_come_first_in_the_order_of_what_they_explain() -> None:
    assert ranked()[0].gene_names.tolist()[:2] == ["wave", "late"]


def test_the_planted_trends_are_significant_and_the_noise_is_not() -> None:
    p = ranked()[0].table()["p_null"]
    assert p[["wave", "late"]].max() <= 0.02
    assert p["noise"] > 0.05


def test_explained_variance_is_that_of_a_least_squares_spline() -> None:
    ranking, t, values = ranked()
    _, fitted = curve(t, values[:, 0])
    at = np.linspace(t[0], t[-1], fitted.size)
    left = values[:, 0] - np.interp(t, at, fitted)
    wanted = 1 - left.var() / values[:, 0].var()
    assert ranking.table()["r2"]["wave"] == pytest.approx(wanted, abs=0.01)


def test_rank_correlation_is_spearmans() -> None:
    ranking, t, values = ranked()
    wanted = stats.spearmanr(t, values[:, 1]).statistic
    assert ranking.table()["spearman"]["late"] == pytest.approx(wanted)


def test_the_peak_lies_where_it_was_planted() -> None:
    assert ranked()[0].table()["peak"]["wave"] == pytest.approx(0.25, abs=0.06)


def test_a_gene_that_does_not_vary_explains_nothing() -> None:
    row = ranked()[0].table().loc["flat"]
    assert (row["r2"], row["spearman"], row["p_null"]) == (0.0, 0.0, 1.0)
