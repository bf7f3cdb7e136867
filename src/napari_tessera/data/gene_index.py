"""Genes of a table: their names, their other names, and the values of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.data.choices import matrix_of, var_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue

DISTINCT = 0.5
"""Share of different entries from which a text column of ``var`` counts as further names."""

TARGET = 1e4
"""Counts to which a spot is scaled before the logarithm."""


def genes_of(tissue: Tissue, selection: Selection) -> dict[str, tuple[str, ...]]:
    """Genes of the chosen table with their other names.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        Names the table, its layer and the column of gene symbols.

    Returns
    -------
    dict of str to tuple of str
        By the name that runs use, in the order of the table: symbols where a column holds them.
        Other names come from the text columns of ``var`` whose entries are mostly different.
    """
    table = tissue.sdata.tables.get(str(selection.table))
    if table is None:
        return {}
    var = var_of(table, selection.layer)
    names = _names(table, selection)
    others = [np.asarray(var.index, dtype=np.str_)]
    others += [np.asarray(var[c].astype(str), np.str_) for c in var.columns if _names_genes(var[c])]
    found: dict[str, tuple[str, ...]] = {}
    for name, *rest in zip(names.tolist(), *(o.tolist() for o in others), strict=True):
        further = {word for word in rest if word not in {name, "", "nan", "None"}}
        found.setdefault(name, tuple(sorted(further)))
    return found


def expression_of(
    tissue: Tissue, selection: Selection, gene: str
) -> tuple[NDArray[np.str_], NDArray[np.float32], str]:
    """Measured values of one gene.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        Names the table and its layer.
    gene : str
        A name that `genes_of` gave.

    Returns
    -------
    names : ndarray of str
        Rows of the table.
    values : ndarray of float32
        Counts as the logarithm of one plus the counts per 10,000; other values as they are.
    unit : str
        Which of the two.

    Raises
    ------
    InputError
        If the table does not hold it.
    """
    table = tissue.sdata.tables.get(str(selection.table))
    at = np.flatnonzero(_names(table, selection) == gene) if table is not None else np.empty(0)
    if table is None or not at.size:
        msg = f"Gene {gene}: expected a gene of table {selection.table}, found no such gene."
        raise InputError(msg, "Search for it in the Genes dock.")
    matrix = matrix_of(table, selection.layer)
    values = _column(matrix, int(at[0]))
    names = np.asarray(table.obs_names, dtype=np.str_)
    if (values < 0).any() or (values != np.rint(values)).any():
        return names, values.astype(np.float32), "as it is in the table"
    depth = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    scaled = np.divide(values * TARGET, depth, out=np.zeros(values.size), where=depth > 0)
    return names, np.log1p(scaled).astype(np.float32), "log of counts per 10,000"


def _names(table: AnnData, selection: Selection) -> NDArray[np.str_]:
    """Name of every gene as runs call it."""
    var = var_of(table, selection.layer)
    column = selection.gene_column
    named = var[column].astype(str) if column is not None and column in var else var.index
    return np.asarray(named, dtype=np.str_)


def _names_genes(column: Any) -> bool:  # noqa: ANN401 - a column of a data frame
    """Whether a column holds text, mostly different from gene to gene."""
    is_text = column.dtype.kind in "OUST" or str(column.dtype) in {"string", "str", "category"}
    return bool(is_text and len(column) and column.nunique() >= DISTINCT * len(column))


def _column(matrix: Any, at: int) -> NDArray[np.float64]:  # noqa: ANN401 - sparse, dense or lazy
    """One column as a plain vector."""
    column = matrix[:, at]
    dense = column.toarray() if hasattr(column, "toarray") else np.asarray(column)
    return np.asarray(dense, dtype=np.float64).ravel()
