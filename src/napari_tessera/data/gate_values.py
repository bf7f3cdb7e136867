"""What the gate asks of expression values, names and genes of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.data.choices import matrix_of, var_of
from napari_tessera.data.matching import sum_duplicates
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.report import Problem

LARGEST = 1e9
"""A count above this is no count."""

MOST_BYTES = 32 * 2**30
"""A matrix that claims more than this is not read."""

Found = tuple[sparse.csr_matrix, "NDArray[np.str_]", "NDArray[np.str_]"]


def read_counts(
    table: AnnData, element: str, layer: str | None, gene_column: str | None
) -> tuple[Found | None, list[Problem]]:
    """Read counts of a table with the names of rows and genes, or say why there are none.

    Parameters
    ----------
    table : AnnData
        Spots or cells.
    element : str
        How messages call it.
    layer, gene_column : str or None
        Where counts and symbols stand.

    Returns
    -------
    found : tuple of (csr_matrix, row names, gene names) or None
        None where something refuses.
    problems : list of Problem
    """
    values, problems = _matrix(table, element, layer)
    names, more = _gene_names(table, element, layer, gene_column)
    problems += more + _row_names(table, element)
    if values is None or names is None or any(p.severity == "refuse" for p in problems):
        return None, problems
    counts = sparse.csr_matrix(values, dtype=np.float32)
    where = layer or "X"
    problems += check_values(counts, element, where, np.asarray(table.obs_names, dtype=np.str_))
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    counts.eliminate_zeros()
    counts, names, n_repeated = sum_duplicates(counts, names)
    if n_repeated:
        problems.append(repair(
            "genes-repeated", element, "genes", expected="unique gene names",
            found=f"{n_repeated} repeated ones",
            hint="Counts of the same gene were added up.",
        ))  # fmt: skip
    return (counts, np.asarray(table.obs_names, dtype=np.str_), names), problems


def check_values(
    counts: sparse.csr_matrix, element: str, where: str, rows: NDArray[np.str_]
) -> list[Problem]:
    """Finite, not negative, whole, not absurd.

    Parameters
    ----------
    counts : csr_matrix, shape (n_obs, n_genes)
        Values.
    element, where : str
        Table and layer, for messages.
    rows : ndarray of str, shape (n_obs,)
        Row names.
    """
    data = counts.data
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    tests = (
        ("counts-nan", np.isnan(data), "numbers", "not a number (NaN)",
         "Replace missing values; if they mean zero, set them to 0."),
        ("counts-infinite", np.isinf(data), "finite numbers", "infinite",
         "Find the division by zero that made them."),
        ("counts-negative", data < 0, "counts, none below 0", "negative",
         "Choose the layer with raw counts; scaled data cannot be used."),
        ("counts-huge", data > LARGEST, f"counts below {LARGEST:.0e}", "larger than that",
         "Check the units; these cannot be molecule counts."),
    )  # fmt: skip
    for code, bad, expected, what, hint in tests:
        if bad.any():
            named = some(dict.fromkeys(rows[row[bad][:1000]]))
            found = f"{int(bad.sum())} values that are {what}, in {named}"
            return [refuse(code, element, where, expected=expected, found=found, hint=hint)]
    return _whole(data, element, where)


def _whole(data: NDArray[np.float32], element: str, where: str) -> list[Problem]:
    """Ask for whole numbers; fractions are logarithms or normalised values."""
    if data.size == 0:
        return [refuse(
            "counts-empty", element, where, expected="counts", found="only zeros",
            hint="Choose another layer.",
        )]  # fmt: skip
    fractions = float((np.abs(data - np.rint(data)) > 1e-3).mean())
    if fractions == 0:
        return []
    top = float(data.max())
    scale = "values that were logged (the largest is below 20)" if top < 20 else "normalised values"
    return [refuse(
        "counts-fractions", element, where, expected="raw counts, whole numbers",
        found=f"{scale}: {fractions:.0%} are fractions, the largest {top:.4g}",
        hint="Choose the layer or raw that holds counts (--layer, --reference-layer).",
    )]  # fmt: skip


def _matrix(table: AnnData, element: str, layer: str | None) -> tuple[Any, list[Problem]]:
    """Values of the layer, not yet judged."""
    try:
        values = matrix_of(table, layer)
    except KeyError:
        there = some((*table.layers, *(("raw",) if table.raw is not None else ())), 8) or "none"
        return None, [refuse(
            "layer-missing", element, str(layer), expected="a layer of this table",
            found=f"none of that name; there are: {there}", hint="Choose one of these, or X.",
        )]  # fmt: skip
    if values is None:
        return None, [refuse(
            "counts-missing", element, "X", expected="expression values", found="no matrix",
            hint="Choose a layer that holds counts.",
        )]  # fmt: skip
    if 0 in values.shape:
        what = "rows" if values.shape[0] == 0 else "genes"
        return None, [refuse(
            f"table-no-{what}", element, "", expected=f"at least one of its {what}",
            found=f"a table of {values.shape[0]} rows and {values.shape[1]} genes",
            hint="Choose another table.",
        )]  # fmt: skip
    kind = values.dtype
    if kind.kind not in "fiub":
        return None, [refuse(
            "counts-text", element, layer or "X", expected="numbers",
            found=f"values of type {kind}",
            hint="Convert them to numbers and write the table again.",
        )]  # fmt: skip
    claimed = values.nbytes if hasattr(values, "nbytes") else 0
    if claimed > MOST_BYTES:
        return None, [refuse(
            "counts-too-large", element, layer or "X", expected="a matrix that fits in memory",
            found=f"one that claims {claimed / 2**30:,.0f} GiB",
            hint="Subset the table, or store it sparse.",
        )]  # fmt: skip
    return (values.compute() if hasattr(values, "compute") else values), []


def _gene_names(
    table: AnnData, element: str, layer: str | None, column: str | None
) -> tuple[NDArray[np.str_] | None, list[Problem]]:
    """Names of the genes, from the index or a column."""
    var = var_of(table, layer)
    if column is None:
        return np.asarray(var.index, dtype=np.str_), []
    if column not in var.columns:
        return None, [refuse(
            "gene-column-missing", element, column, expected="a column of var",
            found=f"none of that name; there are: {some(var.columns, 8) or 'none'}",
            hint="Choose one of these, or leave it out to use the index.",
        )]  # fmt: skip
    named = var[column].astype(object)
    missing = named.isna() | (named.astype(str).str.strip() == "")
    names = np.where(missing, var.index.astype(str), named.astype(str)).astype(np.str_)
    if not missing.any():
        return names, []
    return names, [repair(
        "gene-names-missing", element, column, expected="a name for every gene",
        found=f"{int(missing.sum())} genes without", hint="Their index stands in.",
    )]  # fmt: skip


def _row_names(table: AnnData, element: str) -> list[Problem]:
    """Row names are unique."""
    names = table.obs_names
    if names.is_unique:
        return []
    twice = names[names.duplicated()].unique()
    return [refuse(
        "names-repeated", element, "obs_names", expected="unique names of the rows",
        found=f"{len(twice)} names that stand more than once ({some(twice)})",
        hint="Call obs_names_make_unique() and write the table again.",
    )]  # fmt: skip


def check_types(
    reference: AnnData, column: str | None
) -> tuple[NDArray[np.str_] | None, NDArray[np.bool_], list[Problem]]:
    """Labels of the cells, and which cells have one.

    Returns
    -------
    labels : ndarray of str or None, shape (n_cells,)
    labelled : ndarray of bool, shape (n_cells,)
    problems : list of Problem
    """
    everyone = np.ones(reference.n_obs, dtype=bool)
    if column is None:
        return None, everyone, [remark(
            "types-not-chosen", "reference", "obs", expected="a column with cell types",
            found="none chosen", hint="Without it cells are placed, but no composition is made.",
        )]  # fmt: skip
    if column not in reference.obs.columns:
        return None, everyone, [refuse(
            "types-missing", "reference", column, expected="a column of obs with cell types",
            found=f"none of that name; there are: {some(reference.obs.columns, 8) or 'none'}",
            hint="Choose one of these (--cell-type-column).",
        )]  # fmt: skip
    values = reference.obs[column]
    missing = values.isna().to_numpy() | (values.astype(str).str.strip() == "").to_numpy()
    labels = np.asarray(values.astype(str), dtype=np.str_)
    return labels, ~missing, _judge_types(values, labels, missing, column)


def _judge_types(
    values: Any,  # noqa: ANN401 - a pandas series
    labels: NDArray[np.str_],
    missing: NDArray[np.bool_],
    column: str,
) -> list[Problem]:
    """Say what is odd about the labels."""
    problems: list[Problem] = []
    if missing.all():
        return [refuse(
            "types-all-missing", "reference", column, expected="cell types",
            found="only missing ones",
            hint="Choose another column.",
        )]  # fmt: skip
    if missing.any():
        problems.append(repair(
            "types-some-missing", "reference", column, expected="a type for every cell",
            found=f"{int(missing.sum())} cells without", hint="These cells were left out.",
        ))  # fmt: skip
    kinds, sizes = np.unique(labels[~missing], return_counts=True)
    if kinds.size == 1:
        problems.append(remark(
            "types-single", "reference", column, expected="two or more cell types",
            found=f"only {kinds[0]}", hint="Composition will say nothing; choose a finer column.",
        ))  # fmt: skip
    if kinds.size > 0.5 * labels.size and labels.size > 20:
        problems.append(refuse(
            "types-too-many", "reference", column, expected="labels that many cells share",
            found=f"{kinds.size} different ones for {labels.size} cells",
            hint="Choose the column with cell types, not with names or numbers.",
        ))  # fmt: skip
    elif (sizes < 5).any() and kinds.size > 1:
        problems.append(remark(
            "types-rare", "reference", column, expected="five or more cells of each type",
            found=f"fewer for {some(kinds[sizes < 5])}", hint="Read their results with care.",
        ))  # fmt: skip
    if hasattr(values, "cat") and len(values.cat.categories) > kinds.size:
        unused = sorted(set(map(str, values.cat.categories)) - set(kinds.tolist()))
        problems.append(repair(
            "types-unused", "reference", column, expected="categories that occur",
            found=f"{len(unused)} that do not ({some(unused)})", hint="They were dropped.",
        ))  # fmt: skip
    return problems
