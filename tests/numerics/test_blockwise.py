"""Exact nearest rows in blocks."""

from __future__ import annotations

import pytest
import torch

from napari_tessera.numerics import blockwise
from napari_tessera.numerics.blockwise import nearest_rows, softmax_weights

GENERATOR = torch.Generator().manual_seed(0)
QUERIES = torch.randn(50, 5, generator=GENERATOR)
KEYS = torch.randn(80, 5, generator=GENERATOR)


@pytest.mark.parametrize("block", [80, 1000, 2**23])
def test_the_nearest_are_found_whatever_the_block(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blockwise, "BLOCK_ENTRIES", block)
    wanted = torch.cdist(QUERIES, KEYS).topk(7, dim=1, largest=False)[1]
    assert (nearest_rows(QUERIES, KEYS, 7).sort()[0] == wanted.sort()[0]).all()


def test_no_more_rows_are_found_than_there_are() -> None:
    assert nearest_rows(QUERIES, KEYS[:3], 7).shape == (50, 3)


def test_weights_add_up_to_one_and_fall_with_distance() -> None:
    lists = torch.cdist(QUERIES, KEYS).topk(7, dim=1, largest=False)[1]
    weights = softmax_weights(QUERIES, KEYS[lists], torch.tensor(0.5))
    assert weights.sum(dim=1).numpy() == pytest.approx(1.0, abs=1e-6)
    assert (weights.diff(dim=1) <= 1e-7).all()


def test_the_gradient_is_finite_where_a_query_is_a_key() -> None:
    query = KEYS[:1].clone().requires_grad_()
    torch.autograd.backward(softmax_weights(query, KEYS[None, :4], torch.tensor(1.0))[0, 0])
    assert query.grad is not None
    assert torch.isfinite(query.grad).all()
