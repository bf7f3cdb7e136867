"""The network among the experts: what it sees that a regression does not, and its repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.contract.errors import FitCancelled
from napari_tessera.methods.ensemble_annotation import network
from napari_tessera.methods.ensemble_annotation.network import NetworkFit, fit_network
from napari_tessera.numerics.cross_fit import HeldOutCells, cross_fit
from napari_tessera.numerics.labels import stratified_folds
from napari_tessera.numerics.softmax_regression import ThinnedCells
from napari_tessera.numerics.thinning import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator


def either_not_both(n_cells: int = 360) -> ThinnedCells:
    """Two types: of two genes one is on, or both or none are; ten genes have nothing to say."""
    rng = np.random.default_rng(4)
    on = rng.integers(0, 2, (n_cells, 2))
    means = np.concatenate([20.0 * on, np.full((n_cells, 10), 5.0)], axis=1)
    return ThinnedCells(
        counts=sparse.csr_matrix(rng.poisson(means).astype(np.float32)),
        codes=(on[:, 0] ^ on[:, 1]).astype(np.int64),
        n_types=2,
        shares=np.full(12, 0.6),
    )


CELLS = either_not_both()


def held_out() -> HeldOutCells:
    """Thin the same cells once, and deal them to three folds."""
    rng = np.random.default_rng(5)
    return HeldOutCells(
        counts=CELLS.thinned(rng), folds=stratified_folds(CELLS.codes, n_folds=3, rng=rng)
    )


HELD = held_out()


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """Few steps are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "MOST_STEPS", 700)
        yield


@pytest.fixture(scope="module")
def found() -> NetworkFit:
    return fit_network(CELLS, HELD, 1, lambda: None)


def test_types_that_only_two_genes_together_tell_are_named(found: NetworkFit) -> None:
    assert (found.log_p.argmax(axis=1) == CELLS.codes).mean() > 0.95


def test_a_regression_cannot_name_them() -> None:
    answer = cross_fit(CELLS, HELD, Transform.ROOT, 1)
    assert (answer.log_p.argmax(axis=1) == CELLS.codes).mean() < 0.75


def test_the_network_of_all_cells_names_them_too(found: NetworkFit) -> None:
    answer = found.network.log_posterior(HELD.counts)
    assert (answer.argmax(axis=1) == CELLS.codes).mean() > 0.95


def test_probabilities_of_the_network_add_up_to_one(found: NetworkFit) -> None:
    assert np.exp(found.log_p).sum(axis=1) == pytest.approx(np.ones(CELLS.codes.size))


def test_it_stops_where_held_out_cells_gain_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "CHECK", 20)
    noise = np.random.default_rng(0).permutation(CELLS.codes)
    cells = ThinnedCells(counts=CELLS.counts, codes=noise, n_types=2, shares=CELLS.shares)
    beats: list[int] = []
    fit = fit_network(cells, HELD, 1, lambda: beats.append(1))
    assert fit.n_steps == 20 * (len(beats) - 2 - network.PATIENCE)


def test_the_answer_does_not_depend_on_the_threads(
    found: NetworkFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "MOST_STEPS", found.n_steps)
    former = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        again = fit_network(CELLS, HELD, 1, lambda: None)
    finally:
        torch.set_num_threads(former)
    assert (again.log_p == found.log_p).all()


def test_it_can_be_given_up_while_it_learns() -> None:
    def give_up() -> None:
        raise FitCancelled

    with pytest.raises(FitCancelled):
        fit_network(CELLS, HELD, 1, give_up)
