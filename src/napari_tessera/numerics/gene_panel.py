"""What predicting genes starts from: both sides gene by gene on a scale where they can be compared.

Counts are logged, ``log(1 + x)``; those of a whole transcriptome are brought to the median total
first, those of a panel of genes are not, because there the total depends on the panel. Logged
values and intensities stay as they are. Then each gene is standardised on each side by itself.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.imputing import ALL_GENES, ImputingOptions
from napari_tessera.numerics.counts import row_totals
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

WHOLE = 1000
"""Counts over at least so many genes are taken for a transcriptome, not for a panel."""

LEAST_GENES = 4
"""Fewest shared genes from which others can be predicted and held out."""


@dataclass(frozen=True, kw_only=True)
class GenePanel:
    """Spots over the panel, cells over panel and wanted genes, standardised per gene.

    Parameters
    ----------
    genes : ndarray of str, shape (n_panel,)
        Measured genes that are learned from.
    wanted : ndarray of str, shape (n_wanted,)
        Further genes to predict, measured or not.
    spots : ndarray, shape (n_spots, n_panel), float32
        Standardised over spots.
    spot_mean, spot_sd : ndarray, shape (n_panel,), float32
        What was taken off; ``spots * spot_sd + spot_mean`` are values in `scale`.
    cells : ndarray, shape (n_cells, n_panel + n_wanted), float32
        Standardised over cells; the panel first.
    cell_mean, cell_sd, detected : ndarray, shape (n_panel + n_wanted,), float32
        Mean, standard deviation and share of cells with the gene, before standardising.
    scale : ExpressionScale
        Scale of the spots' values.
    """

    genes: NDArray[np.str_]
    wanted: NDArray[np.str_]
    spots: NDArray[np.float32]
    spot_mean: NDArray[np.float32]
    spot_sd: NDArray[np.float32]
    cells: NDArray[np.float32]
    cell_mean: NDArray[np.float32]
    cell_sd: NDArray[np.float32]
    detected: NDArray[np.float32]
    scale: ExpressionScale

    @property
    def n_panel(self) -> int:
        """Number of genes that are learned from."""
        return int(self.genes.size)

    @property
    def n_all(self) -> int:
        """Number of genes of the panel and of the wanted ones."""
        return int(self.genes.size + self.wanted.size)

    def values(self, genes: NDArray[np.integer]) -> NDArray[np.float32]:
        """Give true values of some genes of the panel in `scale`, shape (n_spots, n)."""
        found = self.spots[:, genes] * self.spot_sd[genes] + self.spot_mean[genes]
        return np.asarray(found, dtype=np.float32)


def prepare_panel(inputs: PairedData, options: ImputingOptions) -> GenePanel:
    """Choose genes and cells, bring both sides to their scale and standardise them.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots; `further` of the cells holds what can be predicted.
    options : ImputingOptions
        Genes wanted, genes and cells to learn from.

    Raises
    ------
    InputError
        If fewer than four measured genes vary, or a wanted gene is unknown.
    """
    further = _further(inputs, options)
    cells, all_names = comparable_cells(inputs, further)
    spots = comparable(inputs.spots)
    n_shared = inputs.n_genes
    spot_mean, spot_sd = moments(spots)
    panel = _choose(moments(cells[:, :n_shared])[1], spot_sd, options.n_genes)
    beyond = np.setdiff1d(np.arange(n_shared), panel)
    wanted = np.concatenate([beyond, np.arange(n_shared, all_names.size)])
    chosen = np.concatenate([panel, wanted])
    rows = sample_cells(inputs.n_cells, options)
    values = np.asarray(cells[rows][:, chosen].toarray(), dtype=np.float32)
    own_mean, own_sd = values.mean(axis=0), values.std(axis=0)
    shown = np.asarray(spots[:, panel].toarray(), dtype=np.float32)
    return GenePanel(
        genes=all_names[panel],
        wanted=all_names[wanted],
        spots=_standardised(shown, spot_mean[panel], spot_sd[panel]),
        spot_mean=spot_mean[panel].astype(np.float32),
        spot_sd=spot_sd[panel].astype(np.float32),
        detected=(values > 0).mean(axis=0, dtype=np.float64).astype(np.float32),
        cells=_standardised(values, own_mean, own_sd),
        cell_mean=own_mean,
        cell_sd=own_sd,
        scale=logged_scale(inputs.spots.scale),
    )


def comparable(expression: Expression) -> sparse.csr_matrix:
    """Values of one side on the scale on which genes are predicted."""
    if expression.scale is not ExpressionScale.COUNTS:
        return expression.values
    return _logged(expression.values, row_totals(expression.values), expression.n_genes)


def comparable_cells(
    inputs: PairedData, further: NDArray[np.int64] | None = None
) -> tuple[sparse.csr_matrix, NDArray[np.str_]]:
    """Cells over shared and further genes on that scale, and the names; the shared ones first.

    Parameters
    ----------
    inputs : PairedData
        Totals are over all genes that are known of the cells.
    further : ndarray of int64, optional
        Which of the further genes; all of them where it is not given.
    """
    cells, more = inputs.cells, inputs.further
    values, names, totals, n_genes = cells.values, cells.gene_names, cells.totals(), cells.n_genes
    if more is not None:
        totals, n_genes = totals + more.totals(), n_genes + more.n_genes
        extra = more.values if further is None else more.values[:, further]
        extra_names = more.gene_names if further is None else more.gene_names[further]
        values = sparse.csr_matrix(sparse.hstack([values, extra], format="csr"))
        names = np.concatenate([names, extra_names])
    if cells.scale is ExpressionScale.COUNTS:
        values = _logged(values, totals, n_genes)
    return values, names


def logged_scale(scale: ExpressionScale) -> ExpressionScale:
    """Scale in which genes are predicted: counts are logged, all else stays."""
    return ExpressionScale.LOG1P if scale is ExpressionScale.COUNTS else scale


def moments(values: sparse.csr_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population standard deviation of every column."""
    x = values.astype(np.float64)
    mean = np.asarray(x.mean(axis=0)).ravel()
    square = np.asarray(x.multiply(x).mean(axis=0)).ravel()
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def sample_cells(n_cells: int, options: ImputingOptions) -> NDArray[np.int64]:
    """Rows of the cells to learn from, ascending."""
    if n_cells <= options.max_cells:
        return np.arange(n_cells)
    rng = rng_for(options.seed, n_cells, options.max_cells)
    return np.sort(rng.choice(n_cells, options.max_cells, replace=False))


