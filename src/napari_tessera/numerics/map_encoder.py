"""A fitted cell map as a function of a cell's expression: what an attribution differentiates.

Every method that embeds cells and spots and compares them by inner products can be written so: the
first layer is linear in the genes, the rest of the encoder may be anything, the spots do not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_tessera.numerics.cell_map import CellMap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse


@dataclass(frozen=True, kw_only=True)
class MapMember:
    """One network of a map, its spots embedded already.

    Parameters
    ----------
    weight : torch.Tensor, shape (width, n_genes), float32
        First layer.
    bias : torch.Tensor, shape (width,), float32
        Its bias.
    rest : callable
        From the first layer's output (n, width) to embeddings (n, n_dims); a `NormedTail` is
        explained faster.
    spots : torch.Tensor, shape (n_spots, n_dims), float32
        Embeddings of the spots.
    scale : float
        Inverse temperature.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    rest: Callable[[torch.Tensor], torch.Tensor]
    spots: torch.Tensor
    scale: float


@dataclass(frozen=True, kw_only=True)
class MapEncoder:
    """Networks whose logits are averaged, and the cells as those networks see them.

    Parameters
    ----------
    members : tuple of MapMember
        The networks.
    cells : csr_matrix, shape (n_cells, n_genes), float32
        Input of every cell.
    gene_names : ndarray of str, shape (n_genes,)
        Columns of `cells`.
    cell_names : ndarray of str, shape (n_cells,)
        Rows of `cells`.
    """

    members: tuple[MapMember, ...]
    cells: sparse.csr_matrix
    gene_names: NDArray[np.str_]
    cell_names: NDArray[np.str_]

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return int(self.cells.shape[0])

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return self.members[0].spots.shape[0]

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return self.members[0].weight.device

    def dense(self, rows: slice | NDArray[np.integer]) -> torch.Tensor:
        """Input of some cells, shape (n_rows, n_genes), float32."""
        return torch.from_numpy(self.cells[rows].toarray()).to(self.device)

    def first(self, x: torch.Tensor) -> list[torch.Tensor]:
        """First-layer products without their bias, one per member, each (n_rows, width)."""
        return [x @ member.weight.T for member in self.members]

    def all_spots(self) -> torch.Tensor:
        """Spots whose inner products with the members' embeddings, side by side, are the logits."""
        n = len(self.members)
        return torch.cat([m.spots * (m.scale / n) for m in self.members], dim=1)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Logits over spots, shape (n_rows, n_spots); differentiable in `x`.

        Parameters
        ----------
        x : torch.Tensor, shape (n_rows, n_genes)
            Input of cells, real or imagined.
        """
        return self.logits_from(self.first(x))

    def logits_from(self, first: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits over spots, (n_rows, n_spots), from what `first` gives."""
        n = len(self.members)
        parts = [
            (m.scale / n) * (m.rest(h + m.bias) @ m.spots.T)
            for m, h in zip(self.members, first, strict=True)
        ]
        return torch.stack(parts).sum(dim=0)

    def cell_map(self) -> CellMap:
        """Build the map itself, by blocks of cells."""

        def logits(block: slice) -> torch.Tensor:
            with torch.no_grad():
                return self.logits(self.dense(block))

        return CellMap(
            n_cells=self.n_cells, n_spots=self.n_spots, logits=logits, device=self.device
        )
