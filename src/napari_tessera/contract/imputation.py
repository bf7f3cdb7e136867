"""Genes that were predicted for the spots, and how far each can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.state import State

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Imputation:
    """Predicted expression of every spot.

    Parameters
    ----------
    spot_names : ndarray of str, shape (n_spots,)
        Names of the spots.
    gene_names : ndarray of str, shape (n_genes,)
        Names of the predicted genes.
    values : ndarray, shape (n_spots, n_genes), float32
        Predicted values in `scale`; never below zero unless the scale is ``SCALED``.
    scale : ExpressionScale
        Scale of `values`.
    half_width : ndarray, shape (n_spots, n_genes), float32
        Half the width of the interval that holds the truth with probability `coverage`.
    expected_pcc : ndarray, shape (n_genes,), float32
        Correlation with the truth that a gene's prediction is expected to have: from its own
        held-out fold where it was measured, predicted from other genes' folds where it was not.
    measured : ndarray of bool, shape (n_genes,)
        Whether the tissue measured the gene.
    coverage : float
        Nominal coverage of the intervals.
    """

    spot_names: NDArray[np.str_]
    gene_names: NDArray[np.str_]
    values: NDArray[np.float32]
    scale: ExpressionScale
    half_width: NDArray[np.float32]
    expected_pcc: NDArray[np.float32]
    measured: NDArray[np.bool_]
    coverage: float = 0.9

    def __post_init__(self) -> None:
        n_spots, n_genes = self.spot_names.size, self.gene_names.size
        wanted = {
            "values": (n_spots, n_genes),
            "half_width": (n_spots, n_genes),
            "expected_pcc": (n_genes,),
            "measured": (n_genes,),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                msg = f"{name} must have shape {shape}; found {getattr(self, name).shape}"
                raise ValueError(msg)

    def gene(self, name: str) -> NDArray[np.float32]:
        """Predicted values of one gene, shape (n_spots,).

        Raises
        ------
        KeyError
            If it was not predicted.
        """
        found = np.flatnonzero(self.gene_names == name)
        if not found.size:
            raise KeyError(name)
        return self.values[:, int(found[0])]

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per predicted gene, all of length n_spots."""
        return {str(gene): self.values[:, i] for i, gene in enumerate(self.gene_names)}

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the spots' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.spot_names, name="spot"))

    def to_state(self) -> State:
        """Arrays and values for a result file."""
        return State(
            arrays={name: getattr(self, name) for name in _ARRAYS},
            values={
                "spot_names": self.spot_names.tolist(),
                "gene_names": self.gene_names.tolist(),
                "scale": str(self.scale),
                "coverage": self.coverage,
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        return cls(
            **{name: state.arrays[name] for name in _ARRAYS},
            spot_names=np.asarray(state.values["spot_names"], dtype=np.str_),
            gene_names=np.asarray(state.values["gene_names"], dtype=np.str_),
            scale=ExpressionScale(state.values["scale"]),
            coverage=float(state.values["coverage"]),
        )


_ARRAYS = ("values", "half_width", "expected_pcc", "measured")
