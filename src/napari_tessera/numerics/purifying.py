"""Spots taken apart: the share of every count of a spot that cells of one type account for.

A spot holds several cells, a cell only itself. Given how much of every cell each spot holds, W,
the counts of spot j that belong to the cells of type t are expected to be

    S_jg  sum_{i in t} W_ji x_ig / sum_i W_ji x_ig,

and one part of a spot, thinned to the depth of a cell, is nearer to a real cell than all of it.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.cluster.vq import kmeans2

from napari_tessera.numerics.composing import counts_em
from napari_tessera.numerics.counts import log_normalise, spots_as_cells
from napari_tessera.numerics.multinomial import (
    MapRecipe,
    choose_temperature,
    multinomial_map,
    weighted_log_profiles,
)
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

EM_STEPS = 3
"""Steps of counts expectation-maximisation from the training-free map."""

N_CLUSTERS, N_COMPONENTS = 25, 20
"""Clusters that stand in for types where cells have none, and components that they are made in."""

LEAST_SHARE = 0.1
"""Types with a smaller share of a spot are left out of it: a tenth is one cell of ten, and what a
fit to another person's cells leaves over is smaller."""

BLOCK_ENTRIES = 2**24
"""Spots x groups x genes that are taken apart at once."""

LEAST_WEIGHT = 1e-3
"""Cells with a smaller share of a spot are left out of it."""

LEAST_TOTAL = 5.0
"""A part with fewer molecules says nothing; the whole spot is taken in its place."""


@dataclasses.dataclass(frozen=True)
class SpotParts:
    """Every spot as the parts that its types make up, to be drawn from.

    Parameters
    ----------
    counts : csr_matrix, shape (n_parts + n_spots, n_genes), float32
        Expected counts of every part, those of a spot together; then the whole spots.
    first : ndarray of int, shape (n_spots + 1,)
        First part of every spot.
    shares : ndarray, shape (n_parts,), float64
        Share of the part in its spot, running sum within the spot: ends at one.
    """

    counts: sparse.csr_matrix
    first: NDArray[np.int64]
    shares: NDArray[np.float64]

    @cached_property
    def ends(self) -> NDArray[np.float64]:
        """Running shares of all spots one after the other, shape (n_parts,), rising."""
        spot_of = np.repeat(np.arange(self.first.size - 1), np.diff(self.first))
        return np.asarray(self.shares + spot_of)

    def draw(
        self,
        rng: np.random.Generator,
        whole: float = 0.0,
        spots: NDArray[np.int64] | None = None,
    ) -> sparse.csr_matrix:
        """Take one part of every spot, in proportion to its share, rounded at random.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the draw.
        whole : float
            Chance that a spot is taken whole.
        spots : ndarray of int, optional
            Spots to draw a part of; all of them where it is not given.

        Returns
        -------
        csr_matrix, shape (n_drawn, n_genes), float32
            Whole counts.
        """
        n_spots = self.first.size - 1
        rows = np.arange(n_spots) if spots is None else spots
        # the end of share i of spot j lies in (j, j + 1]: one search finds a part of every spot
        chosen = np.searchsorted(self.ends, rows + rng.random(rows.size))
        chosen = np.clip(chosen, self.first[rows], self.first[rows + 1] - 1)
        chosen = np.where(rng.random(rows.size) < whole, self.shares.size + rows, chosen)
        drawn = sparse.csr_matrix(self.counts[chosen])
        drawn.data = np.floor(drawn.data + rng.random(drawn.data.size)).astype(np.float32)
        return drawn


def parts_of(
    inputs: PairedData, genes: NDArray[np.integer], seed: int, device: torch.device
) -> SpotParts:
    """Take the spots apart with the training-free map: no coordinate or label of a spot is needed.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots; cells without types are clustered.
    genes : ndarray of int, shape (n_used,)
        Columns that the parts have.
    seed : int
        Seed of the split that chooses the map's temperature, and of the clusters.
    device : torch.device
        Where the map is made.

    Returns
    -------
    SpotParts
    """
    recipe = MapRecipe(seed=seed)
    temperature, _ = choose_temperature(inputs, recipe, device)
    profiles = weighted_log_profiles(inputs, recipe)
    rows = multinomial_map(inputs.cells.values, profiles, temperature, device)
    return parts_by(rows.kept(), inputs, genes, seed)


def parts_by(
    found: sparse.csr_matrix, inputs: PairedData, genes: NDArray[np.integer], seed: int
) -> SpotParts:
    """Take the spots apart with a map that is at hand.

    Parameters
    ----------
    found : csr_matrix, shape (n_cells, n_spots)
        The map.
    inputs, genes, seed
        See `parts_of`.
    """
    weights = counts_em(spots_as_cells(inputs), inputs.cells.values, found, EM_STEPS)
    cells = sparse.csr_matrix(inputs.cells.values[:, genes], dtype=np.float64)
    each = sparse.diags(1 / np.maximum(inputs.cells.totals(), 1.0))
    spots = sparse.csr_matrix(inputs.spots.values[:, genes])
    return take_apart(spots, sparse.csr_matrix(each @ cells), weights, groups_of(inputs, seed))


