"""Weights of predictors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_tessera.numerics import gene_stack
from napari_tessera.numerics.gene_families import KernelRidge, SoftCorrelation
from napari_tessera.numerics.imputers import Sides, column_pcc, standard_columns

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(200, 10))


def held_out(*noises: float) -> gene_stack.HeldOutGenes:
    found = [
        standard_columns(torch.from_numpy(TRUTH + RNG.normal(size=TRUTH.shape) * n)) for n in noises
    ]
    return gene_stack.HeldOutGenes(
        names=tuple(str(n) for n in noises),
        genes=np.arange(10),
        fold=np.arange(10) % 5,
        truth=standard_columns(torch.from_numpy(TRUTH)),
        found=torch.stack(found),
        spread=np.ones((10, len(noises))),
    )


def test_correlations_are_those_of_the_columns() -> None:
    held = held_out(1.0, 2.0)
    with_truth, among = held.correlations()
    for g in range(10):
        both = np.corrcoef(np.vstack([held.truth[:, g], held.found[:, :, g]]))
        assert with_truth[g] == pytest.approx(both[0, 1:])
        assert among[g] == pytest.approx(both[1:, 1:])


def test_the_best_single_predictor_takes_all() -> None:
    assert gene_stack.best_single(*held_out(2.0, 1.0, 3.0).correlations()).tolist() == [0, 1, 0]


def test_the_stack_of_independent_predictors_beats_each() -> None:
    held = held_out(1.5, 1.5, 1.5)
    weights = gene_stack.greedy_stack(*held.correlations())
    single = held.correlations()[0].mean(axis=0).max()
    assert column_pcc(held.truth, held.blend(weights)).mean() > single + 0.05


def test_a_useless_predictor_gets_next_to_nothing() -> None:
    weights = gene_stack.greedy_stack(*held_out(1.0, 50.0).correlations())
    assert weights.sum() == pytest.approx(1.0)
    assert weights[1] < 0.1


def test_a_gene_has_no_say_in_its_own_weights() -> None:
    held = held_out(1.0, 1.0)
    flipped = held.found.clone()
    flipped[:, :, held.fold == 2] *= -1
    _, each = gene_stack.cross_fitted(held, gene_stack.greedy_stack)
    other = gene_stack.HeldOutGenes(**{**vars(held), "found": flipped})
    _, changed = gene_stack.cross_fitted(other, gene_stack.greedy_stack)
    assert np.array_equal(each[held.fold == 2], changed[held.fold == 2])


def test_held_out_genes_are_not_seen() -> None:
    sides = Sides(
        spots=standard_columns(torch.from_numpy(RNG.normal(size=(30, 8)))),
        cells=standard_columns(torch.from_numpy(RNG.normal(size=(50, 8)))),
    )
    folds = [np.array([0, 1]), np.array([2, 3, 4]), np.array([5, 6, 7])]
    families: list[gene_stack.Family] = [SoftCorrelation((0.1,)), KernelRidge((1.0,))]
    first = gene_stack.hold_out_genes(sides, families, folds).found[:, :, :2]
    sides.spots[:, :2] = 9.0
    assert torch.equal(gene_stack.hold_out_genes(sides, families, folds).found[:, :, :2], first)
