"""What the gate asks of cell types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.report import Problem

NO_TYPE = frozenset({"", "nan", "none", "na", "n/a", "<na>", "null"})
"""Words, in lower case, that stand for a missing label."""

FEW_CELLS = 5
LONGEST_TYPE = 100


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
            found="none chosen",
            hint="Cells are placed and genes imputed without; a composition needs them.",
        )]  # fmt: skip
    if column not in reference.obs.columns:
        return None, everyone, [refuse(
            "types-missing", "reference", column, expected="a column of obs with cell types",
            found=f"none of that name; there are: {some(reference.obs.columns, 8) or 'none'}",
            hint="Choose one of these (--cell-type-column).",
        )]  # fmt: skip
    values = reference.obs[column]
    if getattr(values, "ndim", 1) != 1:
        return None, everyone, [refuse(
            "types-twice", "reference", column, expected="one column of that name",
            found=f"{values.shape[1]}", hint="Rename or drop the others.",
        )]  # fmt: skip
    labels = np.asarray(values.astype(object).astype(str), dtype=np.str_)
    labels = np.char.strip(labels)
    words = np.array([text.casefold() in NO_TYPE for text in labels.tolist()], dtype=bool)
    missing = values.isna().to_numpy(dtype=bool) | words
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
    elif (sizes < FEW_CELLS).any() and kinds.size > 1:
        problems.append(remark(
            "types-rare", "reference", column, expected="five or more cells of each type",
            found=f"fewer for {some(kinds[sizes < FEW_CELLS])}",
            hint="Read their results with care.",
        ))  # fmt: skip
    if hasattr(values, "cat") and len(values.cat.categories) > kinds.size:
        unused = sorted(set(map(str, values.cat.categories)) - set(kinds.tolist()))
        problems.append(repair(
            "types-unused", "reference", column, expected="categories that occur",
            found=f"{len(unused)} that do not ({some(unused)})", hint="They were dropped.",
        ))  # fmt: skip
    return problems + _judge_names(values, kinds, column)


def _judge_names(
    values: Any,  # noqa: ANN401 - a pandas series
    kinds: NDArray[np.str_],
    column: str,
) -> list[Problem]:
    """Say what is odd about how types are written."""
    problems: list[Problem] = []
    spelled: dict[str, list[str]] = {}
    for kind in kinds.tolist():
        plain = "".join(c for c in kind.casefold() if c.isalnum())
        spelled.setdefault(plain or kind, []).append(kind)
    alike = [names for names in spelled.values() if len(names) > 1]
    if alike:
        problems.append(remark(
            "types-alike", "reference", column, expected="one spelling of each type",
            found=f"{len(alike)} types written in several ways ({some(map(repr, alike[0]))})",
            hint="They count as different types; give them one name if they are one.",
        ))  # fmt: skip
    if values.dtype.kind in "iuf":
        problems.append(remark(
            "types-numbers", "reference", column, expected="names of cell types",
            found=f"numbers ({some(kinds)})", hint="They are used as names.",
        ))  # fmt: skip
    if values.dtype.kind == "b":
        problems.append(remark(
            "types-true-false", "reference", column, expected="names of cell types",
            found="true and false", hint="They are used as names; choose a finer column.",
        ))  # fmt: skip
    if long := [k for k in kinds.tolist() if len(k.encode()) > LONGEST_TYPE]:
        problems.append(remark(
            "types-long", "reference", column, expected=f"names of {LONGEST_TYPE} bytes or fewer",
            found=f"{len(long)} longer ones ({long[0][:30]} ...)",
            hint="Legends will be hard to read; shorten them.",
        ))  # fmt: skip
    return problems
