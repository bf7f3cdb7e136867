"""Genes of two tables by name: exact, then without regard to case, then without a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ENSEMBL = re.compile(r"^ENS[A-Z]*G\d{6,}(\.\d+)?$")


def unversioned(name: str) -> str:
    """Ensembl id without its version; any other name as it is."""
    return name.split(".")[0] if ENSEMBL.match(name) else name


def folded(name: str) -> str:
    """Name without regard to case, and without a version."""
    return unversioned(name).casefold()


RULES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("exact", str),
    ("without Ensembl versions", unversioned),
    ("without regard to case", folded),
)
"""Ways to compare names, strictest first."""


def sum_duplicates(
    values: sparse.csr_matrix, names: NDArray[np.str_]
) -> tuple[sparse.csr_matrix, NDArray[np.str_], int]:
    """Add up columns of the same name.

    Returns
    -------
    values, names
        With unique names, in order of first appearance.
    n_repeated : int
        Columns that were merged away.
    """
    unique, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    if unique.size == names.size:
        return values, names, 0
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    ones = np.ones(names.size, dtype=np.float32)
    merge = sparse.csr_matrix((ones, (np.arange(names.size), place[inverse])))
    return sparse.csr_matrix(values @ merge), unique[order], int(names.size - unique.size)


def match_genes(
    cells: NDArray[np.str_], spots: NDArray[np.str_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], str]:
    """Columns of both tables that hold the same gene.

    A looser rule is used only where it finds more than twice as many genes as the stricter one.

    Parameters
    ----------
    cells, spots : ndarray of str
        Unique names.

    Returns
    -------
    cell_columns, spot_columns : ndarray of int, shape (n_shared,)
        In the order of the spots' table.
    rule : str
        Which comparison was used.
    """
    best = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), RULES[0][0])
    for rule, key in RULES:
        at = {key(str(name)): i for i, name in reversed(list(enumerate(cells)))}
        seen: set[str] = set()
        pairs = []
        for j, name in enumerate(spots):
            k = key(str(name))
            if k in at and k not in seen:
                seen.add(k)
                pairs.append((at[k], j))
        if len(pairs) > 2 * best[0].size:
            both = np.array(pairs, dtype=np.int64)
            best = (both[:, 0], both[:, 1], rule)
    return best


def is_ensembl(names: NDArray[np.str_]) -> bool:
    """Whether most names are Ensembl ids."""
    some = names[:200]
    return bool(some.size) and sum(bool(ENSEMBL.match(str(n))) for n in some) > some.size / 2
