"""Genes held out in turns: every gene belongs to exactly one fold."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FoldOrder(StrEnum):
    """How genes are dealt into folds."""

    ALPHABETICAL = "alphabetical"
    STRATIFIED = "stratified"


def alphabetical_folds(names: NDArray[np.str_], n_folds: int) -> list[NDArray[np.int64]]:
    """Consecutive runs of the sorted names, as even as possible, the longer ones first.

    Parameters
    ----------
    names : ndarray of str, shape (n_genes,)
        Gene names in any order.
    n_folds : int
        Folds, at most n_genes.

    Returns
    -------
    list of ndarray of int64
        Positions in `names`, sorted by name.
    """
    _check(names.size, n_folds)
    return list(np.array_split(np.argsort(names, kind="stable"), n_folds))


def stratified_folds(
    level: NDArray[np.floating], n_folds: int, seed: int
) -> list[NDArray[np.int64]]:
    """Folds that hold genes of all levels: neighbours in rank go to different folds.

    Parameters
    ----------
    level : ndarray, shape (n_genes,)
        Mean expression.
    n_folds : int
        Folds, at most n_genes.
    seed : int
        Deals the genes of each stratum of `n_folds` neighbours in rank.

    Returns
    -------
    list of ndarray of int64
        Positions, ascending; sizes differ by at most one.
    """
    _check(level.size, n_folds)
    rng = rng_for(seed, n_folds, level.size)
    order = np.argsort(level, kind="stable")
    fold = np.concatenate([rng.permutation(n_folds) for _ in range(-(-level.size // n_folds))])
    return [np.sort(order[fold[: level.size] == f]) for f in range(n_folds)]


def gene_folds(
    names: NDArray[np.str_], level: NDArray[np.floating], n_folds: int, order: FoldOrder, seed: int
) -> list[NDArray[np.int64]]:
    """Folds in the wanted order; see `alphabetical_folds` and `stratified_folds`."""
    if order is FoldOrder.ALPHABETICAL:
        return alphabetical_folds(names, n_folds)
    return stratified_folds(level, n_folds, seed)


def rest_of(fold: NDArray[np.int64], n_genes: int) -> NDArray[np.int64]:
    """Genes that are not in a fold, ascending."""
    return np.setdiff1d(np.arange(n_genes), fold)


def _check(n_genes: int, n_folds: int) -> None:
    """Refuse folds that would be empty."""
    if not 2 <= n_folds <= n_genes:
        msg = f"n_folds must be 2 to {n_genes}, the number of genes; found {n_folds}"
        raise ValueError(msg)
