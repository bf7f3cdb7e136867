"""Every loss of stAI against its equation, and its gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_tessera.methods.stai import losses

if TYPE_CHECKING:
    from collections.abc import Callable

N_SPOTS, N_CELLS, N_GENES = 6, 7, 4


def matrix(n: int, seed: int, columns: int = N_GENES) -> torch.Tensor:
    """Random numbers in double precision."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, columns, generator=generator, dtype=torch.float64)


X1, X2 = matrix(N_SPOTS, 1), matrix(N_CELLS, 2)
Y1, Y2 = matrix(N_SPOTS, 3), matrix(N_CELLS, 4)
CODES = torch.tensor([0, 0, 0, 1, 1, 2, 2])


def test_reconstruction_is_the_sum_of_both_mean_squares() -> None:
    wanted = np.mean((X1 - Y1).numpy() ** 2) + np.mean((X2 - Y2).numpy() ** 2)
    assert float(losses.reconstruction(X1, Y1, X2, Y2)) == pytest.approx(wanted)


def test_consistency_is_the_mean_of_one_minus_each_cosine() -> None:
    wanted = 0.0
    for a, b in ((X1, Y1), (X2, Y2)):
        cosines = [
            float(x @ y) / math.sqrt(float(x @ x) * float(y @ y)) for x, y in zip(a, b, strict=True)
        ]
        wanted += 1 - float(np.mean(cosines))
    assert float(losses.consistency(X1, Y1, X2, Y2)) == pytest.approx(wanted)


def test_imputation_is_nought_for_affine_copies_and_two_for_negated_ones() -> None:
    assert float(losses.imputation(3 * X1 + 1, X1)) == pytest.approx(0, abs=1e-9)
    assert float(losses.imputation(-X1, X1)) == pytest.approx(2, abs=1e-9)


def test_imputation_equals_the_correlations_of_numpy() -> None:
    each = [np.corrcoef(Y1[:, g], X1[:, g])[0, 1] for g in range(N_GENES)]
    assert float(losses.imputation(Y1, X1)) == pytest.approx(1 - np.mean(each), abs=1e-6)


def test_a_calibration_gene_that_is_constant_in_the_tissue_is_left_out() -> None:
    truth = X1.clone()
    truth[:, 0] = 2.0
    wanted = losses.imputation(Y1[:, 1:], X1[:, 1:])
    assert float(losses.imputation(Y1, truth)) == pytest.approx(float(wanted))


def test_calibration_genes_that_are_all_constant_cost_nothing() -> None:
    assert float(losses.imputation(Y1, torch.ones_like(X1))) == 0.0


def test_classification_is_the_weighted_mean_of_log_probabilities() -> None:
    weights = torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64)
    logits = matrix(N_CELLS, 5, 3)
    own = -torch.log_softmax(logits, dim=1)[torch.arange(N_CELLS), CODES]
    w = weights[CODES]
    found = losses.classification(logits, CODES, weights)
    assert float(found) == pytest.approx(float((w * own).sum() / w.sum()))


def test_correlations_equal_those_of_numpy() -> None:
    wanted = np.corrcoef(X1.T, Y1.T)[:N_GENES, N_GENES:]
    assert losses.correlations(X1, Y1).numpy() == pytest.approx(wanted, abs=1e-5)


def test_co_expression_is_one_minus_the_mean_cosine_of_columns() -> None:
    a, b = X1.numpy(), Y1.numpy()
    cosines = (a * b).sum(axis=0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    assert float(losses.co_expression(X1, Y1)) == pytest.approx(1 - cosines.mean())


def test_all_types_weigh_alike_at_power_one() -> None:
    weights = losses.type_weights(CODES, 3, 1.0)
    sizes = torch.bincount(CODES)
    assert (weights * sizes).tolist() == pytest.approx([7 / 3] * 3)


def test_a_type_without_cells_has_no_weight() -> None:
    assert losses.type_weights(CODES, 4, 2.0)[3] == 0


GRADIENTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "reconstruction": lambda y: losses.reconstruction(X1, y, X2, Y2),
    "consistency": lambda y: losses.consistency(X1, y, X2, Y2),
    "imputation": lambda y: losses.imputation(y, X1),
    "classification": lambda y: losses.classification(
        y[:, :3], CODES[:N_SPOTS], torch.ones(3, dtype=torch.float64)
    ),
    "co_expression": lambda y: losses.co_expression(losses.correlations(X1, y), X2[:N_GENES]),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    y = Y1.clone().requires_grad_()
    assert torch.autograd.gradcheck(GRADIENTS[name], (y,))
