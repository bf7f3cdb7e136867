"""A section seen in several ways: few scores per spot, before any smoothing.

Counts are scaled to the median total and logged. Genes are ranked by Moran's I or by variance,
centred section by section, and reduced to components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.numerics.counts import log_normalise, row_totals
from napari_tessera.numerics.principal import (
    ROWS,
    gene_moments,
    principal_scores,
    standardise,
)
from napari_tessera.numerics.spatial_statistics import morans_i

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.numerics.principal import Standardised

FEWEST_GENES = 3
"""Fewest genes that a section can be judged by."""

SEEN = 0.01
"""Share of the spots in which a gene must be seen."""

N_WIDE, N_AUTOCORRELATED = 40, 10
"""Components that autocorrelation factors are made of, and how many of these there are."""

MORAN_ENTRIES = 10_000_000
"""Spots times genes of which Moran's I is computed at one time."""

SPATIAL, AUTOCORRELATED, VARIABLE, PLAIN = "spatial", "autocorrelated", "variable", "plain"
"""Names of the views."""


@dataclass(frozen=True, kw_only=True)
class LogSection:
    """Log expression of one or several sections with what ranks its genes.

    Parameters
    ----------
    values : csr_matrix, shape (n_spots, n_genes)
        Log expression.
    rows : sequence of ndarray of int64
        Rows of every section.
    seen : ndarray of bool, shape (n_genes,)
        Genes that enough spots have.
    moran : ndarray, shape (n_genes,), float64
        Moran's I, mean over sections; -inf for genes that are not seen.
    variance : ndarray, shape (n_genes,), float64
        Variance, mean over sections; -inf for genes that are not seen.
    """

    values: sparse.csr_matrix
    rows: Sequence[NDArray[np.int64]]
    seen: NDArray[np.bool_]
    moran: NDArray[np.float64]
    variance: NDArray[np.float64]

    def standardised(
        self, genes: NDArray[np.integer], *, unit_variance: bool
    ) -> list[Standardised]:
        """Take some genes of every section, centred."""
        parts = _split(self.values[:, genes], self.rows)
        return [standardise(part, unit_variance=unit_variance) for part in parts]

    def in_order(self, stacked: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring rows that are stacked section by section into the order of the spots."""
        ordered = np.empty_like(stacked)
        ordered[np.concatenate(list(self.rows))] = stacked
        return ordered


def log_section(inputs: SectionData) -> LogSection:
    """Normalise, log, and rank the genes.

    Parameters
    ----------
    inputs : SectionData
        Counts (or values that are logged already) and the graph.

    Raises
    ------
    InputError
        If there are fewer than three genes to go by.
    """
    values = inputs.spots.values
    if inputs.spots.scale in {ExpressionScale.COUNTS, ExpressionScale.NORMALISED}:
        totals = row_totals(values)
        values = _in_blocks(values, float(np.median(totals[totals > 0])))
    rows = section_rows(inputs)
    seen = np.bincount(values.indices, minlength=inputs.n_genes) >= SEEN * inputs.n_spots
    own = [(v, inputs.spot_graph[r][:, r]) for v, r in zip(_split(values, rows), rows, strict=True)]
    moran = [_moran(v, graph) for v, graph in own]
    variance = [gene_moments(v)[1] for v, _ in own]
    seen &= np.mean(variance, axis=0) > 0
    if int(seen.sum()) < FEWEST_GENES:
        msg = f"Genes: expected {FEWEST_GENES} or more that differ between spots and that 1 % of "
        msg += f"the spots have; found {int(seen.sum())}."
        raise InputError(msg, "Give the section with more genes.")
    return LogSection(
        values=values,
        rows=rows,
        seen=seen,
        moran=np.where(seen, np.mean(moran, axis=0), -np.inf),
        variance=np.where(seen, np.mean(variance, axis=0), -np.inf),
    )


def _split(values: sparse.csr_matrix, rows: Sequence[NDArray[np.int64]]) -> list[sparse.csr_matrix]:
    """Take the rows of every section; a single one is not copied."""
    return [values] if len(rows) == 1 else [values[r] for r in rows]


def _in_blocks(counts: sparse.csr_matrix, target: float) -> sparse.csr_matrix:
    """Normalise and log some rows at a time, so that no second copy in double precision lives."""
    starts = range(0, int(counts.shape[0]), ROWS)
    parts = [log_normalise(counts[s : s + ROWS], target) for s in starts]
    return sparse.csr_matrix(sparse.vstack(parts, format="csr"))


def _moran(values: sparse.csr_matrix, graph: sparse.csr_matrix) -> NDArray[np.float64]:
    """Moran's I of some genes at a time: neighbours' means are dense; 0 without neighbours."""
    if graph.nnz == 0:
        return np.zeros(int(values.shape[1]))
    columns = values.tocsc()
    step = max(8, MORAN_ENTRIES // int(values.shape[0]))
    starts = range(0, int(values.shape[1]), step)
    return np.concatenate([morans_i(columns[:, s : s + step].tocsr(), graph) for s in starts])


def section_rows(inputs: SectionData) -> list[NDArray[np.int64]]:
    """Rows of every section, in the order of their names."""
    if inputs.sample is None:
        return [np.arange(inputs.n_spots)]
    return [np.flatnonzero(inputs.sample == name) for name in np.unique(inputs.sample)]


def leading_genes(ranking: NDArray[np.float64], n_genes: int) -> NDArray[np.int64]:
    """Genes with the largest values, in the order of the columns; none that is -inf."""
    order = np.argsort(-ranking, kind="stable")[:n_genes]
    return np.sort(order[np.isfinite(ranking[order])])


def section_views(
    section: LogSection,
    graph: sparse.csr_matrix,
    sizes: tuple[int, int],
    device: torch.device,
) -> Mapping[str, NDArray[np.float32]]:
    """Make the four views.

    Parameters
    ----------
    section : LogSection
        Log expression.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours.
    sizes : tuple of int
        Genes and components to keep.
    device : torch.device
        Where to compute.

    Returns
    -------
    mapping of str to ndarray, shape (n_spots, n_components), float32
        ``spatial``: genes by Moran's I, variance one; ``autocorrelated``: the combinations of its
        components that neighbours share most; ``variable``: genes by variance, variance one;
        ``plain``: genes by Moran's I, as they are.
    """
    n_genes, n_factors = sizes
    by_moran = leading_genes(section.moran, n_genes)
    by_variance = leading_genes(section.variance, n_genes)

    def scores(genes: NDArray[np.int64], n: int, *, unit_variance: bool) -> NDArray[np.float32]:
        parts = section.standardised(genes, unit_variance=unit_variance)
        return section.in_order(principal_scores(parts, n, device)[0].cpu().numpy())

    wide = scores(by_moran, max(N_WIDE, n_factors), unit_variance=True)
    spatial, same = wide[:, :n_factors], np.array_equal(by_moran, by_variance)
    return {
        SPATIAL: spatial,
        AUTOCORRELATED: autocorrelated(wide[:, :N_WIDE], graph, N_AUTOCORRELATED),
        VARIABLE: spatial if same else scores(by_variance, n_factors, unit_variance=True),
        PLAIN: scores(by_moran, n_factors, unit_variance=False),
    }


def autocorrelated(
    scores: NDArray[np.floating], graph: sparse.csr_matrix, n_factors: int
) -> NDArray[np.float32]:
    """Maximum-autocorrelation factors: much variance, little difference between neighbours.

    Solves ``S w = l D w`` with the covariance S of the scores and D of neighbours' differences.

    Parameters
    ----------
    scores : ndarray, shape (n_spots, n_scores)
        Components.
    graph : csr_matrix, shape (n_spots, n_spots)
        Neighbours.
    n_factors : int
        Factors to keep.

    Returns
    -------
    ndarray, shape (n_spots, n_factors), float32
        Neighbours' differences have variance one in each.
    """
    from scipy.linalg import eigh

    x = np.asarray(scores, dtype=np.float64)
    x = x - x.mean(axis=0)
    row, col = graph.nonzero()
    step = x[row] - x[col]
    difference = step.T @ step / max(1, len(step))
    difference += 1e-9 * (np.trace(difference) / len(difference) + 1e-12) * np.eye(len(difference))
    vectors = eigh(x.T @ x / len(x), difference)[1][:, ::-1][:, :n_factors]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    return np.asarray(x @ (vectors * signs), dtype=np.float32)
