"""A network that fills in genes: trained on the reference alone, with random genes hidden.

Whatever share of the panel is hidden, the network predicts the rest; so one training serves every
fold of held-out genes, and genes that the tissue never measured are simply always hidden.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils import skip_init

from napari_tessera.numerics.imputers import row_blocks
from napari_tessera.numerics.minimise import Plan, one_cycle
from napari_tessera.numerics.seeding import torch_generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_tessera.numerics.imputers import Sides

WIDTH = 256
"""Width of both hidden layers."""

MOST_HIDDEN = 0.6
"""Largest share of the panel that is hidden from a cell."""

BATCH, EPOCHS, LEAST_STEPS, MOST_STEPS = 128, 60, 400, 1500
"""Cells per step; length of training in passes over the cells, within bounds in steps."""

PEAK_RATE = 2e-3


class MaskedNetwork(nn.Module):
    """Panel -> 256 -> 256 -> all genes, with ReLU.

    Parameters
    ----------
    n_panel, n_all : int
        Genes shown and genes predicted; the panel comes first among these.
    generator : torch.Generator
        Source of the initial weights.
    dropout : float
        Share of the hidden units that is dropped in training: few cells want many dropped, many
        cells none.
    """

    def __init__(
        self, n_panel: int, n_all: int, generator: torch.Generator, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = dropout
        widths = (n_panel, WIDTH, WIDTH, n_all)
        layers = [
            skip_init(nn.Linear, i, o)  # type: ignore[no-untyped-call]
            for i, o in itertools.pairwise(widths)
        ]
        self.layers = nn.ModuleList(layers)
        for n_inputs, layer in zip(widths[:-1], layers, strict=True):
            bound = 1 / math.sqrt(n_inputs)
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)

    def forward(self, x: torch.Tensor, draws: torch.Generator | None = None) -> torch.Tensor:
        """Predict all genes; units are dropped where `draws` is given.

        Parameters
        ----------
        x : torch.Tensor, shape (n_rows, n_panel)
            Standardised expression; hidden genes are 0.
        draws : torch.Generator, optional
            Source of the units that are dropped.
        """
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
            if draws is not None and self.dropout > 0:
                kept = torch.rand(x.shape, generator=draws) >= self.dropout
                x = x * (kept.to(x.device) / (1 - self.dropout))
        found: torch.Tensor = self.layers[-1](x)
        return found


def hidden_loss(found: torch.Tensor, truth: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """Mean squared error over the genes that were not shown.

    A gene beyond the panel, which is never shown, weighs as much as one of the panel, which is
    hidden now and then; all of them together at most as much as the panel.

    Parameters
    ----------
    found, truth : torch.Tensor, shape (n_rows, n_all)
        Prediction and standardised expression.
    shown : torch.Tensor of bool, shape (n_rows, n_panel)
        Genes that the network saw.
    """
    n_panel = shown.shape[1]
    error = (found - truth).square()
    hidden = ~shown
    beyond = error[:, n_panel:]
    weight = MOST_HIDDEN / 2 * min(1.0, n_panel / max(1, beyond.shape[1]))
    total = (error[:, :n_panel] * hidden).sum() + weight * beyond.sum()
    return total / (hidden.sum() + weight * beyond.numel()).clamp(min=1)


def planned_steps(n_cells: int) -> int:
    """Give the steps of one training."""
    return int(min(MOST_STEPS, max(LEAST_STEPS, EPOCHS * math.ceil(n_cells / BATCH))))


def training_plan(net: MaskedNetwork, cells: torch.Tensor, n_panel: int, seed: int) -> Plan:
    """Say how a network is trained on cells (n_cells, n_all); every step has its own draws."""
    n_steps = planned_steps(len(cells))

    def terms(step: int) -> Mapping[str, torch.Tensor]:
        draws = torch_generator(seed, step)
        rows = torch.randint(0, len(cells), (BATCH,), generator=draws)
        share = MOST_HIDDEN * torch.rand(BATCH, 1, generator=draws)
        shown = (torch.rand(BATCH, n_panel, generator=draws) >= share).to(cells.device)
        truth = cells[rows.to(cells.device)]
        return {"hidden": hidden_loss(net(truth[:, :n_panel] * shown, draws), truth, shown)}

    return Plan(
        terms=terms,
        weights=lambda _step: {"hidden": 1.0},
        n_steps=n_steps,
        rate=one_cycle(n_steps, PEAK_RATE),
    )


@dataclass(frozen=True)
class MaskedNetworks:
    """The mean of several trained networks, as one predictor.

    Parameters
    ----------
    networks : sequence of MaskedNetwork
        Trained ones.
    name : str
        Name of the predictor.
    """

    networks: Sequence[MaskedNetwork]
    name: str = "network"

    @property
    def names(self) -> tuple[str, ...]:
        """The one name."""
        return (self.name,)

    @torch.no_grad()
    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Show the inputs, hide everything else."""
        del names
        found = sides.spots.new_zeros(len(sides.spots), len(outputs))
        for rows in row_blocks(len(found), 8 * WIDTH + len(sides.cells[0])):
            shown = torch.zeros_like(sides.spots[rows])
            shown[:, inputs] = sides.spots[rows][:, inputs]
            for net in self.networks:
                found[rows] += net(shown)[:, outputs] / len(self.networks)
        return {self.name: found}


def restored(arrays: Mapping[str, Any], n_panel: int, n_all: int) -> MaskedNetwork:
    """Make a network from its saved weights."""
    from napari_tessera.numerics.minimise import load_module

    net = MaskedNetwork(n_panel, n_all, torch_generator(0))
    load_module(net, arrays)
    return net
