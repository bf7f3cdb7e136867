"""Cell types as codes, and splits of cells that keep the share of every type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

UNLABELLED = frozenset(
    {"", "na", "nan", "none", "unassigned", "undetermined", "unknown", "unlabeled", "unlabelled"}
)
"""Labels that mean none, in small letters."""


def reference_types(inputs: PairedData) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Types of the reference, sorted, and the type of every cell.

    Parameters
    ----------
    inputs : PairedData
        Cells with their types.

    Returns
    -------
    types : ndarray of str, shape (n_types,)
        Names, sorted.
    codes : ndarray, shape (n_cells,), int64
        Positions in `types`.

    Raises
    ------
    InputError
        If the cells have no types, or all the same.
    """
    if inputs.cell_types is None:
        msg = "Reference: expected cells with types to learn from, found none."
        raise InputError(msg, "Name the obs column of the reference that holds the cell types.")
    types, codes = np.unique(inputs.cell_types, return_inverse=True)
    if types.size < 2:
        msg = f"Reference: expected at least two cell types, found {', '.join(types)!r} only."
        raise InputError(msg, "Name another obs column of the reference.")
    return types, np.asarray(codes, dtype=np.int64)


def stratified_folds(
    codes: NDArray[np.integer], n_folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal the cells of every type over the folds as evenly as can be.

    Parameters
    ----------
    codes : ndarray of int, shape (n_cells,)
        Type of every cell.
    n_folds : int
        Folds.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    ndarray, shape (n_cells,), int64
        Fold of every cell.
    """
    shuffled = rng.permutation(codes.size)
    by_type = shuffled[np.argsort(codes[shuffled], kind="stable")]
    fold = np.empty(codes.size, dtype=np.int64)
    fold[by_type] = np.arange(codes.size) % n_folds
    return fold


def stratified_sample(
    codes: NDArray[np.integer], most: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows of at most about `most` cells: large types are cut to one common size, small ones kept.

    Parameters
    ----------
    codes : ndarray of int, shape (n_cells,)
        Type of every cell.
    most : int
        Most rows wanted, at least one per type is given.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    ndarray of int64, sorted
        Rows.
    """
    if codes.size <= most:
        return np.arange(codes.size)
    sizes = np.bincount(codes)
    low, high = 1, int(sizes.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= most else (low, middle - 1)
    shuffled = rng.permutation(codes.size)
    by_type = shuffled[np.argsort(codes[shuffled], kind="stable")]
    starts = np.cumsum(sizes) - sizes
    place = np.arange(codes.size) - np.repeat(starts, sizes)
    return np.sort(by_type[place < low])
