"""Differential expression of a selection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.explain import selections
from napari_tessera.explain.selections import compare_selections

GROUP = np.arange(60) < 20


@pytest.fixture
def expression() -> Expression:
    """Sixty cells, ten genes; the first twenty cells have more of gene 7."""
    rng = np.random.default_rng(0)
    values = rng.poisson(1.0, size=(60, 10)).astype(np.float32)
    values[:20, 7] += 4
    return Expression(
        values=sparse.csr_matrix(np.log1p(values)),
        obs_names=np.array([f"c{i}" for i in range(60)]),
        gene_names=np.array([f"g{i}" for i in range(10)]),
        scale=ExpressionScale.LOG1P,
    )


def test_the_gene_that_sets_a_selection_apart_comes_first(expression: Expression) -> None:
    assert compare_selections(expression, GROUP, ~GROUP).gene_names[0] == "g7"


def test_p_values_are_those_of_scipy_adjusted_over_all_genes(expression: Expression) -> None:
    dense = expression.values.toarray()
    p = stats.mannwhitneyu(dense[GROUP], dense[~GROUP], method="asymptotic").pvalue
    wanted = dict(zip(expression.gene_names, stats.false_discovery_control(p), strict=True))
    found = compare_selections(expression, GROUP, ~GROUP).table()["p_adjusted"]
    assert found.to_dict() == pytest.approx(wanted)


def test_the_fold_change_is_that_of_the_counts(expression: Expression) -> None:
    counts = np.expm1(expression.values.toarray().astype(np.float64))
    wanted = np.log2((counts[GROUP, 7].mean() + 0.01) / (counts[~GROUP, 7].mean() + 0.01))
    table = compare_selections(expression, GROUP, ~GROUP).table()
    assert table.loc["g7", "log2_fold_change"] == pytest.approx(wanted, rel=1e-5)


def test_who_is_on_both_sides_counts_for_the_selection_only(expression: Expression) -> None:
    everybody = np.ones(60, dtype=np.bool_)
    assert compare_selections(expression, GROUP, everybody).words == "20 against 40"


def test_too_few_are_refused(expression: Expression) -> None:
    with pytest.raises(InputError, match="at least 3"):
        compare_selections(expression, np.arange(60) < 2, np.arange(60) > 30)


def test_of_a_large_side_a_part_is_drawn_and_that_is_said(
    expression: Expression, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "MOST", 15)
    found = compare_selections(expression, GROUP, ~GROUP)
    assert found.words == "20 against 40 (compared: 15 and 15, drawn at random)"
    assert found.gene_names[0] == "g7"
