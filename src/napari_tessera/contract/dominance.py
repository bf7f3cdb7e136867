"""What an explanation gives: attributions of cells to genes, and genes ranked by them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.state import State, pack_sparse, unpack_sparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray
    from scipy import sparse


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """How much each gene contributes to putting a cell at its spot.

    Parameters
    ----------
    cell_names : ndarray of str, shape (n_cells,)
        Names of the cells that were explained.
    gene_names : ndarray of str, shape (n_genes,)
        Genes that the map sees.
    values : csr_matrix, shape (n_cells, n_genes), float32
        Attributions; what is not stored is exactly 0.
    spot : ndarray, shape (n_cells,), int64
        Likeliest spot of the cell, whose probability is attributed.
    score, start_score : ndarray, shape (n_cells,), float32
        The attributed number for the cell, and for the profile where the path starts.
    gap : ndarray, shape (n_cells,), float32
        Sum of the attributions less ``score - start_score``: how far they fail to add up.
    scalar, start : str
        What was attributed, and where paths started.
    steps : int
        Nodes of the integral.
    """

    cell_names: NDArray[np.str_]
    gene_names: NDArray[np.str_]
    values: sparse.csr_matrix
    spot: NDArray[np.int64]
    score: NDArray[np.float32]
    start_score: NDArray[np.float32]
    gap: NDArray[np.float32]
    scalar: str
    start: str
    steps: int

    def __post_init__(self) -> None:
        wanted = (self.cell_names.size, self.gene_names.size)
        if self.values.shape != wanted:
            msg = f"values must have shape {wanted}; found {self.values.shape}"
            raise ValueError(msg)
        for name in _PER_CELL:
            if getattr(self, name).shape != wanted[:1]:
                msg = f"{name} must have shape {wanted[:1]}; found {getattr(self, name).shape}"
                raise ValueError(msg)

    @property
    def relative_gap(self) -> NDArray[np.float32]:
        """Gap as a share of what is attributed, shape (n_cells,)."""
        change = np.abs(self.score - self.start_score)
        return np.asarray(np.abs(self.gap) / np.maximum(change, 1e-12), dtype=np.float32)

    def gene(self, name: str) -> NDArray[np.float32]:
        """Attribution of one gene in every cell, shape (n_cells,).

        Raises
        ------
        KeyError
            If the map does not see that gene.
        """
        found = np.flatnonzero(self.gene_names == name)
        if not found.size:
            raise KeyError(name)
        return np.asarray(self.values[:, found[0]].toarray(), dtype=np.float32).ravel()

    def to_state(self) -> State:
        """Arrays and values for a file."""
        return State(
            arrays={n: getattr(self, n) for n in _PER_CELL} | pack_sparse("values", self.values),
            values={
                "cell_names": self.cell_names.tolist(),
                "gene_names": self.gene_names.tolist(),
                **{n: getattr(self, n) for n in ("scalar", "start", "steps")},
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        v, arrays = state.values, {n: state.arrays[n] for n in _PER_CELL}
        return cls(
            **arrays,
            cell_names=np.asarray(v["cell_names"], dtype=np.str_),
            gene_names=np.asarray(v["gene_names"], dtype=np.str_),
            scalar=v["scalar"],
            start=v["start"],
            steps=v["steps"],
            values=unpack_sparse("values", state.arrays),
        )


_PER_CELL = ("spot", "score", "start_score", "gap")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Which cells were compared, in words and numbers.

    Parameters
    ----------
    run : str
        Run whose map was explained.
    kind : str
        ``region``, ``cell type``, ``domain`` or ``path``.
    group, rest : str
        Names of the two sides; for a path its name and an empty word.
    within : str
        Cell type to which both sides are restricted; empty where they are not.
    n_group, n_rest, n_between : int
        Cells on each side, and cells that belong clearly to neither.
    details : mapping
        Options and how the null was drawn, as plain values.
    """

    run: str = ""
    kind: str = "region"
    group: str = ""
    rest: str = ""
    within: str = ""
    n_group: int = 0
    n_rest: int = 0
    n_between: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line for people."""
        inside = f" within {self.within}" if self.within else ""
        if self.kind == "path":
            return f"along {self.group}{inside} ({self.n_group} cells)"
        sides = f"{self.n_group} against {self.n_rest} cells"
        return f"{self.group} against {self.rest}{inside} ({sides})"

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON string."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class GeneRanking:
    """Genes in the order of how much they set two groups of cells apart.

    Parameters
    ----------
    gene_names : ndarray of str, shape (n_genes,)
        Genes, best first.
    values : mapping of str to ndarray, each (n_genes,)
        Columns: numbers or booleans; `COLUMNS` says what they mean.
    contrast : Contrast
        Which cells were compared.
    warnings : tuple of str
        What a reader must know.
    versions : mapping of str to str
        Of this package and of what it computed with.
    created : str
        ISO 8601.
    """

    gene_names: NDArray[np.str_]
    values: Mapping[str, NDArray[Any]]
    contrast: Contrast
    warnings: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    def __post_init__(self) -> None:
        for name, column in self.values.items():
            if column.shape != self.gene_names.shape:
                msg = f"{name} must have shape {self.gene_names.shape}; found {column.shape}"
                raise ValueError(msg)

    @property
    def rank(self) -> NDArray[np.int64]:
        """Place of every gene, from 1."""
        return np.arange(1, self.gene_names.size + 1)

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the table, all of length n_genes."""
        return {"rank": self.rank, **self.values}

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the genes' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.gene_names, name="gene"))

    def dominant(self) -> NDArray[np.str_]:
        """Genes that pass: small adjusted p, mean attribution positive and above the others'."""
        if "dominant" not in self.values:
            return self.gene_names[:0]
        return np.asarray(self.gene_names[self.values["dominant"].astype(bool)], dtype=np.str_)

    def to_state(self) -> State:
        """Arrays and values for a file."""
        return State(
            arrays=dict(self.values),
            values={
                "gene_names": self.gene_names.tolist(),
                "columns": list(self.values),
                "contrast": self.contrast.to_json(),
                "warnings": list(self.warnings),
                "versions": dict(self.versions),
                "created": self.created,
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        v = state.values
        return cls(
            gene_names=np.asarray(v["gene_names"], dtype=np.str_),
            values={name: state.arrays[name] for name in v["columns"]},
            contrast=Contrast.from_json(v["contrast"]),
            warnings=tuple(v["warnings"]),
            versions=v["versions"],
            created=v["created"],
        )


COLUMNS: Mapping[str, str] = {
    "rank": "place by auc, genes that pull the group in first; along a path by explained variance",
    "auc": "chance that a cell of the group has the larger attribution than one of the others",
    "mean_difference": "mean attribution in the group less that in the others",
    "p": "two-sided rank-sum p-value, corrected for ties",
    "p_adjusted": "one-sided p-value (larger in the group), adjusted by Benjamini-Hochberg",
    "p_null": "one-sided p-value under labels that lie as compactly, elsewhere",
    "fdr_null": "share of false ones expected among the genes with this AUC or a larger one",
    "dominant": "adjusted p below 0.05, mean attribution above 0 and above that of the others",
    "mean_group": "mean attribution in the group",
    "mean_rest": "mean attribution in the others",
    "expression_auc": "the same area for the expression itself",
    "expression_difference": "mean log-normalised expression in the group less that in the others",
    "expression_p": "two-sided rank-sum p-value of the expression",
    "expression_p_adjusted": "its one-sided p-value, adjusted",
    "expression_rank": "place by the area of the expression",
    "detected_group": "share of the group's cells that express the gene",
    "detected_rest": "share of the others that do",
    "r2": "variance of the attribution that a spline along the path explains",
    "spearman": "rank correlation of attribution and position",
    "peak": "position along the path, 0 to 1, where the spline is highest",
    "expression_r2": "the same share for the expression itself",
}
"""What the columns of a ranking mean."""
