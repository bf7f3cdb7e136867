"""The networks of SpaIM (:cite:`li2025spaim`): a gene is a sample, a spot is an output.

=========================  ===============================================================
paper and code             here
=========================  ===============================================================
ST content and style       ``content1``, ``content2``, ``style1``, ``style2``
SC content                 ``cell2`` then ``cell1``: first to 256, then up to 512
generator style            ``gate2``, ``gate1``: of the constant one, side by side
decoder, shared            ``up`` to 512, ``out`` to the spots
autoencoder, generator     ``out(up(c2 s2) + c1 s1)``, ``out(up(k2 t2) + k1 t1)``
=========================  ===============================================================

Every block is linear, LayerNorm, ReLU; ``out`` is linear only. The layers that touch spots are cut
into pieces of spots, so that nothing of genes x spots is ever made beside the batch itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import skip_init

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE, NARROW = 512, 256
"""Widths of the outer and the inner layer."""

PIECE = 8192
"""Spots per piece."""


class Products(NamedTuple):
    """Sums over spots from which the cosines follow; x target, h autoencoder, g generator.

    ``xx``, ``xh``, ``hh`` have shape (n_genes,); ``hg``, ``gg``, ``xg`` (n_copies, n_genes).
    """

    xx: torch.Tensor
    xh: torch.Tensor
    hh: torch.Tensor
    hg: torch.Tensor
    gg: torch.Tensor
    xg: torch.Tensor


class Codes(NamedTuple):
    """Codes of one layer: of the target, and of the profile for every masked copy."""

    content: torch.Tensor
    style: torch.Tensor
    profile: torch.Tensor
    gate: torch.Tensor


def linear(n_in: int, n_out: int, generator: torch.Generator, fan_in: int = 0) -> nn.Linear:
    """Make a linear layer; weights within one over the root of its inputs, by the generator."""
    layer = skip_init(nn.Linear, n_in, n_out)  # type: ignore[no-untyped-call]
    bound = 1 / math.sqrt(fan_in or n_in)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    made: nn.Linear = layer
    return made


class Block(nn.Module):
    """Linear, LayerNorm, ReLU."""

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.linear = linear(n_in, n_out, generator)
        self.norm = nn.LayerNorm(n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, n_in) to rows (n, n_out)."""
        found: torch.Tensor = torch.relu(self.norm(self.linear(x)))
        return found


