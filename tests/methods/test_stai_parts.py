"""Network, batches and calibration of stAI, each by itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.methods.stai.answers import imputed
from napari_tessera.methods.stai.network import LATENT, Attention, StaiNet
from napari_tessera.methods.stai.options import Focus, StaiOptions, Variant
from napari_tessera.methods.stai.prepare import (
    PATCH,
    all_logs,
    draw_batch,
    locate,
    n_batches,
    prepare,
    tissue_graph,
)
from napari_tessera.methods.stai.reliability import (
    expected_pcc,
    fit_expected,
    panel_correlation,
)
from napari_tessera.testing.planted_cells import planted_cells

PAIRED = planted_cells(n_cells=200, n_spots=400, n_genes=30).paired
OPTIONS = StaiOptions(batch=150, neighbours=5)
CPU = torch.device("cpu")
DATA = prepare(PAIRED, OPTIONS, CPU)


def net(*, shared: bool) -> StaiNet:
    """Make a network with fresh weights."""
    return StaiNet(30, 4, shared=shared, generator=torch.Generator().manual_seed(1)).eval()


def embedded(model: StaiNet, neighbours: torch.Tensor) -> torch.Tensor:
    """All spots of the data under other neighbours."""
    rows = torch.arange(DATA.n_spots)
    with torch.no_grad():
        return model.spots(DATA.spots, rows, neighbours)


def test_attention_equals_dense_attention() -> None:
    model = net(shared=False).attention
    assert isinstance(model, Attention)
    z = torch.randn(8, LATENT, generator=torch.Generator().manual_seed(2))
    near = torch.tensor([[(i + 1) % 8, (i + 3) % 8] for i in range(8)])
    with torch.no_grad():
        w = z @ model.project.weight.T
        score = (w @ model.source)[None, :] + (w @ model.target)[:, None]
        score = torch.nn.functional.leaky_relu(score, 0.2)
        mask = torch.full((8, 8), -torch.inf)
        for i in range(8):
            mask[i, [i, *near[i].tolist()]] = 0
        wanted = torch.softmax(score + mask, dim=1) @ w + model.bias
        found = model(z, torch.arange(8), near)
    assert found.numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_without_neighbours_a_spot_is_embedded_by_itself(shared: bool) -> None:  # noqa: FBT001 - parametrised
    model = net(shared=shared)
    alone = torch.arange(DATA.n_spots)[:, None].expand(-1, 5)
    whole = embedded(model, alone)
    with torch.no_grad():
        single = model.spots(DATA.spots[:1], torch.tensor([0]), torch.tensor([[0] * 5]))
    assert whole[:1].numpy() == pytest.approx(single.numpy(), abs=1e-5)


def test_the_gate_of_the_improved_form_starts_closed() -> None:
    model = net(shared=True)
    with torch.no_grad():
        assert (embedded(model, DATA.neighbours) == model.cells(DATA.spots)).all()


def test_only_the_published_form_has_an_encoder_of_its_own_for_cells() -> None:
    assert not hasattr(net(shared=True), "cell_trunk")
    first = dict(net(shared=False).named_parameters())["cell_trunk.0.weight"]
    assert float(first.detach().std()) == pytest.approx(0.1, rel=0.1)


def test_batches_of_a_round_hold_every_spot_once() -> None:
    rows = [draw_batch(DATA, OPTIONS, 0, s).rows for s in range(n_batches(DATA, OPTIONS))]
    assert torch.cat(rows).sort()[0].tolist() == list(range(400))


def test_a_batch_knows_the_true_neighbours_of_its_spots() -> None:
    batch = draw_batch(DATA, OPTIONS, 0, 1)
    assert (batch.known[batch.neighbours] == DATA.neighbours[batch.rows]).all()
    assert (batch.known[batch.own] == batch.rows).all()


def test_a_batch_of_patches_has_few_neighbours_outside() -> None:
    paired = planted_cells(n_cells=50, n_spots=4000, n_genes=8).paired
    data = prepare(paired, OPTIONS, CPU)
    batch = draw_batch(data, dataclasses.replace(OPTIONS, batch=8 * PATCH), 0, 0)
    assert len(batch.known) < 2 * len(batch.rows)


def test_the_same_step_draws_the_same_batch() -> None:
    first, second = (draw_batch(DATA, OPTIONS, 2, 7) for _ in range(2))
    assert (first.cells == second.cells).all()


def test_moving_turning_and_scaling_the_tissue_changes_no_neighbour() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = dataclasses.replace(PAIRED, spot_xy=3 * PAIRED.spot_xy @ turn + 100)
    found = [np.sort(tissue_graph(p, 6, cut=True)) for p in (PAIRED, moved)]
    assert (found[0] == found[1]).all()


def test_gaps_of_the_tissue_are_not_bridged() -> None:
    xy = PAIRED.spot_xy.copy()
    xy[:2] += 1e6
    apart = tissue_graph(dataclasses.replace(PAIRED, spot_xy=xy), 5, cut=True)
    assert set(apart[:2].ravel().tolist()) <= {0, 1}


def test_located_rows_point_back() -> None:
    rows = torch.tensor([5, 9])
    known, own, _ = locate(DATA, rows)
    assert (known[own] == rows).all()


def test_cells_are_normalised_by_the_total_of_all_their_genes() -> None:
    further = dataclasses.replace(
        PAIRED.cells, gene_names=np.array([f"MORE{i}" for i in range(30)])
    )
    logs = all_logs(dataclasses.replace(PAIRED, further=further))
    assert np.expm1(logs.toarray()).sum(axis=1) == pytest.approx(1e4, rel=1e-3)
    assert logs.shape == (PAIRED.n_cells, 60)


def test_spots_of_the_published_form_are_not_logged() -> None:
    published = prepare(PAIRED, StaiOptions(variant=Variant.PUBLISHED), CPU)
    x = PAIRED.spots.values.toarray()
    wanted = (x - x.mean(axis=0)) / x.std(axis=0)
    assert published.spots.numpy() == pytest.approx(np.minimum(wanted, 10), abs=1e-3)


def test_weights_of_the_losses_are_those_of_the_question() -> None:
    assert StaiOptions(focus=Focus.IMPUTATION).loss_weights["co_expression"] == 0
    assert StaiOptions(focus=Focus.ANNOTATION).loss_weights["classification"] == 10


def test_imputed_genes_are_averages_of_cells_standardised_over_spots() -> None:
    rng = np.random.default_rng(0)
    weights = sparse.csr_matrix(rng.dirichlet(np.ones(20), 9))
    targets = rng.random((20, 4)).astype(np.float32)
    mean = weights.toarray() @ targets[:, [1, 3]]
    wanted = (mean - mean.mean(axis=0)) / mean.std(axis=0)
    assert imputed(weights, targets, np.array([1, 3])) == pytest.approx(wanted, abs=1e-5)


def test_the_panel_predicts_a_copy_well_and_noise_not_at_all() -> None:
    rng = np.random.default_rng(1)
    panel = rng.normal(size=(2000, 5))
    noisy = np.column_stack([panel[:, 0] + 0.1 * rng.normal(size=2000), rng.normal(size=2000)])
    noisy /= noisy.std(axis=0)
    found = panel_correlation(np.column_stack([panel, noisy]), 5)
    assert found[5] > 0.9
    assert found[:5].max() < 0.35
    assert found[6] < 0.1


def test_expected_correlations_follow_the_held_out_genes() -> None:
    reference = np.linspace(0.1, 0.9, 40)
    achieved = np.tanh(0.6 * np.arctanh(reference))
    found = expected_pcc(fit_expected(achieved, reference), reference)
    assert found == pytest.approx(achieved, abs=0.08)
