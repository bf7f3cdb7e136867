"""Training of one sub-model: which genes it sees, whom it asks, and its losses."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from napari_tessera.methods.stai import losses
from napari_tessera.methods.stai.network import LATENT
from napari_tessera.methods.stai.prepare import Batch, StaiData, draw_batch, locate, n_batches
from napari_tessera.numerics.blockwise import nearest_rows, softmax_weights
from napari_tessera.numerics.mmd import squared_mmd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_tessera.methods.stai.network import StaiNet
    from napari_tessera.methods.stai.options import StaiOptions

BLOCK = 8192
"""Spots that are embedded at once for a search or a prediction."""

MOST_CALIBRATION = 64
"""Calibration genes of one step; of more, some are drawn."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """Which genes a sub-model sees.

    Parameters
    ----------
    inputs : ndarray of int64
        Genes that go into the encoders, as columns of the data.
    calibration : ndarray of int64
        Genes that are hidden from the encoders and that imputation is trained on.
    """

    inputs: NDArray[np.int64]
    calibration: NDArray[np.int64]


class SubModel:
    """A network with its panel, and the cells each spot asks for imputed values.

    Parameters
    ----------
    net : StaiNet
        The network.
    data : StaiData
        Both sides.
    panel : Panel
        Genes that it sees.
    options : StaiOptions
        Options.
    """

    def __init__(self, net: StaiNet, data: StaiData, panel: Panel, options: StaiOptions) -> None:
        self.net, self.data, self.panel, self.options = net, data, panel, options
        device = data.spots.device
        self._inputs = torch.from_numpy(panel.inputs).to(device)
        self._calibration = torch.from_numpy(panel.calibration).to(device)
        self.spots = data.spots[:, self._inputs].contiguous()
        self.cells = tuple(x[:, self._inputs].contiguous() for x in data.cells)
        self.lists: Tensor | None = None
        self.bank: Tensor | None = None
        reference = self.cells[0], data.targets[:, self._calibration]
        self._wanted = losses.correlations(*reference)
        self._type_weights = None
        if data.codes is not None:
            n_types = data.types.size
            self._type_weights = losses.type_weights(data.codes, n_types, options.type_power)

    @torch.no_grad()
    def embed_spots(self) -> Tensor:
        """Embeddings of all spots, shape (n_spots, 16)."""
        order = torch.from_numpy(self.data.order).to(self.spots.device)
        found = torch.empty(self.data.n_spots, LATENT, device=self.spots.device)
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            known, own, near = locate(self.data, rows)
            found[rows] = self.net.spots(self.spots[known], own, near)
        return found

    @torch.no_grad()
    def embed_cells(self) -> Tensor:
        """Embeddings of all cells, the mean over the draws, shape (n_cells, 16)."""
        return torch.stack([self.net.cells(x) for x in self.cells]).mean(dim=0)

    @torch.no_grad()
    def search(self) -> Tensor:
        """Nearest cells of every spot as things are, shape (n_spots, top_k)."""
        return nearest_rows(self.embed_spots(), self.embed_cells(), self.options.top_k)

    def refreshed(self, step: int) -> Tensor:
        """Give the lists of nearest cells, looked for anew every so many rounds."""
        per_round = n_batches(self.data, self.options)
        exact = per_round == 1 and not self.options.improved
        rounds = 1 if exact else self.options.refresh
        if self.lists is None or step % (rounds * per_round) == 0:
            self.lists = self.search()
        return self.lists

    def everyone(self, step: int, x: Tensor) -> Tensor:
        """Embed all cells; with batches, as they were at the start of the round, to gain time."""
        per_round = n_batches(self.data, self.options)
        if per_round == 1:
            return self.net.cells(x)
        if self.bank is None or step % per_round == 0:
            with torch.no_grad():
                self.bank = self.net.cells(x)
        return self.bank

    def terms(self, step: int, stage: int) -> dict[str, Tensor]:
        """Unweighted losses of one step."""
        batch = draw_batch(self.data, self.options, stage, step)
        lists = self.refreshed(step)
        net = self.net
        x1, all_cells = self.spots[batch.rows], self.cells[batch.copy]
        z1 = net.spots(self.spots[batch.known], batch.own, batch.neighbours)
        everyone = self.everyone(step, all_cells)
        x2 = all_cells[batch.cells]
        z2 = net.cells(x2) if self.bank is not None else everyone[batch.cells]
        decode1, decode2 = net.decode_spots, net.decode_cells
        aligned = z1[batch.aligned[0]], z2[batch.aligned[1]]
        found = {
            "reconstruction": losses.reconstruction(x1, decode1(z1), x2, decode2(z2)),
            "alignment": squared_mmd(*aligned),
            "consistency": losses.consistency(x1, decode2(z1), x2, decode1(z2)),
            **self._imputed_terms(batch, z1, everyone, lists[batch.rows]),
        }
        codes, weights = self.data.codes, self._type_weights
        if codes is not None and weights is not None:
            logits = net.classifier(z2)
            found["classification"] = losses.classification(logits, codes[batch.cells], weights)
        return found

    def _imputed_terms(
        self, batch: Batch, z1: Tensor, everyone: Tensor, lists: Tensor
    ) -> dict[str, Tensor]:
        """Losses of the calibration genes, imputed from the cells in the spots' lists."""
        n_genes = len(self._calibration)
        first = int(batch.aligned[1][0]) if n_genes > MOST_CALIBRATION else 0
        columns = (torch.arange(min(n_genes, MOST_CALIBRATION), device=z1.device) + first) % n_genes
        genes = self._calibration[columns]
        chosen = functional.embedding(lists, everyone)
        weights = softmax_weights(z1, chosen, self.net.temperature)
        values = functional.embedding(lists, self.data.targets[:, genes])
        predicted = torch.bmm(weights[:, None], values)[:, 0]
        truth = self.data.spots[batch.rows][:, genes]
        around = losses.correlations(self.spots[batch.rows], predicted)
        return {
            "imputation": losses.imputation(predicted, truth),
            "co_expression": losses.co_expression(around, self._wanted[:, columns]),
        }
