"""Expression values with their names and their scale."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ExpressionScale(StrEnum):
    """What the numbers are."""

    COUNTS = "counts"
    NORMALISED = "normalised"
    LOG1P = "log1p"
    SCALED = "scaled"


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Observations by genes.

    Parameters
    ----------
    values : scipy.sparse.csr_matrix, shape (n_obs, n_genes), float32
        Finite values. Dense input is converted.
    obs_names : ndarray of str, shape (n_obs,)
        Unique names of the rows.
    gene_names : ndarray of str, shape (n_genes,)
        Unique names of the columns.
    scale : ExpressionScale
        What the values are.

    Raises
    ------
    ValueError
        If shapes disagree, names repeat, or a value is not finite.
    """

    values: sparse.csr_matrix
    obs_names: NDArray[np.str_]
    gene_names: NDArray[np.str_]
    scale: ExpressionScale

    def __post_init__(self) -> None:
        values = sparse.csr_matrix(self.values, dtype=np.float32)
        obs_names = np.asarray(self.obs_names, dtype=np.str_)
        gene_names = np.asarray(self.gene_names, dtype=np.str_)
        if values.shape != (obs_names.size, gene_names.size):
            msg = f"values {values.shape}, but {obs_names.size} rows and {gene_names.size} genes"
            raise ValueError(msg)
        for what, names in (("row", obs_names), ("gene", gene_names)):
            if np.unique(names).size != names.size:
                msg = f"{what} names are not unique"
                raise ValueError(msg)
        if not np.isfinite(values.data).all():
            msg = "expression values are not all finite"
            raise ValueError(msg)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "obs_names", obs_names)
        object.__setattr__(self, "gene_names", gene_names)

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return int(self.obs_names.size)

    @property
    def n_genes(self) -> int:
        """Number of columns."""
        return int(self.gene_names.size)

    def totals(self) -> NDArray[np.float64]:
        """Sum of every row.

        Returns
        -------
        ndarray, shape (n_obs,), float64
        """
        return np.asarray(self.values.sum(axis=1, dtype=np.float64)).ravel()

    def take_genes(self, columns: NDArray[np.integer]) -> Expression:
        """Keep the given genes, in the given order.

        Parameters
        ----------
        columns : ndarray of int, shape (n_kept,)
            Column numbers.
        """
        return Expression(
            values=sparse.csr_matrix(self.values[:, columns]),
            obs_names=self.obs_names,
            gene_names=self.gene_names[columns],
            scale=self.scale,
        )

    def take(self, rows: NDArray[np.integer]) -> Expression:
        """Keep the given rows, in the given order.

        Parameters
        ----------
        rows : ndarray of int, shape (n_kept,)
            Row numbers.
        """
        return Expression(
            values=self.values[rows],
            obs_names=self.obs_names[rows],
            gene_names=self.gene_names,
            scale=self.scale,
        )