def _logged(
    counts: sparse.csr_matrix, totals: NDArray[np.float64], n_genes: int
) -> sparse.csr_matrix:
    """Log counts; those of a transcriptome of so many genes are brought to the median total."""
    logged = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
    if n_genes >= WHOLE:
        median = float(np.median(totals))
        factor = np.divide(median, totals, out=np.zeros_like(totals), where=totals > 0)
        logged.data *= np.repeat(factor.astype(np.float32), np.diff(logged.indptr))
    logged.data = np.log1p(logged.data)
    return logged


def _choose(
    cell_sd: NDArray[np.float64], spot_sd: NDArray[np.float64], n_genes: int | None
) -> NDArray[np.int64]:
    """Pick the genes that vary most on both sides, in the order of the input."""
    varies = np.flatnonzero((cell_sd > 1e-6) & (spot_sd > 1e-6))
    if varies.size < LEAST_GENES:
        msg = (
            f"Genes: expected at least {LEAST_GENES} measured genes that vary in cells and spots, "
            f"found {varies.size}."
        )
        raise InputError(msg, "Take a reference that shares more genes with the tissue.")
    if n_genes is None or varies.size <= n_genes:
        return varies
    spread = cell_sd[varies] * spot_sd[varies]
    return np.sort(varies[np.argsort(-spread, kind="stable")[:n_genes]])


def _further(inputs: PairedData, options: ImputingOptions) -> NDArray[np.int64]:
    """Positions of the wanted genes among the further ones; measured ones come by themselves."""
    names = np.empty(0, dtype=np.str_) if inputs.further is None else inputs.further.gene_names
    asked = options.wanted
    position = {str(name): i for i, name in enumerate(names)}
    if asked == (ALL_GENES,) and ALL_GENES not in position:
        return np.arange(names.size)
    measured = {str(name) for name in inputs.cells.gene_names}
    return np.array(
        [_position(n, position, measured) for n in asked if n not in measured], dtype=np.int64
    )


def _position(name: str, position: dict[str, int], measured: set[str]) -> int:
    """Where a gene stands among the further genes of the cells."""
    if name not in position:
        near = difflib.get_close_matches(name, [*position, *measured], n=3, cutoff=0.6)
        msg = f"Option genes: expected genes of the reference, found {name!r}, which it lacks."
        hint = (
            f"Did you mean {', '.join(near)}?" if near else "Names are compared letter by letter."
        )
        raise InputError(msg, hint)
    return position[name]


def _standardised(
    values: NDArray[np.float32], mean: NDArray[np.floating], sd: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Take off the mean and divide by the standard deviation; constant genes become 0."""
    safe = np.where(sd > 1e-6, sd, np.inf).astype(np.float32)
    values -= mean.astype(np.float32)
    values /= safe
    return values
