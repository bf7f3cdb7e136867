"""Networks that fill in hidden genes, and views of the data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.numerics import masked_network
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.numerics.gene_views import (
    POOLED,
    SMOOTHED,
    cell_components,
    pooled,
    smoothed,
    some_spots,
    with_views,
)
from napari_tessera.numerics.imputers import Sides, standard_columns
from napari_tessera.numerics.minimise import module_arrays
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.testing.planted import planted_tissue

PAIRED = planted_tissue(n_cells=150, n_spots=80, n_genes=30, seed=4).paired
SIDES = Sides.of(prepare_panel(PAIRED, ImputingOptions()), torch.device("cpu"))
NET = masked_network.MaskedNetwork(30, 30, torch_generator(0))


def test_the_loss_is_the_mean_error_of_hidden_genes() -> None:
    found, truth = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    shown = torch.tensor([[True, False, True], [False, True, True]])
    assert masked_network.hidden_loss(found, truth, shown) == pytest.approx((4 + 16) / 2)


def test_a_gene_beyond_the_panel_weighs_as_much_as_one_of_the_panel() -> None:
    found, truth = torch.zeros(1, 3), torch.tensor([[1.0, 2.0, 3.0]])
    shown = torch.tensor([[True, False]])
    assert masked_network.hidden_loss(found, truth, shown) == pytest.approx(
        (4 + 0.3 * 9) / 1.3, rel=1e-6
    )


def test_what_is_not_an_input_does_not_matter() -> None:
    family = masked_network.MaskedNetworks([NET])
    inputs, outputs = torch.arange(20), torch.arange(20, 30)
    first = family.predict(SIDES, inputs, outputs, family.names)["network"]
    changed = dataclasses.replace(SIDES, spots=SIDES.spots.clone())
    changed.spots[:, 20:] = 7.0
    assert torch.equal(family.predict(changed, inputs, outputs, family.names)["network"], first)


def test_several_networks_are_averaged() -> None:
    other = masked_network.MaskedNetwork(30, 30, torch_generator(1))
    inputs, outputs = torch.arange(20), torch.arange(20, 30)
    found = [
        masked_network.MaskedNetworks(nets).predict(SIDES, inputs, outputs, ())["network"]
        for nets in ([NET], [other], [NET, other])
    ]
    assert torch.allclose((found[0] + found[1]) / 2, found[2], atol=1e-6)


def test_a_network_comes_back_from_its_weights() -> None:
    again = masked_network.restored(module_arrays(NET), 30, 30)
    assert torch.equal(again(SIDES.spots), NET(SIDES.spots))


def test_steps_depend_on_seed_and_step_alone() -> None:
    plan = masked_network.training_plan(NET, SIDES.cells, 30, 5)
    first = plan.terms(3)["hidden"]
    plan.terms(0)
    assert torch.equal(plan.terms(3)["hidden"], first)


def test_components_are_orthonormal() -> None:
    u, _ = cell_components(PAIRED, ImputingOptions())
    assert torch.allclose(u.T @ u, torch.eye(u.shape[1]), atol=1e-4)


def test_a_cell_is_pooled_with_its_nearest_ones() -> None:
    u, _ = cell_components(PAIRED, ImputingOptions())
    away = torch.cdist(u, u)
    nearest = away.argsort(dim=1)[:, :10]
    wanted = standard_columns(SIDES.cells[nearest].mean(dim=1))
    assert torch.allclose(pooled(u, SIDES.cells), wanted, atol=1e-4)


def test_a_spot_is_smoothed_with_its_neighbours() -> None:
    graph = PAIRED.spot_graph
    assert graph is not None
    near = torch.from_numpy(graph.toarray()).float() + torch.eye(80)
    wanted = standard_columns(near / near.sum(dim=1, keepdim=True) @ SIDES.spots)
    assert torch.allclose(smoothed(SIDES.spots, PAIRED), wanted, atol=1e-4)


def test_some_spots_are_taken_from_every_view() -> None:
    whole = with_views(SIDES, PAIRED, ImputingOptions())
    some = some_spots(whole, np.array([3, 9]))
    assert torch.equal(some.views[SMOOTHED].spots, whole.views[SMOOTHED].spots[[3, 9]])
    assert some.views[POOLED].spots.shape == (2, 30)