def groups_of(inputs: PairedData, seed: int) -> NDArray[np.int64]:
    """Type of every cell as a number, or its cluster where there are no types; (n_cells,)."""
    if inputs.cell_types is not None:
        return np.unique(inputs.cell_types, return_inverse=True)[1].astype(np.int64)
    values = log_normalise(inputs.cells.values, float(np.median(inputs.cells.totals())))
    k = min(N_COMPONENTS, *(n - 1 for n in values.shape))
    first = rng_for(seed, values.shape[0]).normal(size=min(values.shape))
    u, s, _ = sparse.linalg.svds(values, k=k, v0=first)
    n = min(N_CLUSTERS, values.shape[0] // 20 + 1)
    found = kmeans2(u * s, n, minit="++", rng=rng_for(seed, values.shape[0], 1))[1]
    return np.asarray(found, dtype=np.int64)


def take_apart(
    spots: sparse.csr_matrix,
    cells: sparse.csr_matrix,
    weights: sparse.csr_matrix,
    groups: NDArray[np.integer],
) -> SpotParts:
    """Split every spot's counts over groups of cells.

    Parameters
    ----------
    spots : csr_matrix, shape (n_spots, n_genes)
        Counts to be split.
    cells : csr_matrix, shape (n_cells, n_genes)
        Profiles; rows of W times them are expected counts, up to a factor per spot.
    weights : csr_matrix, shape (n_spots, n_cells)
        W >= 0, from `counts_em`.
    groups : ndarray of int, shape (n_cells,)
        Group of every cell, such as its type.

    Returns
    -------
    SpotParts
        A spot without any weight is one part, itself.
    """
    weights = _pruned(weights)
    groups = np.unique(groups, return_inverse=True)[1]
    n_groups = int(groups.max()) + 1
    size = max(1, BLOCK_ENTRIES // (n_groups * spots.shape[1]))
    blocks = [slice(i, i + size) for i in range(0, spots.shape[0], size)]
    return _joined([_some_apart(spots[b], cells, weights[b], groups) for b in blocks])


def _some_apart(
    spots: sparse.csr_matrix,
    cells: sparse.csr_matrix,
    weights: sparse.csr_matrix,
    groups: NDArray[np.integer],
) -> SpotParts:
    """Do the work of `take_apart` for a few spots."""
    expected = [
        sparse.csr_matrix(weights[:, groups == g] @ cells[groups == g])
        for g in range(int(groups.max()) + 1)
    ]
    mass = np.stack([np.asarray(e.sum(axis=1)).ravel() for e in expected], axis=1)
    shares = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    total = sum(expected, sparse.csr_matrix(spots.shape)).toarray()  # few rows: looked up at once
    ratio = sparse.csr_matrix(spots, dtype=np.float64, copy=True)
    below = total[_rows_of(ratio), ratio.indices]
    ratio.data = np.divide(ratio.data, below, out=np.zeros_like(ratio.data), where=below > 0)
    parts = [sparse.csr_matrix(ratio.multiply(e)) for e in expected]
    return _assemble(spots, parts, shares)


def _joined(found: list[SpotParts]) -> SpotParts:
    """Put the parts of blocks of spots together; the whole spots come last."""
    n_parts = [f.shares.size for f in found]
    counts = [f.counts[:n] for f, n in zip(found, n_parts, strict=True)]
    wholes = [f.counts[n:] for f, n in zip(found, n_parts, strict=True)]
    before = np.concatenate([[0], np.cumsum(n_parts)])
    first = [f.first[:-1] + start for f, start in zip(found, before[:-1], strict=True)]
    return SpotParts(
        counts=sparse.vstack([*counts, *wholes], format="csr"),
        first=np.concatenate([*first, before[-1:]]).astype(np.int64),
        shares=np.concatenate([f.shares for f in found]),
    )


def _pruned(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Drop what adds next to nothing to a spot."""
    kept = sparse.csr_matrix(weights, dtype=np.float64, copy=True)
    top = np.asarray(kept.sum(axis=1)).ravel()
    kept.data[kept.data < LEAST_WEIGHT * top[_rows_of(kept)]] = 0
    kept.eliminate_zeros()
    return kept


def _rows_of(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    """Row of every stored entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _assemble(
    spots: sparse.csr_matrix, parts: list[sparse.csr_matrix], shares: NDArray[np.float64]
) -> SpotParts:
    """Put the parts of each spot together; spots without a part stand for themselves."""
    totals = np.stack([np.asarray(p.sum(axis=1)).ravel() for p in parts], axis=1)
    used = (shares >= LEAST_SHARE) & (totals >= LEAST_TOTAL)
    alone = ~used.any(axis=1)
    used = np.column_stack([used, alone])
    shares = np.column_stack([shares, alone.astype(float)])
    spot, kind = np.nonzero(used)
    n_spots = spots.shape[0]
    stacked = sparse.vstack([*parts, sparse.csr_matrix(spots, dtype=np.float64)], format="csr")
    taken = sparse.csr_matrix(stacked[kind * n_spots + spot], dtype=np.float32)
    counts = sparse.vstack([taken, sparse.csr_matrix(spots, dtype=np.float32)], format="csr")
    first = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int64)
    kept = np.where(used, shares, 0.0)
    running = np.cumsum(kept / kept.sum(axis=1, keepdims=True), axis=1)
    return SpotParts(counts, first, np.minimum(running, 1.0)[spot, kind])
