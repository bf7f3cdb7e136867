"""The paper's three steps, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from napari_tessera.methods.transst.adapting import (
    adapt,
    choose_strength,
    eigenvalue_unit,
    orthonormal,
    penalty_of,
    project,
)
from napari_tessera.methods.transst.factor_model import expect, fit_factor_model, starting_model
from napari_tessera.methods.transst.hidden_field import fit_hidden_field
from napari_tessera.methods.transst.released import (
    BETA,
    GRID,
    released_field,
    released_loading,
    released_strength,
)
from napari_tessera.numerics.hidden_potts import Field
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.testing.paper_simulation import simulate

N_FACTORS = 3
RNG = np.random.default_rng(0)
CLASSES = torch.from_numpy(np.repeat(np.arange(3), [40, 25, 2]))
FACTORS = RNG.normal(size=(67, N_FACTORS)) + 3 * np.eye(3)[CLASSES.numpy()]
SMALL = torch.from_numpy(FACTORS @ RNG.normal(size=(N_FACTORS, 8)) + RNG.normal(size=(67, 8)))
SMALL = SMALL - SMALL.mean(dim=0)
START = orthonormal(torch.from_numpy(RNG.normal(size=(8, N_FACTORS))))
SIMULATED = simulate(side=36, n_genes=200, seed=1)
SECTION = SIMULATED.part(np.arange(36 * 36))


def test_the_likelihood_is_that_of_the_dense_normal() -> None:
    model = starting_model(SMALL, CLASSES, N_FACTORS)
    w = model.loading
    dense = [
        torch.distributions.MultivariateNormal(
            w @ model.mean[k], w @ model.covariance[k] @ w.T + torch.diag(model.noise)
        ).log_prob(SMALL[i])  # type: ignore[no-untyped-call]
        for i, k in enumerate(CLASSES)
    ]
    found = expect(SMALL, CLASSES, model).log_likelihood
    assert found == pytest.approx(float(torch.stack(dense).sum()), rel=1e-8)


def test_expected_factors_are_those_of_the_dense_conditional() -> None:
    model = starting_model(SMALL, CLASSES, N_FACTORS)
    w, k = model.loading, int(CLASSES[5])
    total = w @ model.covariance[k] @ w.T + torch.diag(model.noise)
    gain = model.covariance[k] @ w.T @ torch.linalg.inv(total)
    wanted = model.mean[k] + gain @ (SMALL[5] - w @ model.mean[k])
    assert torch.allclose(expect(SMALL, CLASSES, model).mean[5], wanted, atol=1e-9)


def test_the_likelihood_never_falls() -> None:
    trace = fit_factor_model(SMALL, CLASSES, N_FACTORS, (0.0, 60))[1]
    assert len(trace) > 10
    assert all(b >= a - 1e-8 * abs(a) for a, b in itertools.pairwise(trace))


def test_a_class_of_two_spots_does_no_harm() -> None:
    model = fit_factor_model(SMALL, CLASSES, N_FACTORS, (0.0, 60))[0]
    assert torch.isfinite(model.covariance).all()


def test_an_endless_pull_keeps_the_loading() -> None:
    assert torch.equal(adapt(SMALL, START, float("inf")), START)


def test_a_huge_pull_nearly_keeps_it() -> None:
    w = adapt(SMALL, START, penalty_of(1e6, SMALL, START))
    assert torch.allclose(w, START, atol=1e-4)


def test_without_a_pull_the_error_is_that_of_the_components() -> None:
    w = adapt(SMALL, START, 0.0, change=1e-9)
    error = float(((SMALL - project(SMALL, w) @ w.T) ** 2).sum())
    left = float((torch.linalg.svdvals(SMALL)[N_FACTORS:] ** 2).sum())
    assert error == pytest.approx(left, rel=1e-4)


def test_the_unit_of_the_pull_is_the_mean_eigenvalue() -> None:
    scores = project(SMALL, START)
    mean = float(torch.linalg.eigvalsh(scores.T @ scores).mean())
    assert eigenvalue_unit(SMALL, START) == pytest.approx(mean)


def test_turning_the_loading_changes_no_score_after_orthonormalising() -> None:
    turn = torch.linalg.qr(torch.from_numpy(RNG.normal(size=(N_FACTORS, N_FACTORS)))).Q
    first, second = project(SMALL, START), project(SMALL, orthonormal(START @ turn))
    assert torch.allclose(first @ first.T, second @ second.T, atol=1e-8)


def test_a_loading_that_fits_is_kept_and_a_strange_one_is_not() -> None:
    right = torch.linalg.svd(SMALL)[2][:N_FACTORS].T
    generator = torch_generator(0)
    assert choose_strength(SMALL, right, generator)[0] > 1.0
    assert choose_strength(SMALL, START, generator)[0] < 1.0


@pytest.fixture(scope="module")
def scores() -> torch.Tensor:
    x = torch.from_numpy(SIMULATED.values - SIMULATED.values.mean(axis=0))
    loading: torch.Tensor = torch.linalg.svd(x, full_matrices=False)[2][:10].T
    return x @ loading


def test_the_field_finds_simulated_domains_with_their_smoothness(scores: torch.Tensor) -> None:
    field = Field.of(SECTION.spot_graph, torch.device("cpu"))
    fit = fit_hidden_field(scores, field, 4, None, np.random.default_rng(0))
    assert adjusted_rand(SIMULATED.labels, fit.labels) > 0.9
    assert fit.beta == pytest.approx(2.0, rel=0.15)


def test_the_energy_never_rises_within_a_round(scores: torch.Tensor) -> None:
    field = Field.of(SECTION.spot_graph, torch.device("cpu"))
    fit = fit_hidden_field(scores, field, 4, 1.5, np.random.default_rng(0))
    pairs = [p for sweep in fit.energies for p in itertools.pairwise(sweep)]
    assert all(later <= before + 1e-6 for before, later in pairs)


def test_the_released_strengths_move_nothing() -> None:
    x = torch.from_numpy(SIMULATED.values - SIMULATED.values.mean(axis=0))
    target, source = (torch.from_numpy(r) for r in SIMULATED.quarters())
    classes = torch.from_numpy(SIMULATED.labels)[source]
    start = released_loading(x[source], classes, 10, torch_generator(0))
    ends = [adapt(x[target], start, penalty) for penalty in (min(GRID), max(GRID))]
    change = torch.linalg.norm(ends[0] - ends[1]) / torch.linalg.norm(ends[0])
    assert float(change) < 2e-3


def test_the_released_strength_is_one_of_the_grid() -> None:
    found = released_strength(SMALL, START, torch_generator(0), None)
    assert found in GRID


def test_the_released_field_has_a_fixed_smoothness(scores: torch.Tensor) -> None:
    fit = released_field(scores, SECTION, 4, np.random.default_rng(0))
    assert (fit.beta, BETA) == (2.0, 2.0)
