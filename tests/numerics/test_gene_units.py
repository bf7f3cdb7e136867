"""Values in the tissue's scale, and their widths."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.gene_units import Widths, expected_error, like_reference
from napari_tessera.numerics.linear_rule import LinearRule, without_fold

RNG = np.random.default_rng(0)


def test_a_linear_rule_without_penalty_is_least_squares() -> None:
    x = RNG.normal(size=(30, 3))
    y = RNG.normal(size=30)
    design = np.column_stack([x, np.ones(30)])
    wanted = design @ np.linalg.lstsq(design, y)[0]
    assert LinearRule.fit(x, y, 0.0).predict(x) == pytest.approx(wanted)


def test_a_linear_rule_stays_near_what_it_has_seen() -> None:
    x = np.arange(5.0)[:, None]
    assert LinearRule.fit(x, x[:, 0], 0.0).predict(np.array([[99.0]]))[0] == pytest.approx(4.0)


def test_without_its_fold_a_target_does_not_matter() -> None:
    x, y, fold = RNG.normal(size=(20, 2)), RNG.normal(size=20), np.arange(20) % 4
    changed = np.where(fold == 1, 99.0, y)
    own = fold == 1
    assert np.array_equal(
        without_fold(x, y, fold, 1.0)[own], without_fold(x, changed, fold, 1.0)[own]
    )


def test_widths_cover_as_promised() -> None:
    error = RNG.lognormal(size=40)
    z = RNG.normal(size=(500, 40))
    residual = np.abs(RNG.normal(size=z.shape)) * error
    rule = Widths.fit(z[:, :20], error[:20], residual[:, :20], 0.9)
    covered = residual[:, 20:] <= rule.half_width(z[:, 20:], error[20:])
    assert covered.mean() == pytest.approx(0.9, abs=0.015)


def test_widths_follow_errors_that_grow_with_the_prediction() -> None:
    z = RNG.normal(size=(500, 20))
    residual = np.abs(RNG.normal(size=z.shape)) * np.exp(z)
    rule = Widths.fit(z, np.ones(20), residual, 0.9)
    assert rule.half_width(np.array([[2.0]]), np.ones(1)) > 5 * rule.half_width(
        np.array([[-2.0]]), np.ones(1)
    )
    assert rule.half_width(z, np.ones(20)).mean() < np.quantile(residual, 0.9)


def test_a_gene_that_is_known_better_has_a_smaller_error() -> None:
    assert expected_error(np.array([2.0, 2.0]), np.array([0.0, 0.8])) == pytest.approx([2.0, 1.2])


def test_repaired_genes_have_the_distribution_of_the_reference() -> None:
    cells = np.sort(RNG.gamma(1.0, size=(1000, 1)), axis=0)
    found = like_reference(RNG.normal(size=(1000, 1)), cells)
    assert np.sort(found, axis=0) == pytest.approx(cells, abs=1e-9)


def test_repair_keeps_the_order_of_the_spots() -> None:
    z = RNG.normal(size=(50, 1))
    found = like_reference(z, RNG.gamma(1.0, size=(80, 1)))
    assert np.array_equal(np.argsort(found[:, 0]), np.argsort(z[:, 0]))
