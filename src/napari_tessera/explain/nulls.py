"""Groups that have nothing to do with the genes, and yet lie as compactly as the real one.

Neighbouring cells resemble each other, so a compact group differs from the rest in many genes even
where nothing sets it apart: a rank test that takes cells for independent is far too sure. Two
nulls keep the compactness. *Shift*: the drawn shape is turned, mirrored and put elsewhere on the
cells that are compared, and takes as many of them as the real group has. *Blocks*: the compared
cells are cut into patches of the same number of cells, and whole patches of labels change places.
The second tears shapes at the patches' edges and is somewhat too sure; see
``docs/decisions/null-labels.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIELD_SIZE = 192
"""Grid points per side of the distance field of a shape."""

LEAST_PER_BLOCK = 4
"""Cells that a patch must have."""


@dataclass(frozen=True)
class _Field:
    """Distance to a shape on a grid about it."""

    values: NDArray[np.float32]
    low: NDArray[np.float64]
    step: NDArray[np.float64]

    def at(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance at points; beyond the grid, that of its edge and the way there."""
        cell = (xy - self.low) / self.step
        near = np.clip(np.rint(cell), 0, FIELD_SIZE - 1).astype(np.int64)
        beyond = np.linalg.norm((cell - np.clip(cell, 0, FIELD_SIZE - 1)) * self.step, axis=1)
        return np.asarray(self.values[near[:, 0], near[:, 1]] + beyond)


def shifted_labels(
    xy: NDArray[np.float64],
    shape_xy: NDArray[np.float64],
    n_group: int,
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Put a shape elsewhere, again and again, and label the cells it lands on.

    Parameters
    ----------
    xy : ndarray, shape (n_cells, 2), float64
        Places of the compared cells.
    shape_xy : ndarray, shape (n_points, 2), float64
        Points that fill the shape, such as the spots of a drawn region.
    n_group : int
        Cells that every labelling takes: those nearest to the shape.
    draws : int
        How many labellings.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of bool, shape (draws, n_cells)
    """
    field = _distance_field(shape_xy)
    labellings = np.zeros((draws, len(xy)), dtype=np.bool_)
    for labels in labellings:
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn[:, 1] *= rng.choice([-1.0, 1.0])
        onto, point = xy[rng.integers(len(xy))], shape_xy[rng.integers(len(shape_xy))]
        away = field.at((xy - onto) @ turn + point)
        away += 1e-9 * rng.random(len(xy)) * field.step.max()
        labels[np.argpartition(away, n_group - 1)[:n_group]] = True
    return labellings


def _distance_field(shape_xy: NDArray[np.float64]) -> _Field:
    """Distance to the nearest point of a shape, on a grid twice its size."""
    low, high = shape_xy.min(axis=0), shape_xy.max(axis=0)
    margin = 0.5 * max(float((high - low).max()), 1e-9)
    step = (high - low + 2 * margin) / (FIELD_SIZE - 1)
    at = np.indices((FIELD_SIZE, FIELD_SIZE)).reshape(2, -1).T * step + (low - margin)
    away = np.asarray(cKDTree(shape_xy).query(at)[0], dtype=np.float32)
    return _Field(away.reshape(FIELD_SIZE, FIELD_SIZE), low - margin, step)


def block_labels(
    xy: NDArray[np.float64],
    labels: NDArray[np.bool_],
    n_blocks: int,
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Let whole patches of labels change places, again and again.

    Parameters
    ----------
    xy : ndarray, shape (n_cells, 2), float64
        Places of the compared cells.
    labels : ndarray of bool, shape (n_cells,)
        Which belong to the group.
    n_blocks : int
        Patches; fewer where they would hold fewer than `LEAST_PER_BLOCK` cells.
    draws : int
        How many labellings.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of bool, shape (draws, n_cells)
        Groups of the same size; a few cells beyond equal patches keep their label.
    """
    n_blocks = max(2, min(n_blocks, len(xy) // LEAST_PER_BLOCK))
    size = len(xy) // n_blocks
    dealt = np.sort(rng.permutation(len(xy))[: size * n_blocks])
    patches = dealt[patch_order(xy[dealt], n_blocks)].reshape(n_blocks, size)
    labellings = np.repeat(labels[None], draws, axis=0)
    for drawn in labellings:
        drawn[patches.ravel()] = labels[patches[rng.permutation(n_blocks)]].ravel()
    return labellings


def patch_order(xy: NDArray[np.float64], n_blocks: int) -> NDArray[np.int64]:
    """Order points so that equal runs of them are compact patches.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Points; n is a multiple of `n_blocks`.
    n_blocks : int
        Patches.

    Returns
    -------
    ndarray, shape (n,), int64
        Points are halved across their longer extent until one patch is left.
    """
    axis = int(np.argmax(np.ptp(xy, axis=0)))
    order = np.argsort(xy[:, axis], kind="stable")
    if n_blocks == 1:
        return order
    left = n_blocks // 2
    cut = len(xy) // n_blocks * left
    halves = ((order[:cut], left), (order[cut:], n_blocks - left))
    return np.concatenate([half[patch_order(xy[half], n)] for half, n in halves])


def null_p(observed: NDArray[np.floating], null: NDArray[np.floating]) -> NDArray[np.float64]:
    """Share of labellings under which a gene does as well, the real one counted; (n_genes,).

    Parameters
    ----------
    observed : ndarray, shape (n_genes,)
        Statistic of the real labels; larger is more extreme.
    null : ndarray, shape (n_draws, n_genes)
        The same under the null.
    """
    reached = (null >= observed[None] - 1e-6).sum(axis=0)
    return np.asarray((1 + reached) / (1 + len(null)))


def empirical_fdr(
    observed: NDArray[np.floating], null: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Estimate the share of false ones among genes with this statistic or a larger; (n_genes,).

    Parameters
    ----------
    observed : ndarray, shape (n_genes,)
        Statistic of the real labels; larger is more extreme.
    null : ndarray, shape (n_draws, n_genes)
        The same under the null, all genes of a draw together.
    """
    pooled = np.sort(null, axis=None)
    order = np.argsort(-observed, kind="stable")
    by_chance = (pooled.size - np.searchsorted(pooled, observed[order] - 1e-6)) / len(null)
    called = np.arange(1, observed.size + 1)
    falling = np.minimum.accumulate((by_chance / called)[::-1])[::-1]
    found = np.empty(observed.size)
    found[order] = np.minimum(falling, 1.0)
    return found
