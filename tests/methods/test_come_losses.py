"""Terms of COME against the equations written out densely, and their invariances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
import torch
from torch import Tensor

from napari_tessera.methods.come import contrast as blockwise
from napari_tessera.methods.come import losses
from napari_tessera.methods.come.contrast import Positives, class_contrast, contrast

if TYPE_CHECKING:

    class Contrast(Protocol):
        __name__: str

        def __call__(self, spots: Tensor, cells: Tensor, p: Positives, /) -> Tensor: ...


SIZES = [(7, 9), (64, 50), (333, 200)]
FORMS = [contrast, class_contrast]


def made(n_spots: int, n_cells: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(n_spots)
    rows = [
        torch.randn(n, 16, generator=generator, dtype=torch.float64) for n in (n_spots, n_cells)
    ]
    return [r.to(dtype).requires_grad_() for r in rows]


def positives(n_spots: int, n_cells: int) -> Positives:
    generator = torch.Generator().manual_seed(1)
    return Positives(
        n_spots=n_spots,
        classes=torch.randint(4, (n_cells,), generator=generator),
        partners=torch.randint(n_spots, (n_cells,), generator=generator),
    )


def dense_mask(p: Positives) -> Tensor:
    mask = torch.zeros(p.n_rows, p.n_rows, dtype=torch.bool)
    for i in range(len(p.classes)):
        for j in range(len(p.classes)):
            mask[p.n_spots + i, p.n_spots + j] = i != j and bool(p.classes[i] == p.classes[j])
        spot = int(p.partners[i])
        mask[p.n_spots + i, spot] = mask[spot, p.n_spots + i] = True
    return mask


def dense_similarities(spots: Tensor, cells: Tensor) -> Tensor:
    codes = torch.cat(
        [row / row.square().sum(dim=1, keepdim=True).sqrt() for row in (spots, cells)]
    )
    s = codes @ codes.T / 0.8
    return s.masked_fill(torch.eye(len(s), dtype=torch.bool), -torch.inf)


def dense_contrast(spots: Tensor, cells: Tensor, p: Positives) -> Tensor:
    e, mask = dense_similarities(spots, cells).exp(), dense_mask(p)
    rows = mask.any(dim=1)
    ratio: Tensor = (e * mask).sum(dim=1)[rows] / e.sum(dim=1)[rows]
    return -ratio.log().mean()


def dense_class_contrast(spots: Tensor, cells: Tensor, p: Positives) -> Tensor:
    s, mask = dense_similarities(spots, cells), dense_mask(p)
    total = s.new_zeros(())
    rows = mask.any(dim=1).nonzero()[:, 0].tolist()
    for r in rows:
        near = mask[r].nonzero()[:, 0]
        kinds = [near[near < p.n_spots], near[near >= p.n_spots]]
        means = [s[r, k].mean() for k in kinds if len(k)]
        total = total + s[r].logsumexp(dim=0) - torch.stack(means).mean()
    return total / len(rows)


DENSE: dict[str, Contrast] = {"contrast": dense_contrast, "class_contrast": dense_class_contrast}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_contrast_and_gradients_equal_the_dense_equation(
    form: Contrast, n_spots: int, n_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blockwise, "BLOCK_ENTRIES", 5 * (n_spots + n_cells))
    inputs, p = made(n_spots, n_cells), positives(n_spots, n_cells)
    ours, dense = form(inputs[0], inputs[1], p), DENSE[form.__name__](inputs[0], inputs[1], p)
    assert ours.item() == pytest.approx(dense.item(), rel=1e-9)
    got, wanted = torch.autograd.grad(ours, inputs), torch.autograd.grad(dense, inputs)
    for g, w in zip(got, wanted, strict=True):
        assert (g - w).norm() <= 1e-9 * w.norm()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("n_spots", "n_cells"), SIZES)
def test_single_precision_agrees_with_double_to_1e_5(
    form: Contrast, n_spots: int, n_cells: int
) -> None:
    found = []
    for dtype in (torch.float32, torch.float64):
        inputs = made(n_spots, n_cells, dtype)
        value = form(inputs[0], inputs[1], positives(n_spots, n_cells))
        found.append([value, *torch.autograd.grad(value, inputs)])
    for single, double in zip(*found, strict=True):
        assert (single.double() - double).norm() <= 1e-5 * double.norm()


@pytest.mark.parametrize("form", FORMS)
def test_contrast_sees_only_the_direction_of_codes(form: Contrast) -> None:
    spots, cells = made(12, 20)
    p = positives(12, 20)
    longer = torch.rand(20, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1
    assert form(spots, cells * longer, p).item() == pytest.approx(form(spots, cells, p).item())


@pytest.mark.parametrize("form", FORMS)
def test_a_spot_that_no_cell_chose_has_no_row(form: Contrast) -> None:
    spots, cells = made(12, 20)
    p = Positives(
        n_spots=12, classes=torch.zeros(20, dtype=torch.int64), partners=torch.full((20,), 3)
    )
    assert p.valid().sum() == 21
    assert torch.isfinite(form(spots, cells, p))


def test_contrast_needs_no_square_of_the_rows() -> None:
    spots, cells = made(600, 900, torch.float32)
    sizes: list[int] = []

    def note(saved: Tensor) -> Tensor:
        sizes.append(saved.numel())
        return saved

    with torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved):
        contrast(spots, cells, positives(600, 900))
    assert max(sizes) <= 1500 * 16


def test_similarity_of_a_matrix_with_itself_is_complete() -> None:
    x = torch.rand(20, 7, generator=torch.Generator().manual_seed(0))
    assert losses.similarity(x, x).item() == pytest.approx(0.0, abs=1e-6)


def test_similarity_is_symmetric_and_bounded() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(20, 7, generator=generator) for _ in range(2))
    one, other = losses.similarity(x, y).item(), losses.similarity(y, x).item()
    assert one == pytest.approx(other, rel=1e-6)
    assert 0 <= one <= 2


def test_gene_similarity_is_one_less_the_mean_correlation() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(30, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    each = [torch.corrcoef(torch.stack([x[:, g], y[:, g]]))[0, 1] for g in range(4)]
    assert losses.gene_similarity(x, y).item() == pytest.approx(1 - torch.stack(each).mean().item())


def test_placing_equals_the_dense_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "BLOCK_ENTRIES", 20)
    spots, queries = made(8, 5)
    target = torch.rand(5, 8, generator=torch.Generator().manual_seed(0)).double().softmax(dim=1)
    ours = losses.placing(queries, spots, target.to_sparse())
    dense = -(target * (queries @ spots.T).log_softmax(dim=1)).sum() / 5
    assert ours.item() == pytest.approx(dense.item())
    got, wanted = (torch.autograd.grad(v, [spots, queries]) for v in (ours, dense))
    assert all(torch.allclose(g, w) for g, w in zip(got, wanted, strict=True))


def test_carrying_in_blocks_equals_the_dense_map(monkeypatch: pytest.MonkeyPatch) -> None:
    spots, cells = made(30, 20)
    dense = (spots @ cells.T).softmax(dim=1) @ cells
    monkeypatch.setattr(losses, "BLOCK_ENTRIES", 60)
    ours = losses.carry(spots, cells, cells)
    assert torch.allclose(ours, dense)
    got, wanted = (torch.autograd.grad(v.square().sum(), [spots, cells]) for v in (ours, dense))
    assert all(torch.allclose(g, w) for g, w in zip(got, wanted, strict=True))


def test_smoothness_is_the_laplacian_form() -> None:
    y = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    edges = torch.tensor([[0, 1, 2, 4], [1, 2, 5, 3]])
    weights = torch.zeros(6, 6, dtype=torch.float64)
    weights[edges[0], edges[1]] = weights[edges[1], edges[0]] = 1
    laplacian = weights.sum(dim=1).diag() - weights
    wanted = torch.trace(y.T @ laplacian @ y).item() / 4
    assert losses.smoothness(y, edges).item() == pytest.approx(wanted)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_a_toy_equal_finite_differences(form: Contrast) -> None:
    p = positives(4, 6)
    spots, cells = made(4, 6)
    assert torch.autograd.gradcheck(lambda s, c: form(s, c, p), (spots, cells), atol=1e-6)
