"""Spots of a table or cells of a run with their labels, embeddings and expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.population import Kind, Population
from napari_tessera.data.choices import looks_like_counts, matrix_of, var_of
from napari_tessera.numerics.counts import log_normalise, row_totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run, RunResult
    from napari_tessera.contract.views import SpotsView
    from napari_tessera.data.read import Tissue

MOST_LABELS = 80
"""Columns with more different values than this are no labels."""

PLACES = ("spatial", "composition", "cell_type_probability", "domain_probability", "cell_type_set")
"""Keys of ``obsm`` that hold places or shares and no embedding."""


def spots_population(tissue: Tissue, spots: SpotsView, run: Run | None) -> Population:
    """Spots on the screen, with what the tables that annotate them say.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    spots : SpotsView
        Spots on the screen.
    run : Run or None
        Run that is shown; its labels come first.
    """
    table = tissue.sdata.tables[spots.table]
    labels = {} if run is None else _spot_labels(run.result, spots.names)
    labels |= {n: c for n, c in _labels(table, spots.names).items() if n not in labels}
    embeddings = _embeddings(table, spots.names)
    if run is not None:
        embeddings |= _spot_embeddings(run, spots.names)
    return Population(
        kind=Kind.SPOTS,
        title=spots.table,
        names=spots.names,
        xy=spots.xy,
        labels=labels or {"spots": np.full(spots.names.size, "spots")},
        embeddings=embeddings,
    )


def cells_population(
    reference: AnnData | None, run: Run, xy: NDArray[np.float64]
) -> Population | None:
    """Cells that a run placed, with what the reference says of them; None where it placed none.

    Parameters
    ----------
    reference : AnnData or None
        The reference, if it is at hand.
    run : Run
        Placed cells.
    xy : ndarray, shape (n_cells, 2), float64
        Their places in world coordinates.
    """
    placement = run.result.placement
    if placement is None:
        return None
    names = placement.cell_names
    labels: dict[str, NDArray[np.str_]] = {}
    embeddings: dict[str, NDArray[np.float32]] = {}
    if placement.cell_types is not None:
        labels["cell type"] = placement.cell_types
    if reference is not None:
        labels |= _labels(reference, names)
        embeddings |= _embeddings(reference, names)
    if placement.embedding is not None:
        embeddings[f"embedding of {run.name}"] = placement.embedding
    return Population(
        kind=Kind.CELLS,
        title=run.name,
        names=names,
        xy=xy,
        labels=labels or {"cells": np.full(names.size, "cells")},
        embeddings=embeddings,
    )


def log_expression(
    table: AnnData, layer: str | None, gene_column: str | None, names: NDArray[np.str_]
) -> Expression:
    """Log-normalised expression of the named rows; values that are no counts stay as they are.

    Parameters
    ----------
    table : AnnData
        Holds the values.
    layer : str or None
        Which ones; X where None.
    gene_column : str or None
        ``var`` column with the names of the genes; their index where None.
    names : ndarray of str, shape (n,)
        Rows in the wanted order; what the table lacks is empty.

    Raises
    ------
    InputError
        If the table has none of the rows, or no values.
    """
    from anndata.utils import make_index_unique

    values, var = matrix_of(table, layer), var_of(table, layer)
    rows = _rows(table, names)
    if values is None or not (rows >= 0).any():
        msg = f"Expected expression of {names[0]} and others, found none in the chosen data."
        raise InputError(msg, "Choose in the Tissue dock the data from which the run was made.")
    counted = looks_like_counts(values)
    matrix = sparse.csr_matrix(values[np.maximum(rows, 0)], dtype=np.float32)
    if (rows < 0).any():
        matrix = sparse.csr_matrix(sparse.diags_array((rows >= 0).astype(np.float32)) @ matrix)
    if counted:
        totals = row_totals(matrix)
        matrix = log_normalise(matrix, float(np.median(totals[totals > 0])))
    genes = var.index if gene_column is None else _as_index(var[gene_column])
    unique = make_index_unique(genes.astype(str)) if not genes.is_unique else genes.astype(str)
    return Expression(
        values=matrix,
        obs_names=np.asarray(names, dtype=np.str_),
        gene_names=np.asarray(unique, dtype=np.str_),
        scale=ExpressionScale.LOG1P,
    )


def _as_index(column: Any) -> Any:  # noqa: ANN401 - of pandas
    """Turn a column into an index."""
    import pandas as pd

    return pd.Index(column.astype(str))


def _rows(table: AnnData, names: NDArray[np.str_]) -> NDArray[np.int64]:
    """Position of every name in a table, -1 where it has none, shape (n,)."""
    first = ~table.obs_names.duplicated()
    found = table.obs_names[first].get_indexer(names)
    at = np.flatnonzero(first)
    return np.where(found >= 0, at[np.maximum(found, 0)], -1).astype(np.int64)


def _labels(table: AnnData, names: NDArray[np.str_]) -> dict[str, NDArray[np.str_]]:
    """Columns of a table that sort its rows into a few kinds."""
    rows, found = _rows(table, names), {}
    for name in table.obs.columns:
        column = table.obs[name]
        if column.dtype.kind not in "OUSb" and str(column.dtype) not in {"category", "string"}:
            continue
        if 1 < column.nunique() <= MOST_LABELS:
            words = np.append(column.astype(str).to_numpy(dtype=object), "not known")
            found[str(name)] = np.asarray(words[rows], dtype=np.str_)
    return found


def _embeddings(table: AnnData, names: NDArray[np.str_]) -> dict[str, NDArray[np.float32]]:
    """Find the embeddings in ``obsm``, UMAP first."""
    rows, found = _rows(table, names), {}
    for key in sorted(table.obsm, key=lambda k: ("umap" not in k.lower(), k)):
        values = table.obsm[key]
        plain = isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] > 1
        if not plain or key.startswith(PLACES) or not np.issubdtype(values.dtype, np.number):
            continue
        gap = np.full((1, values.shape[1]), np.nan)
        found[key] = np.concatenate([values, gap])[rows].astype(np.float32)
    return found


def _spot_labels(result: RunResult, names: NDArray[np.str_]) -> dict[str, NDArray[np.str_]]:
    """Collect what a run says of the spots."""
    found: dict[str, NDArray[np.str_]] = {}
    if result.composition is not None:
        found["dominant type"] = _of(
            result.composition.spot_names, result.composition.dominant_type, names
        )
    if result.annotation is not None:
        found["cell type"] = _of(result.annotation.spot_names, result.annotation.cell_type, names)
    if result.domains is not None:
        found["domain"] = _of(result.domains.spot_names, result.domains.domain, names)
    return found


def _of(
    known: NDArray[np.str_], words: NDArray[np.str_], names: NDArray[np.str_]
) -> NDArray[np.str_]:
    """Words of a run in the order of the names."""
    place: Mapping[str, str] = dict(zip(known.tolist(), words.tolist(), strict=True))
    return np.array([place.get(name, "not used") for name in names.tolist()], dtype=np.str_)


def _spot_embeddings(run: Run, names: NDArray[np.str_]) -> dict[str, NDArray[np.float32]]:
    """Embeddings that a run found for the spots."""
    for part in (run.result.composition, run.result.domains):
        if part is not None and part.embedding is not None and part.embedding.shape[1] > 1:
            place = {name: i for i, name in enumerate(part.spot_names.tolist())}
            rows = np.array([place.get(name, -1) for name in names.tolist()])
            gap = np.full((1, part.embedding.shape[1]), np.nan, dtype=np.float32)
            return {f"embedding of {run.name}": np.concatenate([part.embedding, gap])[rows]}
    return {}
