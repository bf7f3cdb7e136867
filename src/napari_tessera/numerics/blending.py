"""Composition from two views, weighed by what they say of genes that neither has seen.

*Cells*: counts expectation-maximisation from a map; it knows where a cell may lie and what is
special about it, but can give a spot nothing of a type whose cells the map puts elsewhere. *Types*:
the same model with one mean profile per type, from a flat start; it knows no place. How much of
each, folds of the genes say: by the correlation over spots of held-out genes with what the
composition predicts of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.composing import STEPS, composition, counts_em
from napari_tessera.numerics.counts import row_totals, scale_genes, sum_by
from napari_tessera.numerics.folds import stratified_folds
from napari_tessera.numerics.gene_scores import gene_pcc
from napari_tessera.numerics.overall import fitted_factors
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Weights of the view by cells that held-out genes choose from."""

UNJUDGED = 0.5
"""Its weight where there are too few genes for folds."""

TYPE_STEPS = 30
"""Steps of the view by types; it has no cells to over-fit to."""

FOLDS, LEAST_GENES = 3, 12
"""Gene folds, and the fewest genes that are worth them."""

SEED = 0
"""Of the folds, and of the spots that are judged."""

MOST_SPOTS, MOST_GENES = 400, 1500
"""Spots and genes that are judged: the most counted genes, spots drawn at random."""


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Composition, and how it came about.

    Parameters
    ----------
    types : ndarray of str, shape (n_types,)
        Sorted names.
    values : ndarray, shape (n_spots, n_types), float32
        Rows sum to one.
    weight : float
        Weight of the view by cells.
    """

    types: NDArray[np.str_]
    values: NDArray[np.float32]
    weight: float


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """Spots on the cells' platform, cells, where these may lie, and their types."""

    spots: sparse.csr_matrix
    cells: sparse.csr_matrix
    cell_map: sparse.csr_matrix
    labels: NDArray[np.str_]

    def genes(self, kept: NDArray[np.int64]) -> _Sides:
        """Keep some genes."""
        spots, cells = (sparse.csr_matrix(m[:, kept]) for m in (self.spots, self.cells))
        return dataclasses.replace(self, spots=spots, cells=cells)

    def some(self, kept: NDArray[np.int64]) -> _Sides:
        """Keep some spots."""
        cell_map = sparse.csr_matrix(self.cell_map[:, kept])
        return dataclasses.replace(
            self, spots=sparse.csr_matrix(self.spots[kept]), cell_map=cell_map
        )

    def from_cells(self) -> NDArray[np.float32]:
        """Composition by cells, from the map."""
        weights = counts_em(self.spots, self.cells, self.cell_map, STEPS)
        return composition(weights, self.labels)[1]

    def from_types(self) -> NDArray[np.float32]:
        """Composition by mean profiles, from a flat start."""
        types, profiles = counts_by_type(self.cells, self.labels)
        flat = np.ones((types.size, self.spots.shape[0]), dtype=np.float32)
        weights = counts_em(self.spots, profiles, sparse.csr_matrix(flat), TYPE_STEPS)
        return composition(weights, types)[1]


def counts_by_type(
    cells: sparse.csr_matrix, labels: NDArray[np.str_]
) -> tuple[NDArray[np.str_], sparse.csr_matrix]:
    """Sorted names of the types, and the counts of all cells of each."""
    types, codes = np.unique(labels, return_inverse=True)
    return types, sum_by(cells, codes, types.size)


def blend(
    spots: sparse.csr_matrix,
    cells: sparse.csr_matrix,
    cell_map: sparse.csr_matrix,
    labels: NDArray[np.str_],
    weight: float | None = None,
) -> Blend:
    """Compose spots from cells and from types; held-out genes say how much of each.

    Parameters
    ----------
    spots, cells : csr_matrix, shape (n_spots or n_cells, n_genes)
        Counts, each as its platform gives them.
    cell_map : csr_matrix, shape (n_cells, n_spots)
        Where a cell may lie.
    labels : ndarray of str, shape (n_cells,)
        Cell types.
    weight : float or None
        Weight of the view by cells; held-out genes choose it if None.
    """
    types, by_type = counts_by_type(cells, labels)
    bulk = np.asarray(spots.sum(axis=0, dtype=np.float64)).ravel()
    factors = fitted_factors(bulk, by_type.toarray().astype(np.float64))
    sides = _Sides(spots=scale_genes(spots, factors), cells=cells, cell_map=cell_map, labels=labels)
    chosen = _judge(sides) if weight is None else weight
    return Blend(types=types, values=_mix(sides, chosen), weight=chosen)


def _mix(sides: _Sides, weight: float) -> NDArray[np.float32]:
    """Weigh both views; one without weight is not computed."""
    if weight in (0.0, 1.0):
        return sides.from_cells() if weight else sides.from_types()
    mixed = weight * sides.from_cells() + (1 - weight) * sides.from_types()
    return np.asarray(mixed, dtype=np.float32)


def _judge(sides: _Sides) -> float:
    """Weight of the cells with the best mean correlation over held-out genes."""
    level = np.asarray(sides.spots.sum(axis=0, dtype=np.float64)).ravel()
    judged = np.sort(np.argsort(-level, kind="stable")[:MOST_GENES])
    if judged.size < LEAST_GENES:
        return UNJUDGED
    rng = rng_for(SEED, *sides.spots.shape)
    drawn = np.sort(rng.permutation(sides.spots.shape[0])[:MOST_SPOTS])
    small = sides.genes(judged).some(drawn)
    scores = [_held_out(small, fold) for fold in stratified_folds(level[judged], FOLDS, SEED)]
    return WEIGHTS[int(np.concatenate(scores, axis=1).mean(axis=1).argmax())]


def _held_out(sides: _Sides, fold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Correlation of held-out genes with what each weight predicts; (n_weights, n_fold)."""
    seen = sides.genes(np.setdiff1d(np.arange(sides.spots.shape[1]), fold))
    views = seen.from_cells(), seen.from_types()
    totals = np.maximum(row_totals(sides.spots), 1.0)[:, None]
    truth = np.sqrt(sides.spots[:, fold].toarray() / totals)
    profiles = counts_by_type(sides.cells, sides.labels)[1]
    shares = profiles[:, fold].toarray() / np.maximum(row_totals(profiles), 1.0)[:, None]
    one, other = (view @ shares for view in views)
    return np.stack([gene_pcc(truth, np.sqrt(w * one + (1 - w) * other)) for w in WEIGHTS])
