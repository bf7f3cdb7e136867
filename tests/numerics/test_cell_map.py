"""The map operator against the dense softmax it never forms."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from napari_tessera.numerics import cell_map as module
from napari_tessera.numerics.cell_map import CellMap, MapRows, embedding_map

N_CELLS, N_SPOTS = 53, 120
XY = np.stack(np.divmod(np.arange(N_SPOTS), 12), axis=1).astype(float) * 10 + 1000


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 7 * N_SPOTS)


@pytest.fixture
def made() -> tuple[CellMap, np.ndarray]:
    generator = torch.Generator().manual_seed(1)
    u = torch.randn(N_CELLS, 6, generator=generator)
    z = torch.randn(N_SPOTS, 6, generator=generator)
    return embedding_map([u], [z], [1.5]), (1.5 * u.double() @ z.double().T).numpy()


def softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return np.asarray(p / p.sum(axis=axis, keepdims=True))


def rows_of(made: tuple[CellMap, np.ndarray]) -> tuple[MapRows, np.ndarray]:
    return made[0].rows(XY, 10.0), softmax(made[1], 1)


def test_the_mean_is_exact(made: tuple[CellMap, np.ndarray]) -> None:
    rows, p = rows_of(made)
    assert rows.mean_xy == pytest.approx(p @ XY, rel=1e-6)


def test_the_covariance_is_exact(made: tuple[CellMap, np.ndarray]) -> None:
    rows, p = rows_of(made)
    off = XY[None] - (p @ XY)[:, None]
    wanted = np.einsum("ij,ija,ijb->iab", p, off, off)
    assert np.abs(rows.covariance - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_entropy_is_exact_over_both_softmaxes(made: tuple[CellMap, np.ndarray]) -> None:
    cell_map, logits = made
    for found, axis in ((cell_map.entropy(), 1), (cell_map.spot_entropy(), 0)):
        p = softmax(logits, axis)
        assert found == pytest.approx(-(p * np.log(p)).sum(axis=axis), abs=1e-5)


def test_values_travel_both_ways(made: tuple[CellMap, np.ndarray]) -> None:
    cell_map, logits = made
    values = np.random.default_rng(0).normal(size=(N_CELLS, 3))
    to_spots = softmax(logits, 0).T @ values
    assert np.abs(cell_map.to_spots(values) - to_spots).max() < 1e-5
    assert cell_map.to_cells(XY) == pytest.approx(softmax(logits, 1) @ XY, rel=1e-6)


def test_the_modal_spot_is_the_largest_entry(made: tuple[CellMap, np.ndarray]) -> None:
    assert np.array_equal(made[0].modal_spot(), made[1].argmax(axis=1))


def test_kept_entries_and_residual_make_one(made: tuple[CellMap, np.ndarray]) -> None:
    rows, _ = rows_of(made)
    total = np.asarray(rows.map.sum(axis=1)).ravel() + rows.map_residual
    assert total == pytest.approx(np.ones(N_CELLS), abs=1e-5)


def test_kept_entries_are_the_largest_and_enough(made: tuple[CellMap, np.ndarray]) -> None:
    rows, p = rows_of(made)
    counts = np.diff(rows.map.indptr)
    for i in range(N_CELLS):
        kept = rows.map.indices[rows.map.indptr[i] : rows.map.indptr[i + 1]]
        assert set(kept) == set(np.argsort(-p[i])[: counts[i]])
        assert rows.map_residual[i] <= 1 - module.MASS + 1e-6 or counts[i] == module.MOST_K


def test_top_k_keeps_k(made: tuple[CellMap, np.ndarray]) -> None:
    assert (np.diff(made[0].top_k(5).indptr) == 5).all()


def test_confidence_is_a_probability(made: tuple[CellMap, np.ndarray]) -> None:
    rows, _ = rows_of(made)
    assert ((rows.confidence >= 0) & (rows.confidence <= 1)).all()


def test_permuting_cells_permutes_rows(made: tuple[CellMap, np.ndarray]) -> None:
    cell_map, logits = made
    order = np.random.default_rng(2).permutation(N_CELLS)
    held = torch.from_numpy(logits[order]).float()
    moved = CellMap(n_cells=N_CELLS, n_spots=N_SPOTS, logits=lambda b: held[b])
    assert moved.place(XY, 10.0) == pytest.approx(cell_map.place(XY, 10.0)[order], abs=1e-2)


def test_members_average_their_log_probabilities() -> None:
    generator = torch.Generator().manual_seed(3)
    u = [torch.randn(9, 4, generator=generator) for _ in range(2)]
    z = [torch.randn(N_SPOTS, 4, generator=generator) for _ in range(2)]
    logs = [(a @ b.T).log_softmax(dim=1) for a, b in zip(u, z, strict=True)]
    wanted = ((logs[0] + logs[1]) / 2).softmax(dim=1).numpy() @ XY
    assert embedding_map(u, z, [1.0, 1.0]).to_cells(XY) == pytest.approx(wanted, rel=1e-5)


def test_a_large_map_is_never_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 2**18)
    n_cells, n_spots = 20_000, 2_000
    u, z = torch.randn(n_cells, 8), torch.randn(n_spots, 8)
    sizes: list[int] = []

    def logits(block: slice) -> torch.Tensor:
        made = u[block] @ z.T
        sizes.append(made.numel())
        return made

    xy = np.random.default_rng(0).random((n_spots, 2))
    tracemalloc.start()
    CellMap(n_cells=n_cells, n_spots=n_spots, logits=logits).to_cells(xy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(sizes) <= 2**18
    assert peak < n_cells * n_spots
