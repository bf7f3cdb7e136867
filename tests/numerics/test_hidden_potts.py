"""The hidden Potts field."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.numerics import hidden_potts
from napari_tessera.numerics.hidden_potts import (
    Field,
    class_moments,
    colour_graph,
    conditional_modes,
    estimate_beta,
    mean_field,
    potts_energy,
)

SIDE, N_CLASSES = 40, 3
CPU = torch.device("cpu")


def lattice(side: int) -> sparse.csr_matrix:
    """Four neighbours on a square."""
    line = sparse.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(side, side))
    one = sparse.identity(side)
    return sparse.csr_matrix(sparse.kron(line, one) + sparse.kron(one, line))


def gibbs(beta: float, sweeps: int = 60) -> torch.Tensor:
    """Labels drawn from the field, with beta / 2 per unlike pair."""
    field = Field.of(GRAPH, CPU)
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(N_CLASSES, (SIDE**2,), generator=rng)
    for _ in range(sweeps):
        for turn in field.turns:
            hard = torch.nn.functional.one_hot(labels, N_CLASSES).double()
            chances = (0.5 * beta * field.support(hard, turn)).softmax(dim=1)
            labels[turn] = torch.multinomial(chances, 1, generator=rng)[:, 0]
    return labels


GRAPH = lattice(SIDE)
FIELD = Field.of(GRAPH, CPU)
ENERGY = torch.rand((SIDE**2, N_CLASSES), generator=torch.Generator().manual_seed(1)).double() * 2
START = ENERGY.argmin(dim=1)


def test_no_two_neighbours_have_one_colour() -> None:
    row, col = GRAPH.nonzero()
    colour = colour_graph(GRAPH)
    assert not (colour[row] == colour[col]).any()


@pytest.mark.parametrize("beta", [0.0, 0.7, 2.0, 5.0])
def test_the_energy_never_rises(beta: float) -> None:
    energies = conditional_modes(ENERGY, FIELD, beta, START)[1]
    assert all(later <= before + 1e-9 for before, later in itertools.pairwise(energies))


def test_the_energy_is_that_of_the_definition() -> None:
    labels = START.numpy()
    row, col = sparse.triu(GRAPH).nonzero()
    unlike = int((labels[row] != labels[col]).sum())
    wanted = float(ENERGY.gather(1, START[:, None]).sum()) + 1.5 / 2 * unlike
    assert potts_energy(ENERGY, FIELD, 1.5, START) == pytest.approx(wanted)


def test_without_smoothness_the_field_is_the_posterior_of_equal_classes() -> None:
    soft = mean_field(ENERGY, FIELD, 0.0, torch.full_like(ENERGY, 1 / N_CLASSES))
    assert torch.allclose(soft, (-ENERGY).softmax(dim=1))


def test_more_smoothness_joins_more_neighbours() -> None:
    row, col = GRAPH.nonzero()
    alike = []
    for beta in (0.0, 1.0, 3.0):
        labels = mean_field(ENERGY, FIELD, beta, (-ENERGY).softmax(dim=1)).argmax(dim=1).numpy()
        alike.append(float((labels[row] == labels[col]).mean()))
    assert alike[0] < alike[1] < alike[2]


@pytest.mark.parametrize("beta", [0.8, 1.4])
def test_the_smoothness_of_drawn_labels_is_recovered(beta: float) -> None:
    hard = torch.nn.functional.one_hot(gibbs(beta), N_CLASSES).double()
    assert estimate_beta(hard, 0.5 * FIELD.support(hard)) == pytest.approx(beta, rel=0.15)


def test_a_spot_without_neighbours_follows_its_data() -> None:
    alone = Field.of(sparse.csr_matrix((4, 4)), CPU)
    soft = mean_field(ENERGY[:4], alone, 3.0, ENERGY[:4].softmax(dim=1))
    assert torch.allclose(soft, (-ENERGY[:4]).softmax(dim=1))


def test_the_order_of_the_spots_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(SIDE**2)
    mixed = Field.of(sparse.csr_matrix(GRAPH[order][:, order]), CPU)
    soft = mean_field(ENERGY, FIELD, 1.0, (-ENERGY).softmax(dim=1))
    other = mean_field(ENERGY[order], mixed, 1.0, (-ENERGY[order]).softmax(dim=1))
    assert float((soft[order] - other).abs().max()) < 0.05


def test_class_energies_are_gaussian_log_densities() -> None:
    rng = np.random.default_rng(3)
    x, soft = torch.from_numpy(rng.normal(size=(60, 3))), torch.from_numpy(
        rng.dirichlet(np.ones(2), 60)
    )  # fmt: skip
    classes = class_moments(x, soft, 5.0)
    density = torch.stack(
        [
            torch.distributions.MultivariateNormal(m, c).log_prob(x)  # type: ignore[no-untyped-call]
            for m, c in zip(classes.mean, classes.covariance, strict=True)
        ],
        dim=1,
    )
    constant = 1.5 * np.log(2 * np.pi)
    assert torch.allclose(classes.energy(x), -density - constant)


def test_an_endless_prior_shares_one_covariance() -> None:
    rng = np.random.default_rng(3)
    x, soft = torch.from_numpy(rng.normal(size=(60, 3))), torch.eye(2).double().repeat(30, 1)
    covariance = class_moments(x, soft, float("inf")).covariance
    assert torch.allclose(covariance[0], covariance[1])


def test_spots_whose_neighbours_stay_need_not_be_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    energy = 3 * ENERGY
    start = (-energy).softmax(dim=1)
    whole = mean_field(energy, FIELD, 1.5, start)
    monkeypatch.setattr(hidden_potts, "MANY", 10)
    asked: list[int] = []
    near = Field.near

    def counted(self: Field, moved: torch.Tensor) -> tuple[torch.Tensor, ...]:
        turns = near(self, moved)
        asked.append(sum(len(turn) for turn in turns))
        return turns

    monkeypatch.setattr(Field, "near", counted)
    quick = mean_field(energy, FIELD, 1.5, start)
    assert float((quick - whole).abs().max()) < 3e-3
    assert asked[-1] < SIDE**2 / 2


def test_the_smoothness_of_many_spots_is_that_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = torch.nn.functional.one_hot(gibbs(1.5), N_CLASSES).double()
    support = 0.5 * FIELD.support(hard)
    every = estimate_beta(hard, support)
    monkeypatch.setattr(hidden_potts, "MANY", SIDE**2 // 3)
    assert estimate_beta(hard, support) == pytest.approx(every, rel=0.15)
