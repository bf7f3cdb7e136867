"""Encoders, decoders and the classifier of stAI (:cite:`zou2025stai`)."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN, LATENT = 64, 16
"""Widths of the layers."""

NORMAL_SPREAD = 0.1
"""Standard deviation of the published initial weights of the cells' encoder and of decoders."""

SLOPES = (0.2, 0.01)
"""Slopes of the leaky units inside and after the attention."""


class Attention(nn.Module):
    """One head of graph attention over a fixed list of neighbours, the spot itself among them.

    ``e_ij = LeakyReLU(s . W z_j + d . W z_i)``, softmax over j, ``out_i = sum_j a_ij W z_j + b``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.project = skip_init(nn.Linear, LATENT, LATENT, bias=False)  # type: ignore[no-untyped-call]
        self.source = nn.Parameter(torch.empty(LATENT))
        self.target = nn.Parameter(torch.empty(LATENT))
        self.bias = nn.Parameter(torch.zeros(LATENT))

    def forward(self, z: Tensor, rows: Tensor, neighbours: Tensor) -> Tensor:
        """Attend.

        Parameters
        ----------
        z : Tensor, shape (n_known, 16)
            Embeddings of the spots that are asked for and of all their neighbours.
        rows : Tensor, shape (n_rows,), int64
            Spots that are asked for, as rows of `z`.
        neighbours : Tensor, shape (n_rows, k), int64
            Their neighbours as rows of `z`; a missing one is given as the spot itself.

        Returns
        -------
        Tensor, shape (n_rows, 16)
        """
        projected = self.project(z)
        near = torch.cat([rows[:, None], neighbours], dim=1)
        missing = near == rows[:, None]
        missing[:, 0] = False
        score = (projected @ self.source)[near] + (projected @ self.target)[rows][:, None]
        score = functional.leaky_relu(score, SLOPES[0]).masked_fill(missing, -torch.inf)
        weights = torch.softmax(score, dim=1)
        around = functional.embedding(near, projected)
        return torch.bmm(weights[:, None], around)[:, 0] + self.bias


def perceptron(widths: tuple[int, int, int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Two linear layers with a unit between them, weights not yet drawn."""
    first, second = (
        skip_init(nn.Linear, i, o)  # type: ignore[no-untyped-call]
        for i, o in itertools.pairwise(widths)
    )
    return nn.Sequential(first, activation(), second)


class StaiNet(nn.Module):
    """One sub-model.

    Parameters
    ----------
    n_inputs : int
        Genes that go in.
    n_types : int
        Cell types.
    shared : bool
        Whether cells and spots share their encoder, with the attention behind a gate that starts
        closed (improved form), or have one each (published form).
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(
        self, n_inputs: int, n_types: int, *, shared: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.shared = shared
        self.spot_trunk = perceptron((n_inputs, HIDDEN, LATENT), nn.ReLU)
        self.attention = Attention()
        self.decode_spots = perceptron((LATENT, HIDDEN, n_inputs), nn.ReLU)
        self.decode_cells = perceptron((LATENT, HIDDEN, n_inputs), nn.ReLU)
        leaky = lambda: nn.LeakyReLU(SLOPES[1])  # noqa: E731 - a factory of one unit
        self.classifier = perceptron((LATENT, HIDDEN, n_types), leaky)
        self.log_temperature = nn.Parameter(torch.zeros(()), requires_grad=shared)
        if shared:
            self.gate = nn.Parameter(torch.zeros(()))
        else:
            self.cell_trunk = perceptron((n_inputs, HIDDEN, LATENT), nn.ReLU)
            self.last = skip_init(nn.Linear, LATENT, LATENT)  # type: ignore[no-untyped-call]
        _draw_weights(self, generator)

    def cells(self, x: Tensor) -> Tensor:
        """Embed cells, shape (n_cells, 16)."""
        trunk = self.spot_trunk if self.shared else self.cell_trunk
        found: Tensor = trunk(x)
        return found

    def spots(self, x: Tensor, rows: Tensor, neighbours: Tensor) -> Tensor:
        """Embed spots with what surrounds them.

        Parameters
        ----------
        x : Tensor, shape (n_known, n_inputs)
            Z-scored expression of the spots and of their neighbours.
        rows, neighbours : Tensor
            See `Attention.forward`.

        Returns
        -------
        Tensor, shape (n_rows, 16)
        """
        z: Tensor = self.spot_trunk(x)
        around = functional.leaky_relu(self.attention(z, rows, neighbours), SLOPES[1])
        if self.shared:
            return z[rows] + self.gate * around
        found: Tensor = self.last(around + z[rows])
        return found

    @property
    def temperature(self) -> Tensor:
        """Softness of the average over cells; 1 in the published form."""
        return self.log_temperature.clamp(-4.0, 4.0).exp()


def _draw_weights(net: StaiNet, generator: torch.Generator) -> None:
    """Fill all weights from the generator."""
    normal = {"decode_spots", "decode_cells", "cell_trunk"} if not net.shared else set()
    with torch.no_grad():
        for name, module in net.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            for values in module.parameters(recurse=False):
                if name.split(".")[0] in normal:
                    values.normal_(0.0, NORMAL_SPREAD, generator=generator)
                else:
                    bound = 1 / math.sqrt(module.in_features)
                    values.uniform_(-bound, bound, generator=generator)
        for values in (net.attention.source, net.attention.target):
            bound = math.sqrt(6 / (LATENT + 1))
            values.uniform_(-bound, bound, generator=generator)
