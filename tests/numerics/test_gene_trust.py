"""What to expect of a gene that was never measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_tessera.numerics.gene_trust import co_expression, to_line
from napari_tessera.numerics.imputers import standard_columns

RNG = np.random.default_rng(0)


def cells(n_cells: int, n_genes: int) -> torch.Tensor:
    return standard_columns(torch.from_numpy(RNG.normal(size=(n_cells, n_genes))))


def test_agreement_is_that_of_a_ridge_with_the_other_half_of_the_cells() -> None:
    x = cells(60, 8)
    found = co_expression(x, torch.arange(6), torch.arange(6, 8))[:, 0]
    wanted = np.zeros(2)
    for fit, test in ((x[::2], x[1::2]), (x[1::2], x[::2])):
        a, b = fit.numpy(), test.numpy()
        k = a[:, :6].T @ a[:, :6] / len(a) + 0.3 * np.eye(6)
        made = b[:, :6] @ np.linalg.solve(k, a[:, :6].T @ a[:, 6:] / len(a))
        cosine = (made * b[:, 6:]).sum(0) / np.sqrt((made**2).sum(0) * (b[:, 6:] ** 2).sum(0))
        wanted += cosine / 2
    assert found == pytest.approx(wanted)


def test_unrelated_genes_explain_nothing_however_many_they_are() -> None:
    x = cells(100, 61)
    few = co_expression(x, torch.arange(5), torch.tensor([60]))
    many = co_expression(x, torch.arange(60), torch.tensor([60]))
    assert abs(few[0, 0]) < 0.35
    assert abs(many[0, 0]) < 0.35


def test_a_copy_is_determined() -> None:
    x = cells(100, 5)
    x[:, 4] = x[:, 1]
    found = co_expression(x, torch.arange(4), torch.tensor([4]))[0]
    assert found[0] > 0.95
    assert found[2] == pytest.approx(1.0)


def test_the_line_is_finite_for_perfect_correlations() -> None:
    assert np.isfinite(to_line(np.array([1.0, -1.0]))).all()
