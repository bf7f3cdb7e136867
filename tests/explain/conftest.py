"""A small map with random weights, and the same thing as one torch module."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn import functional

from napari_tessera.numerics.map_encoder import MapEncoder, MapMember
from napari_tessera.numerics.normed_tail import Norm, NormedTail

if TYPE_CHECKING:
    from collections.abc import Callable

N_CELLS, N_SPOTS, N_GENES, WIDTH, MIDDLE, DIMS = 12, 40, 30, 24, 16, 8


def _rest(generator: torch.Generator) -> Callable[[torch.Tensor], torch.Tensor]:
    """LayerNorm, ReLU, a linear layer, length one."""
    second = torch.randn(DIMS, WIDTH, generator=generator)

    def rest(x: torch.Tensor) -> torch.Tensor:
        hidden = functional.relu(functional.layer_norm(x, (WIDTH,)))
        return functional.normalize(hidden @ second.T, dim=1)

    return rest


def _normed(generator: torch.Generator, *, cosine: bool) -> NormedTail:
    """Draw two layers with a LayerNorm before each."""

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    norms = [Norm(gain=1 + draw(w) / 4, shift=draw(w) / 2, eps=1e-5) for w in (WIDTH, MIDDLE)]
    weights = (draw(MIDDLE, WIDTH) / 4, draw(DIMS, MIDDLE) / 4)
    return NormedTail(
        norms=tuple(norms), weights=weights, biases=(draw(MIDDLE), draw(DIMS)), cosine=cosine
    )


def make_normed(*, cosine: bool = True) -> MapEncoder:
    """Draw a map of two networks whose layers are known."""
    generator = torch.Generator().manual_seed(4)
    plain = make_encoder()
    members = [
        replace(m, rest=_normed(generator, cosine=cosine), bias=m.bias / 8) for m in plain.members
    ]
    return replace(plain, members=tuple(members))


def make_encoder(n_members: int = 2, n_cells: int = N_CELLS, n_spots: int = N_SPOTS) -> MapEncoder:
    """Draw a map of several networks."""
    generator = torch.Generator().manual_seed(3)
    rng = np.random.default_rng(3)
    members = tuple(
        MapMember(
            weight=torch.randn(WIDTH, N_GENES, generator=generator) / 4,
            bias=torch.randn(WIDTH, generator=generator),
            rest=_rest(generator),
            spots=functional.normalize(torch.randn(n_spots, DIMS, generator=generator), dim=1),
            scale=6.0 + i,
        )
        for i in range(n_members)
    )
    counts = rng.poisson(0.7, (n_cells, N_GENES)).astype(np.float32)
    return MapEncoder(
        members=members,
        cells=sparse.csr_matrix(np.log1p(counts)),
        gene_names=np.array([f"G{i}" for i in range(N_GENES)]),
        cell_names=np.array([f"c{i}" for i in range(n_cells)]),
    )


@pytest.fixture(scope="session")
def encoder() -> MapEncoder:
    """Draw a map of two networks."""
    return make_encoder()


@pytest.fixture(scope="session")
def normed() -> MapEncoder:
    """Draw a map of two networks whose layers are known."""
    return make_normed()