class FromSpots(nn.Module):
    """A `Block` whose inputs are spots, in pieces."""

    def __init__(self, n_spots: int, generator: torch.Generator) -> None:
        super().__init__()
        self.sizes = sizes(n_spots)
        self.pieces = nn.ModuleList(
            linear(size, WIDE, generator, fan_in=n_spots) for size in self.sizes
        )
        self.norm = nn.LayerNorm(WIDE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Genes (n, n_spots) to rows (n, 512)."""
        total = x.new_zeros(len(x), WIDE)
        start = 0
        for piece, size in zip(self.pieces, self.sizes, strict=True):
            total = total + piece(x[:, start : start + size])
            start += size
        found: torch.Tensor = torch.relu(self.norm(total))
        return found


class ToSpots(nn.Module):
    """The last linear layer, in pieces of spots."""

    def __init__(self, n_spots: int, generator: torch.Generator) -> None:
        super().__init__()
        self.sizes = sizes(n_spots)
        self.pieces = nn.ModuleList(linear(WIDE, size, generator) for size in self.sizes)

    def forward(self, hidden: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the values of one piece of spots after the other, (n, n_piece)."""
        for piece in self.pieces:
            yield piece(hidden)

    def products(self, x: torch.Tensor, plain: torch.Tensor, made: torch.Tensor) -> Products:
        """Sum over spots without keeping the outputs, which the backward pass makes again.

        Parameters
        ----------
        x : torch.Tensor, shape (n_genes, n_spots)
            Targets.
        plain : torch.Tensor, shape (n_genes, 512)
            Hidden values of the autoencoder.
        made : torch.Tensor, shape (n_copies, n_genes, 512)
            Hidden values of the generator.
        """
        found: list[torch.Tensor] = []
        start = 0
        for piece, size in zip(self.pieces, self.sizes, strict=True):
            given = (piece.weight, piece.bias, x[:, start : start + size], plain, made)
            part = _Products.apply(*given)  # type: ignore[no-untyped-call]
            found = list(part) if not found else [a + b for a, b in zip(found, part, strict=True)]
            start += size
        return Products(*found)


class Generator(nn.Module):
    """What turns profiles into spots; all that is needed to predict.

    Parameters
    ----------
    n_spots : int
        Spots, or components that stand for them.
    n_profile : int
        Clusters.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, n_spots: int, n_profile: int, generator: torch.Generator) -> None:
        super().__init__()
        g = generator
        self.cell2, self.cell1 = Block(n_profile, NARROW, g), Block(NARROW, WIDE, g)
        self.gate2, self.gate1 = Block(1, NARROW, g), Block(1, WIDE, g)
        self.up, self.out = Block(NARROW, WIDE, g), ToSpots(n_spots, g)

    def gates(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Learned constant gates of the outer and the inner layer, (1, 512) and (1, 256)."""
        one = torch.ones(1, 1, device=self.up.linear.weight.device)
        return self.gate1(one), self.gate2(one)

    def hidden(self, outer: torch.Tensor, inner: torch.Tensor) -> torch.Tensor:
        """Gated codes of both layers to what the last layer turns into spots."""
        found: torch.Tensor = self.up(inner) + outer
        return found

    @torch.no_grad()
    def generated(self, profiles: torch.Tensor) -> torch.Tensor:
        """Genes over spots (n_genes, n_spots) from profiles (n_genes, n_profile) alone."""
        gate1, gate2 = self.gates()
        inner = self.cell2(profiles)
        hidden = self.hidden(self.cell1(inner) * gate1, inner * gate2)
        return torch.cat(list(self.out(hidden)), dim=1)


class Spaim(nn.Module):
    """Generator and autoencoder; arguments as for `Generator`."""

    def __init__(self, n_spots: int, n_profile: int, generator: torch.Generator) -> None:
        super().__init__()
        g = generator
        self.content1, self.content2 = FromSpots(n_spots, g), Block(WIDE, NARROW, g)
        self.style1, self.style2 = FromSpots(n_spots, g), Block(WIDE, NARROW, g)
        self.generator = Generator(n_spots, n_profile, g)

    def codes(self, x: torch.Tensor, profiles: torch.Tensor) -> tuple[Codes, Codes]:
        """Codes of the outer and of the inner layer.

        Parameters
        ----------
        x : torch.Tensor, shape (n_genes, n_spots)
            Targets.
        profiles : torch.Tensor, shape (n_copies, n_genes, n_profile)
            Profiles, masked copies after the first.
        """
        content1, style1 = self.content1(x), self.style1(x)
        profile2 = self.generator.cell2(profiles)
        gate1, gate2 = self.generator.gates()
        outer = Codes(content1, style1, self.generator.cell1(profile2), gate1)
        inner = Codes(self.content2(content1), self.style2(style1), profile2, gate2)
        return outer, inner


def sizes(n_spots: int) -> list[int]:
    """Sizes of the pieces."""
    return [min(PIECE, n_spots - start) for start in range(0, n_spots, PIECE)]


class _Products(torch.autograd.Function):
    """Sums of products over the spots of one piece; the outputs are made again backwards."""

    @staticmethod
    def forward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:  # noqa: ANN401
        weight, bias, x, plain, made = given
        ctx.save_for_backward(*given)
        h = torch.addmm(bias, plain, weight.T)
        across = []
        for copy in made:
            g = torch.addmm(bias, copy, weight.T)
            across.append(torch.stack([_dot(h, g), _dot(g, g), _dot(x, g)]))
        return (_dot(x, x), _dot(x, h), _dot(h, h), *torch.stack(across, dim=1).unbind())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        weight, bias, x, plain, made = ctx.saved_tensors
        _, by_xh, by_hh, by_hg, by_gg, by_xg = grads
        h = torch.addmm(bias, plain, weight.T)
        to_h = x * by_xh[:, None]
        to_h += 2 * by_hh[:, None] * h
        to_weight, to_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        to_made = torch.empty_like(made)
        for number, copy in enumerate(made):
            g = torch.addmm(bias, copy, weight.T)
            to_h.addcmul_(g, by_hg[number, :, None])
            to_g = g.mul_(2 * by_gg[number, :, None])
            to_g.addcmul_(h, by_hg[number, :, None]).addcmul_(x, by_xg[number, :, None])
            to_weight.addmm_(to_g.T, copy)
            to_bias += to_g.sum(dim=0)
            to_made[number] = to_g @ weight
        to_weight.addmm_(to_h.T, plain)
        to_bias += to_h.sum(dim=0)
        return to_weight, to_bias, None, to_h @ weight, to_made


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Products of like rows, shape (n_rows,)."""
    return torch.einsum("gs,gs->g", a, b)
