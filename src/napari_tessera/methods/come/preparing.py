"""What COME trains on: scaled expression of both sides, and spots to be shown as cells."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.numerics.counts import platform_factors, row_totals, scale_genes, thin
from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.spatial_statistics import graph_of, most_spatial
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.come.options import ComeOptions

NEIGHBOURHOOD = 0.5
"""Width in pitches of the Gaussian under which a spot counts as found."""

CLIP = 10.0
"""Largest standardised value: a gene seen in three cells must not outweigh all others."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScaledRows:
    """Sparse values that become dense, scaled by gene, a few rows at a time.

    Parameters
    ----------
    values : csr_matrix, shape (n_rows, n_genes)
        Logarithms of normalised counts, or what a tissue without counts holds.
    offset, scale : ndarray, shape (n_genes,), float32
        Taken off, then divided by; an infinite scale makes a gene 0.
    """

    values: sparse.csr_matrix
    offset: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def standardised(cls, values: sparse.csr_matrix) -> ScaledRows:
        """Mean 0 and standard deviation 1 of every gene; constant genes become 0."""
        mean = np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()
        squares = np.asarray(values.multiply(values).mean(axis=0, dtype=np.float64)).ravel()
        variance = squares - mean**2
        sd = np.where(variance > 1e-10 * np.maximum(squares, 1e-300), np.sqrt(variance.clip(0)), 0)
        return cls._of(values, mean, sd)

    @classmethod
    def ranged(cls, values: sparse.csr_matrix) -> ScaledRows:
        """Smallest value 0 and largest 1 of every gene, as published; constant genes become 0."""
        low, high = (
            np.asarray(v.todense(), dtype=np.float64).ravel()
            for v in (values.min(axis=0), values.max(axis=0))
        )
        return cls._of(values, low, high - low)

    @classmethod
    def _of(
        cls, values: sparse.csr_matrix, offset: NDArray[np.float64], scale: NDArray[np.float64]
    ) -> ScaledRows:
        """Pack, with an infinite scale where there is nothing to scale."""
        divisor = np.where(scale > 0, scale, np.inf)
        return cls(
            values=values,
            offset=offset.astype(np.float32),
            scale=divisor.astype(np.float32),
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    def like(self, values: sparse.csr_matrix) -> ScaledRows:
        """Other rows, scaled as these are."""
        return dataclasses.replace(self, values=values)

    def only(self, genes: NDArray[np.int64]) -> ScaledRows:
        """Keep some genes."""
        return ScaledRows(
            values=sparse.csr_matrix(self.values[:, genes]),
            offset=self.offset[genes],
            scale=self.scale[genes],
        )

    def rows(self, which: slice | NDArray[np.int64], device: torch.device) -> torch.Tensor:
        """Dense scaled rows, shape (n, n_genes), float32."""
        offset, scale = (torch.from_numpy(a).to(device) for a in (self.offset, self.scale))
        dense = (dense_rows(self.values, which, device) - offset) / scale
        return dense.clamp_(-CLIP, CLIP)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """Prepared once per fit, and cut to the genes of a fold.

    Parameters
    ----------
    genes : ndarray of int, shape (n_used,)
        Columns of the inputs that are used.
    cells, spots : ScaledRows
        Both sides.
    counts : csr_matrix or None, shape (n_spots, n_all)
        Spots to be thinned; None where the tissue holds no counts.
    columns : ndarray of int, shape (n_used,)
        Columns of `counts` that are used.
    queries : ScaledRows
        Scaling of thinned spots; holds no rows of use.
    depths : ndarray, shape (n_cells,)
        Totals of the cells over the columns of `counts`.
    factors : ndarray, shape (n_all,)
        How much more of every gene the cells' platform sees.
    neighbours : csr_matrix, shape (n_spots, n_spots)
        Gaussian adjacency; rows sum to one.
    edges : ndarray, shape (2, n_edges), int64
        Neighbouring spots, each pair once.
    classes : ndarray, shape (n_cells,), int64
        Cell types by number; every cell its own where there are none.
    """

    genes: NDArray[np.int64]
    cells: ScaledRows
    spots: ScaledRows
    counts: sparse.csr_matrix | None
    columns: NDArray[np.int64]
    queries: ScaledRows
    depths: NDArray[np.float64]
    factors: NDArray[np.float64]
    neighbours: sparse.csr_matrix
    edges: NDArray[np.int64]
    classes: NDArray[np.int64]

    def only(self, kept: NDArray[np.int64]) -> Prepared:
        """Keep some of the used genes."""
        return dataclasses.replace(
            self,
            genes=self.genes[kept],
            cells=self.cells.only(kept),
            spots=self.spots.only(kept),
            columns=self.columns[kept],
            queries=self.queries.only(kept),
        )

    @property
    def target(self) -> float:
        """Total that counts are normalised to."""
        return float(max(np.median(self.depths), 1.0))

    def log_counts(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Normalise counts over all columns as the spots were, and keep the used ones."""
        scaled = log_share(scale_genes(counts, self.factors), row_totals(counts), self.target)
        return sparse.csr_matrix(scaled[:, self.columns])


def prepare(
    inputs: PairedData, options: ComeOptions, genes: NDArray[np.int64] | None = None
) -> Prepared:
    """Choose genes, normalise, scale.

    Parameters
    ----------
    inputs : PairedData
        Cells, and spots in any scale.
    options : ComeOptions
        Options.
    genes : ndarray of int or None
        Columns to use, where they were chosen before.
    """
    genes = spatial_genes(inputs, options.n_genes) if genes is None else genes
    form = ScaledRows.ranged if options.is_free else ScaledRows.standardised
    counts = cut(inputs.spots.values, genes) if has_counts(inputs) else None
    cell_counts = cut(inputs.cells.values, genes)
    depths = row_totals(cell_counts)
    target = float(max(np.median(depths), 1.0))
    factors = np.ones(genes.size)
    spots = cut(inputs.spots.values, genes)
    queries = form(spots)
    if counts is not None:
        if not options.is_free:
            factors = platform_factors(counts, cell_counts)
        spots = log_share(scale_genes(counts, factors), row_totals(counts), target)
        rng = rng_for(options.seed, 0)
        thinned = thin(counts, rng.choice(depths, size=inputs.n_spots), rng)
        queries = form(log_share(scale_genes(thinned, factors), row_totals(thinned), target))
    graph = graph_of(inputs)
    upper = sparse.triu(graph, k=1).tocoo()
    return Prepared(
        genes=genes,
        cells=form(log_cells(inputs, genes)),
        spots=form(spots),
        counts=counts,
        columns=np.arange(genes.size),
        queries=queries,
        depths=depths,
        factors=factors,
        neighbours=gaussian_adjacency(inputs.spot_xy, NEIGHBOURHOOD * inputs.pitch, inputs.sample),
        edges=np.stack([upper.row, upper.col]).astype(np.int64),
        classes=cell_classes(inputs),
    )


def has_counts(inputs: PairedData) -> bool:
    """Whether the spots hold counts that can be thinned."""
    return inputs.spots.scale is ExpressionScale.COUNTS


def cut(matrix: sparse.csr_matrix, genes: NDArray[np.int64]) -> sparse.csr_matrix:
    """Keep some columns."""
    return sparse.csr_matrix(matrix[:, genes])


def log_share(
    counts: sparse.csr_matrix, totals: NDArray[np.float64], target: float
) -> sparse.csr_matrix:
    """``log(1 + target x / total)`` with given totals; rows without any stay empty."""
    factor = np.divide(target, totals, out=np.zeros_like(totals), where=totals > 0)
    found = sparse.csr_matrix(sparse.diags(factor) @ counts, dtype=np.float32)
    found.data = np.log1p(found.data)
    return found


def library(inputs: PairedData) -> NDArray[np.float64]:
    """Total of every cell over all genes that were handed over, those that spots lack included."""
    further = 0.0 if inputs.further is None else inputs.further.totals()
    return np.asarray(inputs.cells.totals() + further)


def log_cells(inputs: PairedData, genes: NDArray[np.int64] | None = None) -> sparse.csr_matrix:
    """Logarithms of the cells' counts at the median library; shared genes, all or some.

    Cells that hold no counts are taken as they are.
    """
    values = inputs.cells.values if genes is None else cut(inputs.cells.values, genes)
    if inputs.cells.scale is not ExpressionScale.COUNTS:
        return values
    totals = library(inputs)
    return log_share(values, totals, float(max(np.median(totals), 1.0)))


def cell_classes(inputs: PairedData) -> NDArray[np.int64]:
    """Cell types by number; every cell its own where there are none."""
    if inputs.cell_types is None:
        return np.arange(inputs.n_cells)
    return np.asarray(np.unique(inputs.cell_types, return_inverse=True)[1], dtype=np.int64)


def spatial_genes(inputs: PairedData, n_genes: int | None) -> NDArray[np.int64]:
    """Columns of the genes with the largest Moran's I over the spots, in their order.

    Genes that no cell has are last.
    """
    if n_genes is None or n_genes >= inputs.n_genes:
        return np.arange(inputs.n_genes)
    spots = inputs.spots.values
    if has_counts(inputs):
        spots = log_share(spots, row_totals(spots), float(max(np.median(row_totals(spots)), 1.0)))
    return most_spatial(inputs, spots, n_genes)
