"""Rows of a sparse matrix as an encoder asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    import torch
    from scipy import sparse

DENSE_ENTRIES = 2**23
"""Matrices with more entries stay sparse: this many are 32 MiB in float32."""


@dataclass(frozen=True)
class Rows:
    """Sparse rows that become dense by chunks, or all at once when they are made.

    What is random about a step is drawn one step ahead, in a thread; made dense there, few rows
    cost the step nothing.

    Parameters
    ----------
    matrix : csr_matrix, shape (n_rows, n_genes)
        The rows.
    device : torch.device
        Where dense rows go.
    dense : Tensor or None, shape (n_rows, n_genes), float32
        All of them; None where they are many.
    """

    matrix: sparse.csr_matrix
    device: torch.device
    dense: torch.Tensor | None = None

    @classmethod
    def of(cls, matrix: sparse.csr_matrix, device: torch.device) -> Rows:
        """Make few rows dense at once.

        Parameters
        ----------
        matrix : csr_matrix, shape (n_rows, n_genes)
            The rows.
        device : torch.device
            Where dense rows go.
        """
        few = matrix.shape[0] * matrix.shape[1] <= DENSE_ENTRIES
        return cls(matrix, device, dense_rows(matrix, slice(None), device) if few else None)

    @property
    def n(self) -> int:
        """How many rows."""
        return int(self.matrix.shape[0])

    def __call__(self, chunk: slice) -> torch.Tensor:
        """Dense rows of a chunk, shape (n, n_genes), float32."""
        if self.dense is not None:
            return self.dense[chunk]
        return dense_rows(self.matrix, chunk, self.device)
