"""Rows of COME's network in chunks: the same values and gradients, less memory."""

from __future__ import annotations

import pytest
import torch

from napari_tessera.methods.come.network import AmortisedMap
from napari_tessera.numerics import blocks


def made() -> tuple[AmortisedMap, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    net = AmortisedMap(30, correlated=True, generator=generator).double()
    return net, torch.randn(50, 30, generator=generator, dtype=torch.float64)


def loss(net: AmortisedMap, rows: torch.Tensor) -> torch.Tensor:
    seen = torch.ones(30, dtype=torch.float64)
    seen[::3] = 0
    embedding, codes = net.sides(rows, net.cell_projection, seen)
    return embedding.square().mul(embedding.cos()).sum() + net.autoencoder.reconstruction(
        codes, rows
    )


def test_chunks_give_the_value_and_gradients_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    net, rows = made()
    weights = list(net.autoencoder.parameters())
    whole = loss(net, rows)
    wanted = torch.autograd.grad(whole, weights)
    monkeypatch.setattr(blocks, "CHUNK_ROWS", 7)
    chunked = loss(net, rows)
    assert chunked.item() == pytest.approx(whole.item(), rel=1e-12)
    for got, want in zip(torch.autograd.grad(chunked, weights), wanted, strict=True):
        assert torch.allclose(got, want, rtol=1e-9, atol=1e-14)


def test_hidden_layers_of_chunks_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    net, rows = made()
    monkeypatch.setattr(blocks, "CHUNK_ROWS", 7)
    shapes: list[torch.Size] = []

    def note(saved: torch.Tensor) -> torch.Tensor:
        shapes.append(saved.shape)
        return saved

    with torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved):
        net.sides(rows, net.cell_projection)
    assert not [shape for shape in shapes if shape[-1:] == (256,) and len(shape) == 2]
