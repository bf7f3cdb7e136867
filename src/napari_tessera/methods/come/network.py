"""The shared autoencoder of COME, and the two forms of its map."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init
from torch.utils.checkpoint import checkpoint

from napari_tessera.numerics.blocks import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Pieces = TypeVar("Pieces")

WIDTHS = (256, 128)
"""Widths of the encoder after the genes, as for the Drosophila embryo in the authors' program."""

FIRST_SHARPNESS, FIRST_GAIN = 10.0, 1.0
"""Sharpness of the correlations and of the learned part of the amortised map before training."""

SPEED = 30.0
"""How much faster the four sharpnesses move than a weight does."""


def _linear(n_in: int, n_out: int, generator: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """Layer with weights from the generator."""
    layer: nn.Linear = skip_init(nn.Linear, n_in, n_out, bias=bias)  # type: ignore[no-untyped-call]
    bound = 1 / math.sqrt(n_in)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer


class Autoencoder(nn.Module):
    """Encoder with ReLU at every layer, the code included, and its mirror image.

    Parameters
    ----------
    n_genes : int
        Width of the input.
    bounded : bool
        Whether the output passes a sigmoid, as for expression scaled to 0..1.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, n_genes: int, *, bounded: bool, generator: torch.Generator) -> None:
        super().__init__()
        widths = (n_genes, *WIDTHS)
        down = itertools.pairwise(widths)
        up = itertools.pairwise(reversed(widths))
        self.down = nn.ModuleList(_linear(i, o, generator) for i, o in down)
        self.up = nn.ModuleList(_linear(i, o, generator) for i, o in up)
        self.bounded = bounded

    def encode(self, expression: Tensor) -> Tensor:
        """Codes (n_rows, 128), >= 0, of expression (n_rows, n_genes)."""
        for layer in self.down:
            expression = functional.relu(layer(expression))
        return expression

    def decode(self, codes: Tensor) -> Tensor:
        """Expression (n_rows, n_genes) of codes."""
        for layer in self.up[:-1]:
            codes = functional.relu(layer(codes))
        out: Tensor = self.up[-1](codes)
        return out.sigmoid() if self.bounded else out

    def reconstruction(self, codes: Tensor, expression: Tensor) -> Tensor:
        """Mean squared error of what `decode` makes of codes, many rows chunk by chunk."""
        if len(chunks(len(codes), codes.device)) <= 1:
            return functional.mse_loss(self.decode(codes), expression)

        def errors(some: Tensor, there: Tensor) -> Tensor:
            return functional.mse_loss(self.decode(some), there, reduction="sum")

        total = torch.stack(by_chunks(errors, codes, expression)).sum()
        return total / expression.numel()


class FreeMap(nn.Module):
    """Autoencoder and one number for every spot and cell, as published.

    Parameters
    ----------
    n_spots, n_cells, n_genes : int
        Sizes.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(
        self, n_spots: int, n_cells: int, n_genes: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.autoencoder = Autoencoder(n_genes, bounded=True, generator=generator)
        even = torch.full((n_spots, n_cells), 1 / (n_spots * n_cells))
        self.weights = nn.Parameter(even)

    def nearest_spots(self, spot_codes: Tensor, cell_codes: Tensor) -> Tensor:
        """Spot with the largest weight for every cell; ties go to the likest code; (n_cells,)."""
        with torch.no_grad():
            top = self.weights.max(dim=0).values
            tied = self.weights >= top - 1e-6 * top.abs()
            alike = (
                functional.normalize(spot_codes, dim=1) @ functional.normalize(cell_codes, dim=1).T
            )
            return alike.masked_fill_(~tied, -torch.inf).argmax(dim=0)


class AmortisedMap(nn.Module):
    """Autoencoder, a projection for either side, and four sharpnesses.

    The logit of cell i and spot j is ``a corr(x_i, y_j) + b cos(V z_i, W z_j)``, with one pair
    (a, b) for the softmax over spots and another for the softmax over cells.

    Parameters
    ----------
    n_genes : int
        Width of the input.
    correlated : bool
        Whether the correlations of expression take part.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, n_genes: int, *, correlated: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.autoencoder = Autoencoder(n_genes, bounded=False, generator=generator)
        width = WIDTHS[-1]
        self.cell_projection = _linear(width, width, generator, bias=False)
        self.spot_projection = _linear(width, width, generator, bias=False)
        self.spot_projection.weight.data.copy_(self.cell_projection.weight.data)
        first = FIRST_SHARPNESS if correlated else 0.0
        gain = FIRST_GAIN if correlated else FIRST_SHARPNESS
        self.over_spots = nn.Parameter(torch.tensor([first, gain]) / SPEED)
        self.over_cells = nn.Parameter(torch.tensor([first, gain]) / SPEED)
        self.register_buffer("used", torch.tensor([float(correlated), 1.0]))

    def sharpness(self, *, over_cells: bool) -> Tensor:
        """Sharpness of correlation and of learned part, each >= 0; shape (2,)."""
        found = SPEED * (self.over_cells if over_cells else self.over_spots)
        return found.clamp(min=0.0) * self.get_buffer("used")

    def sides(
        self, expression: Tensor, projection: nn.Linear, seen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Both parts of an embedding, each of length one, and the codes.

        Parameters
        ----------
        expression : Tensor, shape (n_rows, n_genes)
            Standardised by gene.
        projection : nn.Linear
            `cell_projection` or `spot_projection`.
        seen : Tensor or None, shape (n_genes,)
            One for genes that may be looked at, 0 for the others.

        Returns
        -------
        embedding : Tensor, shape (n_rows, n_genes + 128)
            Expression less its mean over genes, and the projected code.
        codes : Tensor, shape (n_rows, 128)
        """
        shown_genes = expression.new_ones(expression.shape[1]) if seen is None else seen

        def encode(rows: Tensor) -> tuple[Tensor, Tensor]:
            return self._sides(rows, projection, shown_genes)

        embeddings, codes = zip(*by_chunks(encode, expression), strict=True)
        return _joined(embeddings), _joined(codes)

    def _sides(
        self, expression: Tensor, projection: nn.Linear, seen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Do `sides` for one chunk of rows."""
        shown = expression * seen
        codes = self.autoencoder.encode(shown)
        centred = (shown - shown.sum(dim=1, keepdim=True) / seen.sum()) * seen
        parts = [functional.normalize(part, dim=1) for part in (centred, projection(codes))]
        return torch.cat(parts, dim=1), codes

    def scaled(self, embedding: Tensor, *, over_cells: bool) -> Tensor:
        """Multiply the parts of one side by their sharpness: inner products are then logits."""
        a, b = self.sharpness(over_cells=over_cells)
        n_genes = embedding.shape[1] - WIDTHS[-1]
        return torch.cat([a * embedding[:, :n_genes], b * embedding[:, n_genes:]], dim=1)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """One tensor of its chunks; a single chunk as it is."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def by_chunks(work: Callable[..., Pieces], *rows: Tensor) -> list[Pieces]:
    """Do something to rows, chunk by chunk where they are many.

    What a chunk needs for its gradient is made again in the backward pass: activations of all rows
    are never held at once.

    Parameters
    ----------
    work : callable
        From rows to a tensor or several, row by row.
    *rows : Tensor, each (n_rows, n_columns)
        What it takes.

    Returns
    -------
    list
        What it gave, one entry per chunk.
    """
    parts = chunks(len(rows[0]), rows[0].device)
    if len(parts) <= 1:
        return [work(*rows)]
    return [checkpoint(work, *(r[part] for r in rows), use_reentrant=False) for part in parts]


@torch.no_grad()
def embed(
    net: AmortisedMap, projection: nn.Linear, rows: Callable[[slice], Tensor], n_rows: int
) -> Tensor:
    """Embeddings of all rows, chunk by chunk, (n_rows, n_genes + 128); see `AmortisedMap.sides`."""
    parts = chunks(n_rows, projection.weight.device)
    return torch.cat([net.sides(rows(part), projection)[0] for part in parts])
