"""From trained networks to the relation of cells and spots, in both directions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_tessera.methods.come.network import AmortisedMap, FreeMap, embed
from napari_tessera.methods.come.options import Start
from napari_tessera.numerics.cell_map import CellMap, embedding_map
from napari_tessera.numerics.minimise import load_module, module_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse
    from torch import nn

    from napari_tessera.methods.come.options import ComeOptions
    from napari_tessera.methods.come.preparing import Prepared, ScaledRows

Arrays = dict[str, "NDArray[Any]"]

GENE_ENTRIES = 2**25
"""Entries of one block of cells by genes that is made dense: 128 MiB in float32."""

DECODER = "autoencoder.up."

LEAST_WEIGHT = 1e-12
"""Weight of a pair that the free map gives nothing or less."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Relation:
    """Cells and spots: one map, read in two directions.

    Parameters
    ----------
    over_spots : CellMap
        Rows are cells: where does this cell lie?
    over_cells : CellMap
        Rows are spots (they take the place of `n_cells`): who lies at this spot?
    raw : Tensor or None, shape (n_spots, n_cells)
        The free map itself, which carries expression as it is, without a softmax.
    """

    over_spots: CellMap
    over_cells: CellMap
    raw: torch.Tensor | None = None

    @torch.no_grad()
    def carry(
        self, values: sparse.csr_matrix | NDArray[np.floating], sharpness: float = 1.0
    ) -> NDArray[np.float32]:
        """Bring what cells have to the spots.

        Parameters
        ----------
        values : csr_matrix or ndarray, shape (n_cells, n_values)
            Expression, or one-hot types.
        sharpness : float
            Factor of the logits; the free map has none.

        Returns
        -------
        ndarray, shape (n_spots, n_values), float32
            Averages over cells; weighted sums by the free map.
        """
        n_spots, n_cells = self.over_cells.n_cells, self.over_cells.n_spots
        n_values = int(values.shape[1])
        out = np.empty((n_spots, n_values), dtype=np.float32)
        size = max(1, GENE_ENTRIES // n_cells)
        for start in range(0, n_values, size):
            columns = slice(start, start + size)
            part = values[:, columns]
            dense = part if isinstance(part, np.ndarray) else part.toarray()
            chunk = torch.from_numpy(np.ascontiguousarray(dense, dtype=np.float32))
            for block in self.over_cells.blocks():
                weights = self._weights(block, sharpness)
                out[block, columns] = (weights @ chunk.to(weights.device)).cpu().numpy()
        return out

    def _weights(self, block: slice, sharpness: float) -> torch.Tensor:
        """Weights of all cells for a block of spots."""
        if self.raw is not None:
            return self.raw[block]
        return (sharpness * self.over_cells.logits(block)).softmax(dim=1)


def new_net(
    data: Prepared, options: ComeOptions, generator: torch.Generator
) -> AmortisedMap | FreeMap:
    """Make a network of the wanted form with fresh weights."""
    if options.is_free:
        return FreeMap(data.spots.n_rows, data.cells.n_rows, data.genes.size, generator)
    correlated = options.start is Start.CORRELATION
    return AmortisedMap(data.genes.size, correlated=correlated, generator=generator)


def kept_arrays(net: nn.Module) -> Arrays:
    """Weights that prediction needs: all but the decoder; of a free map only the map."""
    arrays = module_arrays(net)
    if "weights" in arrays:
        return {"weights": arrays["weights"]}
    return {name: a for name, a in arrays.items() if not name.startswith(DECODER)}


def start_arrays(data: Prepared) -> Arrays:
    """Weights of an amortised map that is correlation and nothing else."""
    net = AmortisedMap(data.genes.size, correlated=True, generator=torch.Generator())
    arrays = kept_arrays(net)
    for name in ("over_spots", "over_cells"):
        arrays[name] = np.array([1.0, 0.0], dtype=np.float32) * arrays[name]
    return arrays


def relate(
    members: Sequence[Mapping[str, NDArray[Any]]],
    data: Prepared,
    device: torch.device,
    cells: ScaledRows | None = None,
) -> Relation:
    """Relate cells and spots by trained weights; logits of several networks are averaged.

    Parameters
    ----------
    members : sequence of mapping of str to ndarray
        Weights.
    data : Prepared
        Cells and spots with the genes that the networks know.
    device : torch.device
        Where it is computed.
    cells : ScaledRows or None
        Other cells than those of `data`; not for the free map.
    """
    if "weights" in members[0]:
        return _free(torch.from_numpy(np.asarray(members[0]["weights"])).to(device))
    asked = data.cells if cells is None else cells
    sides: dict[str, list[torch.Tensor]] = {n: [] for n in ("cells", "spots", "u", "v")}
    for arrays in members:
        net = _amortised(arrays, device)
        u = embed(net, net.cell_projection, lambda r: asked.rows(r, device), asked.n_rows)
        v = embed(net, net.spot_projection, lambda r: data.spots.rows(r, device), data.spots.n_rows)
        with torch.no_grad():
            sides["cells"].append(net.scaled(u, over_cells=False))
            sides["spots"].append(net.scaled(v, over_cells=True))
        sides["u"].append(u)
        sides["v"].append(v)
    ones = [1.0] * len(members)
    return Relation(
        over_spots=embedding_map(sides["cells"], sides["v"], ones),
        over_cells=embedding_map(sides["spots"], sides["u"], ones),
    )


def codes(
    arrays: Mapping[str, NDArray[Any]], data: Prepared, device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Projected codes of cells and spots by one amortised network, each row of length one."""
    net = _amortised(arrays, device)
    found = []
    for side, projection in (
        (data.cells, net.cell_projection),
        (data.spots, net.spot_projection),
    ):
        rows = embed(net, projection, lambda r, s=side: s.rows(r, device), side.n_rows)  # type: ignore[misc]
        found.append(rows[:, data.genes.size :].cpu().numpy())
    return found[0], found[1]


def _amortised(arrays: Mapping[str, NDArray[Any]], device: torch.device) -> AmortisedMap:
    """Rebuild a network from its weights."""
    n_genes = arrays["autoencoder.down.0.weight"].shape[1]
    net = AmortisedMap(n_genes, correlated=True, generator=torch.Generator())
    load_module(net, {**module_arrays(net), **arrays})
    return net.to(device).eval()


def _free(weights: torch.Tensor) -> Relation:
    """Relation by the free map; what is negative counts as nothing where rows must sum to one."""
    n_spots, n_cells = weights.shape

    def over_spots(block: slice) -> torch.Tensor:
        return weights[:, block].T.clamp(min=LEAST_WEIGHT).log()

    def over_cells(block: slice) -> torch.Tensor:
        return weights[block].clamp(min=LEAST_WEIGHT).log()

    device = weights.device
    return Relation(
        over_spots=CellMap(n_cells=n_cells, n_spots=n_spots, logits=over_spots, device=device),
        over_cells=CellMap(n_cells=n_spots, n_spots=n_cells, logits=over_cells, device=device),
        raw=weights,
    )
