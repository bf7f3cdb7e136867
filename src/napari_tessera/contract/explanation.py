"""An explanation: ranked genes together with what they were ranked by, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_tessera.contract.dominance import Attribution, GeneRanking
from napari_tessera.contract.state import State, join_states, pack_sparse, unpack_sparse

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from scipy import sparse


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What an explanation gives.

    Parameters
    ----------
    ranking : GeneRanking
        Genes, best first.
    attribution : Attribution or None
        Of every compared cell; None where the method has no map to differentiate.
    expression : csr_matrix, shape (n, n_genes)
        Log-normalised expression of the same cells; columns are `gene_names`.
    gene_names : ndarray of str, shape (n_genes,)
        Columns of `expression` and of the attribution.
    rows : ndarray, shape (n,), int64
        Which cells of the run were compared.
    xy : ndarray, shape (n, 2), float64
        Where they lie.
    labels : ndarray of bool or None, shape (n,)
        Which of them are the group; None along a path.
    position : ndarray or None, shape (n,), float64
        Where they lie along a path, 0 to 1; None elsewhere.
    name : str
        Table in the store; empty where nothing was written.
    """

    ranking: GeneRanking
    attribution: Attribution | None
    expression: sparse.csr_matrix
    gene_names: NDArray[np.str_]
    rows: NDArray[np.int64]
    xy: NDArray[np.float64]
    labels: NDArray[np.bool_] | None = None
    position: NDArray[np.float64] | None = None
    name: str = ""

    def values_of(self, gene: str) -> dict[str, NDArray[np.float32]]:
        """Attribution and expression of one gene in every compared cell.

        Raises
        ------
        KeyError
            If the gene was not ranked.
        """
        column = np.flatnonzero(self.gene_names == gene)
        if not column.size:
            raise KeyError(gene)
        expression = self.expression[:, column[0]].toarray().ravel().astype(np.float32)
        found = {"expression": expression}
        if self.attribution is not None:
            found["attribution"] = self.attribution.gene(gene)
        return found

    def figure(self) -> Figure:
        """Draw the ranking with its best gene on the tissue."""
        from napari_tessera.contract.ranking_figure import draw_ranking

        values = self.values_of(str(self.ranking.gene_names[0]))
        best = values.get("attribution", values["expression"])
        return draw_ranking(self.ranking, self.xy, best, self.labels)

    def to_state(self) -> State:
        """Arrays and values for a file."""
        own = {
            **{n: getattr(self, n) for n in _ARRAYS if getattr(self, n) is not None},
            **pack_sparse("expression", self.expression),
        }
        parts = {
            "ranking": self.ranking.to_state(),
            "own": State(arrays=own, values={"genes": self.gene_names.tolist(), "name": self.name}),
        }
        if self.attribution is not None:
            parts["attribution"] = self.attribution.to_state()
        return join_states(parts)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        own, given = state.part("own"), state.part("attribution")
        return cls(
            ranking=GeneRanking.from_state(state.part("ranking")),
            attribution=Attribution.from_state(given) if given.arrays else None,
            expression=unpack_sparse("expression", own.arrays),
            gene_names=np.asarray(own.values["genes"], dtype=np.str_),
            rows=own.arrays["rows"],
            xy=own.arrays["xy"],
            labels=own.arrays.get("labels"),
            position=own.arrays.get("position"),
            name=own.values["name"],
        )


_ARRAYS = ("rows", "xy", "labels", "position")
