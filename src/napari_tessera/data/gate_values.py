"""What the gate asks of expression values, names and genes of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.data.choices import matrix_of, var_of
from napari_tessera.data.claims import free_memory
from napari_tessera.data.gate_genes import mend_names
from napari_tessera.data.matching import sum_duplicates
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.report import Problem

LARGEST = 1e9
"""A count above this is no count."""

EXACT = 2**24
"""Whole numbers above this are rounded when they are kept in 32 bits."""

EVEN = 0.01
"""Totals of all rows that differ by no more than this were made so."""

LOGGED, LOGGED_TWICE = 20.0, 3.1
"""Values that were logged stay below the first; logged twice, below the second."""

Found = tuple[sparse.csr_matrix, "NDArray[np.str_]", "NDArray[np.str_]"]

COUNTS_ONLY = frozenset({ExpressionScale.COUNTS})

_SCALES = {
    "counts-fractions": ExpressionScale.NORMALISED,
    "counts-logged": ExpressionScale.LOG1P,
    "counts-logged-twice": ExpressionScale.LOG1P,
    "counts-normalised": ExpressionScale.NORMALISED,
    "counts-scaled": ExpressionScale.SCALED,
}
"""What values are that were refused as counts, where they can be used all the same."""


def read_counts(
    table: AnnData,
    element: str,
    layer: str | None,
    gene_column: str | None,
    accepts: frozenset[ExpressionScale] = COUNTS_ONLY,
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
    accepts : frozenset of ExpressionScale
        Scales that can be used; others are refused.

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
    where = layer or "X"
    problems += _kept_as(values, element, where)
    with np.errstate(over="ignore", invalid="ignore"):
        counts = sparse.csr_matrix(values, dtype=np.float32)
    found = check_values(counts, element, where, np.asarray(table.obs_names, dtype=np.str_))
    problems += [_allowed(problem, accepts) for problem in found]
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    counts.eliminate_zeros()
    names, named, more = mend_names(names, element)
    problems += more
    counts, names = sparse.csr_matrix(counts[:, named]), names[named]
    if not names.size or any(p.severity == "refuse" for p in more):
        return None, problems or more
    counts, names, n_repeated = sum_duplicates(counts, names)
    if n_repeated:
        problems.append(repair(
            "genes-repeated", element, "genes", expected="unique gene names",
            found=f"{n_repeated} repeated ones",
            hint="Counts of the same gene were added up.",
        ))  # fmt: skip
    return (counts, np.asarray(table.obs_names, dtype=np.str_), names), problems


def _allowed(problem: Problem, accepts: frozenset[ExpressionScale]) -> Problem:
    """Turn a refusal of values that are no counts into a remark, if their scale can be used."""
    scale = _SCALES.get(problem.code)
    if scale is None or scale not in accepts:
        return problem
    return remark(
        f"scale-{scale}", problem.element, problem.column, expected="raw counts",
        found=problem.found, hint=f"They are used as they are: {scale} values.",
    )  # fmt: skip


def scale_of(problems: Iterable[Problem], element: str) -> ExpressionScale:
    """Scale of a table's values, by what the gate said of them.

    Parameters
    ----------
    problems : iterable of Problem
        What it said.
    element : str
        How it calls the table.
    """
    for problem in problems:
        if problem.element == element and problem.code.startswith("scale-"):
            return ExpressionScale(problem.code.removeprefix("scale-"))
    return ExpressionScale.COUNTS


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
    scaled = bool((data < 0).any()) and _fractions(data) > 0
    negative = "fractions and negative: they were scaled or centred" if scaled else "negative"
    tests = (
        ("counts-nan", np.isnan(data), "numbers", "not a number (NaN)",
         "Replace missing values; if they mean zero, set them to 0."),
        ("counts-infinite", np.isinf(data), "finite numbers", "infinite",
         "Find the division by zero that made them."),
        ("counts-scaled" if scaled else "counts-negative", data < 0, "counts, none below 0",
         negative, "Choose the layer with raw counts; scaled data cannot be used."),
        ("counts-huge", data > LARGEST, f"counts below {LARGEST:.0e}", "larger than that",
         "Check the units; these cannot be molecule counts."),
    )  # fmt: skip
    for code, bad, expected, what, hint in tests:
        if bad.any():
            named = some(dict.fromkeys(rows[row[bad][:1000]]))
            found = f"{int(bad.sum())} values that are {what}, in {named}"
            return [refuse(code, element, where, expected=expected, found=found, hint=hint)]
    return _whole(counts, element, where)


def _fractions(data: NDArray[np.float32]) -> float:
    """Share of the values that are not whole."""
    finite = data[np.isfinite(data)]
    return float((np.abs(finite - np.rint(finite)) > 1e-3).mean()) if finite.size else 0.0


def _whole(counts: sparse.csr_matrix, element: str, where: str) -> list[Problem]:
    """Ask for whole numbers; fractions are logarithms or normalised values."""
    data = counts.data
    if not data.any():
        return [refuse(
            "counts-empty", element, where, expected="counts", found="only zeros",
            hint="Choose another layer.",
        )]  # fmt: skip
    fractions = _fractions(data)
    if fractions == 0:
        return _odd_counts(counts, element, where)
    top = float(data.max())
    totals = np.asarray(counts.sum(axis=1)).ravel()
    totals = totals[totals > 0]
    code, scale = "counts-fractions", "fractions"
    if np.ptp(totals) <= EVEN * totals.max():
        code, scale = "counts-normalised", f"rows that all add up to {totals.max():.6g}"
    elif top <= LOGGED_TWICE:
        code, scale = "counts-logged-twice", "values that were logged, perhaps twice"
    elif top < LOGGED:
        code, scale = "counts-logged", f"values logged (the largest is below {LOGGED:.0f})"
    return [refuse(
        code, element, where, expected="raw counts, whole numbers",
        found=f"{scale}: {fractions:.0%} are fractions, the largest {top:.4g}",
        hint="Choose the layer or raw that holds counts (--layer, --reference-layer).",
    )]  # fmt: skip


def _odd_counts(counts: sparse.csr_matrix, element: str, where: str) -> list[Problem]:
    """Say of whole numbers that they hardly can be counts, or have lost something."""
    problems = []
    if float(counts.data.max()) == 1:
        problems.append(remark(
            "counts-binary", element, where, expected="counts", found="only 0 and 1",
            hint="If this says detected or not, choose the layer with counts.",
        ))  # fmt: skip
    dense = counts.shape[0] > 1 and bool((np.diff(counts.indptr) == counts.indptr[1]).all())
    first = counts.indices[: counts.indptr[1]]
    if dense and bool((counts.indices.reshape(counts.shape[0], -1) == first).all()):
        per_row = counts.data.reshape(counts.shape[0], -1)
        if per_row.size and bool((per_row == per_row[0]).all()):
            return [refuse(
                "counts-identical", element, where, expected="rows that differ",
                found="the same counts in every row", hint="Choose the layer with raw counts.",
            )]  # fmt: skip
    return problems


def _kept_as(values: Any, element: str, where: str) -> list[Problem]:  # noqa: ANN401 - see _matrix
    """Say that numbers of another type are kept in 32 bits, and whether that rounds them."""
    kind = values.dtype
    if kind.kind == "f" and kind.itemsize <= 8:
        return []
    data = np.asarray(values.data if hasattr(values, "tocsr") else values)
    if kind.kind in "iu" and data.size and int(data.max()) > EXACT:
        return [remark(
            "counts-rounded", element, where, expected=f"counts up to {EXACT:,}",
            found=f"{int((data > EXACT).sum())} larger ones", hint="They are rounded to 7 digits.",
        )]  # fmt: skip
    return [remark(
        "counts-cast", element, where, expected="numbers of type float32", found=f"type {kind}",
        hint="Nothing to do: they are converted once, exactly.",
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
        code = "counts-complex" if kind.kind == "c" else "counts-text"
        return None, [refuse(
            code, element, layer or "X", expected="numbers", found=f"values of type {kind}",
            hint="Convert them to numbers and write the table again.",
        )]  # fmt: skip
    claimed = values.nbytes if hasattr(values, "compute") else 0
    if claimed > (free := free_memory()):
        return None, [refuse(
            "counts-too-large", element, layer or "X",
            expected=f"a matrix that fits into the {free / 2**30:.1f} GiB of free memory",
            found=f"one that claims {claimed / 2**30:,.0f} GiB",
            hint="Subset the table, or store it sparse.",
        )]  # fmt: skip
    values = values.compute() if hasattr(values, "compute") else values
    return _sound(values, element, layer)


def _sound(values: Any, element: str, layer: str | None) -> tuple[Any, list[Problem]]:  # noqa: ANN401
    """Refuse a sparse matrix whose indices point outside of it."""
    if not hasattr(values, "check_format"):
        return values, []
    try:
        values.check_format(full_check=True)
    except (ValueError, IndexError) as error:
        return None, [refuse(
            "counts-indices", element, layer or "X", expected="a sound sparse matrix",
            found=f"indices that do not fit its shape ({error})",
            hint="The file is damaged: write it again.",
        )]  # fmt: skip
    return values, []


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
