"""Cells or spots as a crowd that lies on the tissue and in embeddings at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


class Kind(StrEnum):
    """Who is looked at."""

    SPOTS = "spots"
    CELLS = "cells"


class How(StrEnum):
    """What a lasso does with those inside it."""

    ANEW = "selects anew"
    ADD = "adds to the selection"
    REMOVE = "takes out of the selection"


class Against(StrEnum):
    """Whom a selection is compared with."""

    REST = "all others"
    SECOND = "the second selection"


@dataclass(frozen=True, kw_only=True)
class Population:
    """All spots of a tissue, or all cells that a run placed.

    Parameters
    ----------
    kind : Kind
        Who they are.
    title : str
        The table, or the run that placed them.
    names : ndarray of str, shape (n,)
        Their names.
    xy : ndarray, shape (n, 2), float64
        Where they lie on the tissue, in world coordinates.
    labels : mapping of str to ndarray of str, each (n,)
        What is said of them, by the name of the column.
    embeddings : mapping of str to ndarray, each (n, n_dims), float32
        Where they lie elsewhere; rows that an embedding lacks are not finite.
    """

    kind: Kind
    title: str
    names: NDArray[np.str_]
    xy: NDArray[np.float64]
    labels: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    embeddings: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {"xy": len(self.xy)}
        sizes |= {name: len(column) for name, column in self.labels.items()}
        sizes |= {name: len(values) for name, values in self.embeddings.items()}
        for name, size in sizes.items():
            if size != self.names.size:
                msg = f"{name} must have {self.names.size} rows; found {size}"
                raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class GeneComparison:
    """Expression of two groups, gene by gene; the genes that are higher in the first come first.

    Parameters
    ----------
    gene_names : ndarray of str, shape (n_genes,)
        Genes.
    values : mapping of str to ndarray, each (n_genes,)
        Columns; `MEANINGS` says what they are.
    words : str
        Who was compared with whom.
    """

    gene_names: NDArray[np.str_]
    values: Mapping[str, NDArray[Any]]
    words: str

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the table, all of length n_genes."""
        return {"rank": np.arange(1, self.gene_names.size + 1), **self.values}

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the genes' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.gene_names, name="gene"))


MEANINGS: Mapping[str, str] = {
    "rank": "place by auc: what is highest in the selection first, what it lacks last",
    "auc": "chance that one of the selection expresses more of the gene than one of the others",
    "p": "two-sided p-value of Wilcoxon's rank-sum test, corrected for ties",
    "p_adjusted": "the same adjusted by Benjamini and Hochberg over all genes",
    "log2_fold_change": "log2 of the ratio of mean expression, 0.01 added to both, logs undone",
    "mean_selection": "mean log-normalised expression in the selection",
    "mean_others": "mean log-normalised expression in the others",
    "detected_selection": "share of the selection that expresses the gene",
    "detected_others": "share of the others that do",
}
"""What the columns of a comparison mean."""
