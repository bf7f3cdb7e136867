"""Each loss against the equation written out densely in double precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_tessera.methods.stem import losses
from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.numerics.tensors import SparsePattern

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = [(7, 9), (64, 50), (200, 333)]
CPU = torch.device("cpu")


def embeddings(n_spots: int, n_cells: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(n_spots)
    made = [
        torch.randn(n, 16, generator=generator, dtype=torch.float64) for n in (n_spots, n_cells)
    ]
    return [m.to(dtype).requires_grad_() for m in made]


def adjacency(n_spots: int, dtype: torch.dtype = torch.float64) -> tuple[SparsePattern, Tensor]:
    side = int(np.ceil(np.sqrt(n_spots)))
    xy = np.array([(i % side, i // side) for i in range(n_spots)], dtype=float)
    matrix = gaussian_adjacency(xy, 0.5)
    return SparsePattern.from_scipy(matrix, CPU, dtype), torch.from_numpy(matrix.toarray())


def dense_extraction(q: Tensor, z: Tensor, s: Tensor) -> Tensor:
    return -(s * (q @ z.T).log_softmax(dim=1)).sum() / len(s)


def dense_transport(u: Tensor, z: Tensor, s: Tensor) -> Tensor:
    b = u @ z.T
    walk = b.softmax(dim=0).T @ b.softmax(dim=1)
    return -(s * walk.log()).sum() / len(s)


def dense_alignment(x: Tensor, y: Tensor) -> Tensor:
    pooled = torch.cat([x, y])
    d = (pooled[:, None] - pooled[None]).square().sum(dim=2)
    n = len(pooled)
    b = (d.sum() / (n * (n - 1))).detach()
    k = sum((torch.exp(-d / (b * 2.0 ** (i - 2))) for i in range(5)), torch.zeros_like(d))
    m = len(x)
    return k[:m, :m].mean() + k[m:, m:].mean() - 2 * k[:m, m:].mean()


def assert_alike(ours: Tensor, dense: Tensor, inputs: list[Tensor]) -> None:
    assert ours.item() == pytest.approx(dense.item(), rel=1e-9)
    got = torch.autograd.grad(ours, inputs)
    wanted = torch.autograd.grad(dense, inputs)
    for g, w in zip(got, wanted, strict=True):
        assert (g - w).norm() <= 1e-9 * w.norm()


@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_extraction_equals_the_dense_equation(
    n_spots: int, n_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "BLOCK_ENTRIES", 3 * n_spots)
    z, _ = embeddings(n_spots, n_cells)
    q = (z.detach() + 0.1).requires_grad_()
    csr, dense = adjacency(n_spots)
    assert_alike(losses.extraction(q, z, csr), dense_extraction(q, z, dense), [q, z])


@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_transport_equals_the_dense_equation(
    n_spots: int, n_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "BLOCK_ENTRIES", 4 * n_spots)
    z, u = embeddings(n_spots, n_cells)
    csr, dense = adjacency(n_spots)
    assert_alike(losses.transport(u, z, csr), dense_transport(u, z, dense), [u, z])


@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_alignment_equals_the_dense_equation(
    n_spots: int, n_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "BLOCK_ENTRIES", 4 * n_spots)
    z, u = embeddings(n_spots, n_cells)
    assert_alike(losses.alignment(u, z), dense_alignment(u, z), [u, z])


@pytest.mark.parametrize("name", ["extraction", "transport", "alignment"])
@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_single_precision_agrees_with_double_to_1e_5(name: str, n_spots: int, n_cells: int) -> None:
    results = []
    for dtype in (torch.float32, torch.float64):
        z, u = embeddings(n_spots, n_cells, dtype)
        csr = adjacency(n_spots, dtype)[0]
        first = z if name == "extraction" else u
        args = (u, z) if name == "alignment" else (first, z, csr)
        value = getattr(losses, name)(*args)
        results.append((value.item(), torch.autograd.grad(value, z)[0].double()))
    (single, single_grad), (double, double_grad) = results
    assert single == pytest.approx(double, rel=1e-5, abs=1e-7)
    assert (single_grad - double_grad).norm() <= 1e-5 * double_grad.norm()


def test_extraction_is_at_least_the_entropy_of_the_target() -> None:
    z, _ = embeddings(64, 5)
    csr, dense = adjacency(64)
    p = dense[dense > 0]
    assert losses.extraction(z, z, csr).item() >= -(p * p.log()).sum().item() / 64


def test_alignment_of_a_sample_with_itself_is_zero_and_grows_with_a_shift() -> None:
    z, _ = embeddings(50, 5)
    shifted = [losses.alignment(z + shift, z).item() for shift in (0.0, 0.2, 0.5)]
    assert shifted[0] == pytest.approx(0.0, abs=1e-12)
    assert shifted[0] < shifted[1] < shifted[2]


def test_permuting_cells_leaves_transport_unchanged() -> None:
    z, u = embeddings(64, 50)
    csr, _ = adjacency(64)
    flipped = losses.transport(u.flip(0), z, csr).item()
    assert flipped == pytest.approx(losses.transport(u, z, csr).item(), rel=1e-12)


@pytest.mark.parametrize(("term", "n_rows"), [(losses.extraction, 7), (losses.transport, 9)])
def test_gradients_of_a_toy_equal_finite_differences(
    term: Callable[[Tensor, Tensor, SparsePattern], Tensor], n_rows: int
) -> None:
    generator = torch.Generator().manual_seed(3)
    spots, rows = (
        torch.randn(n, 3, generator=generator, dtype=torch.float64, requires_grad=True)
        for n in (7, n_rows)
    )
    target, _ = adjacency(7)
    assert torch.autograd.gradcheck(lambda r, s: term(r, s, target), (rows, spots), atol=1e-6)
