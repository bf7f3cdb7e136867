"""Paths followed by the units that change, against a product at every node."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_tessera.numerics.normed_paths import TwoLayerPass, suits
from napari_tessera.numerics.normed_tail import Norm, NormedPass, NormedTail, Ray

N, NODES, WIDTH, MIDDLE, DIMS = 9, 30, 32, 24, 6


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    """Draw normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def tail(*, cosine: bool = True) -> NormedTail:
    """Draw two layers with a LayerNorm before each."""
    norms = (Norm(gain=1 + draw(WIDTH) / 4, shift=draw(WIDTH, seed=1) / 2, eps=1e-5),
             Norm(gain=1 + draw(MIDDLE) / 4, shift=draw(MIDDLE, seed=1) / 2, eps=1e-2))  # fmt: skip
    return NormedTail(
        norms=norms,
        weights=(draw(MIDDLE, WIDTH) / 4, draw(DIMS, MIDDLE) / 4),
        biases=(draw(MIDDLE, seed=2), draw(DIMS, seed=2)),
        cosine=cosine,
    )


def ray() -> Ray:
    """Draw paths that turn."""
    nodes = torch.linspace(0.01, 0.99, NODES).expand(N, -1)
    return Ray(begin=draw(WIDTH, seed=3) / 2, step=2 * draw(N, WIDTH), nodes=nodes,
               weights=torch.full((N, NODES), 1 / NODES))  # fmt: skip


@pytest.mark.parametrize("cosine", [True, False])
def test_embeddings_at_all_nodes_are_the_same(cosine: bool) -> None:  # noqa: FBT001
    layers = tail(cosine=cosine)
    found, wanted = TwoLayerPass(layers, ray()).forward(), NormedPass(layers, ray()).forward()
    np.testing.assert_allclose(found, wanted, atol=2e-6)


@pytest.mark.parametrize("cosine", [True, False])
def test_mean_gradients_are_the_same(cosine: bool) -> None:  # noqa: FBT001
    layers, pull, found = tail(cosine=cosine), draw(N * NODES, DIMS, seed=5), []
    for kind in (TwoLayerPass, NormedPass):
        made = kind(layers, ray())
        made.forward()
        found.append(made.pull(pull.clone()))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5 * float(found[1].abs().max()))


def test_units_change_along_the_paths_that_are_compared() -> None:
    path = ray()
    at = path.begin + path.nodes[:, :, None] * path.step[:, None]
    norm = tail().norms[0]
    on = torch.nn.functional.layer_norm(at, (WIDTH,), norm.gain, norm.shift) > 0
    assert (on[:, 1:] != on[:, :-1]).sum() > 5 * N


def test_layers_of_odd_width_or_number_are_left_to_torch() -> None:
    layers = tail()
    odd = replace(layers.norms[0], gain=torch.ones(30))
    cpu = torch.device("cpu")
    assert suits(layers, cpu)
    assert not suits(replace(layers, norms=(odd, layers.norms[1])), cpu)
    assert not suits(replace(layers, norms=layers.norms[:1]), cpu)


def test_an_accelerator_is_left_to_torch() -> None:
    assert not suits(tail(), torch.device("cuda"))
