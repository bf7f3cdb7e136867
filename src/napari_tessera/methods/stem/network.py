"""The encoder of STEM."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init
from torch.utils.checkpoint import checkpoint

from napari_tessera.numerics.blocks import chunks

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN, EMBEDDING = (512, 256), 128
"""Widths of the layers."""

FIRST_SCALE, SCALE_RANGE = 10.0, (1.0, 100.0)
"""Inverse temperature of cosine embeddings at the start, and where it may go."""


class Encoder(nn.Module):
    """Three linear layers; the first two with LayerNorm and ReLU, the last one plain.

    Parameters
    ----------
    n_genes : int
        Width of the input.
    cosine : bool
        Whether embeddings are divided by their norm, with a learned inverse temperature.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, n_genes: int, *, cosine: bool, generator: torch.Generator) -> None:
        super().__init__()
        widths = (n_genes, *HIDDEN, EMBEDDING)
        layers = [
            skip_init(nn.Linear, i, o)  # type: ignore[no-untyped-call]
            for i, o in itertools.pairwise(widths)
        ]
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in HIDDEN)
        self.log_scale = nn.Parameter(torch.tensor(math.log(FIRST_SCALE)), requires_grad=cosine)
        self.is_cosine = cosine
        self.register_buffer("cosine", torch.tensor(cosine))
        for n_inputs, layer in zip(widths[:-1], layers, strict=True):
            bound = 1 / math.sqrt(n_inputs)
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Embed rows.

        Parameters
        ----------
        x : Tensor, shape (n_rows, n_genes)
            Log-normalised expression.

        Returns
        -------
        Tensor, shape (n_rows, 128)
        """
        for layer, norm in zip(self.layers[:-1], self.norms, strict=True):
            x = functional.relu(norm(layer(x)))
        x = self.layers[-1](x)
        return functional.normalize(x, dim=1) if self.is_cosine else x

    @property
    def scale(self) -> Tensor:
        """Inverse temperature; 1 where embeddings are not normalised."""
        if not self.is_cosine:
            return torch.ones((), device=self.log_scale.device)
        low, high = (math.log(v) for v in SCALE_RANGE)
        return self.log_scale.clamp(low, high).exp()


def new_encoder(n_genes: int, *, cosine: bool, generator: torch.Generator) -> Encoder:
    """Make an encoder with fresh weights; see `Encoder`."""
    return Encoder(n_genes, cosine=cosine, generator=generator)


def encode(net: Encoder, rows: Callable[[slice], Tensor], n_rows: int) -> Tensor:
    """Embeddings of all rows, to be differentiated.

    Many rows are made, encoded and, in the backward pass, made and encoded again by chunks, so that
    neither their dense values nor their activations are kept.

    Parameters
    ----------
    net : Encoder
        The network.
    rows : callable
        From a slice to dense rows (n, n_genes); the same rows each time it is asked.
    n_rows : int
        How many there are.

    Returns
    -------
    Tensor, shape (n_rows, 128)
    """
    parts = chunks(n_rows, net.log_scale.device)
    if len(parts) == 1:
        found: Tensor = net(rows(parts[0]))
        return found
    return torch.cat(
        [checkpoint(lambda c: net(rows(c)), chunk, use_reentrant=False) for chunk in parts]
    )


@torch.no_grad()
def embed(net: Encoder, rows: Callable[[slice], Tensor], n_rows: int) -> Tensor:
    """Embeddings of all rows without keeping anything for a backward pass; (n_rows, 128)."""
    return torch.cat([net(rows(chunk)) for chunk in chunks(n_rows, net.log_scale.device)])
