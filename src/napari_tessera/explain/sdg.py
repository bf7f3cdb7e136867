"""Spatially dominant genes: those whose attribution sets a group of cells apart from others.

Ordinary differential expression of the same cells stands in the same table, so that a reader sees
what attribution adds. Genes that pull the group in are ordered by the area under the curve; there
is no fold change, for a ratio of signed means says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.explain.nulls import block_labels, empirical_fdr, null_p, shifted_labels
from napari_tessera.explain.options import Null
from napari_tessera.explain.rank_tests import column_means, null_aucs, rank_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.explain.groups import Sides
    from napari_tessera.explain.options import ExplainOptions

LEVEL = 0.05
"""Adjusted p-value below which a gene counts as dominant."""

NOT_INDEPENDENT = (
    "Cells are no independent samples: neighbours resemble each other and all come from one donor. "
    "p and p_adjusted are too small; rank by auc and judge by p_null and fdr_null."
)
MOSTLY_MARKERS = (
    "All cells were compared: most of these genes mark the cell types that live there. "
    "Compare within one cell type to see what places its cells."
)
SURPLUS_START = (
    "Attributions say what sets a cell apart from the mean of the compared cells by what it "
    "expresses more of; what it lacks counts for nothing. Start at the mean to see both."
)
MEAN_START = (
    "Attributions say what sets a cell apart from the mean of the compared cells; a gene that all "
    "of them express alike has none."
)
ZERO_START = (
    "Paths start at no expression, so a gene that a cell lacks has attribution 0: the absence of a "
    "gene cannot come up. Start at the mean profile to see it."
)


def rank_genes(
    gene_names: NDArray[np.str_],
    values: Mapping[str, sparse.csr_matrix],
    sides: Sides,
    labellings: NDArray[np.bool_] | None,
    contrast: Contrast,
) -> GeneRanking:
    """Rank the genes of two sides.

    Parameters
    ----------
    gene_names : ndarray of str, shape (n_genes,)
        Genes.
    values : mapping
        ``expression`` and, where the map can be explained, ``attribution``: each (n, n_genes),
        the cells of `sides` in its order.
    sides : Sides
        What is compared.
    labellings : ndarray of bool or None, shape (n_draws, n)
        Labels under the null; see `draw_labellings`.
    contrast : Contrast
        Goes into the result.

    Raises
    ------
    InputError
        If a side has fewer than 20 cells.
    """
    sides.check()
    labels = sides.labels
    main = values.get("attribution", values["expression"])
    columns = _compared(main, labels)
    if labellings is not None:
        columns |= _under_null(columns["auc"], null_aucs(main, labellings))
    columns |= _expression(values["expression"], labels)
    order = dominance_order(columns["auc"], columns["mean_group"])
    return GeneRanking(
        gene_names=gene_names[order],
        values={name: column[order] for name, column in columns.items()},
        contrast=contrast,
        warnings=_remarks(contrast, explained="attribution" in values),
    )


def dominance_order(auc: NDArray[np.float64], mean_group: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order genes: those that pull the group in by their AUC, then those that do not.

    A gene that keeps the others out of the region, and that the group lacks, has a large AUC too;
    it is not what puts the group there.

    Parameters
    ----------
    auc, mean_group : ndarray, shape (n_genes,)
        Area under the curve, and mean attribution in the group.
    """
    return np.lexsort((np.arange(auc.size), -auc, mean_group <= 0))


def draw_labellings(
    xy: NDArray[np.float64],
    shape_xy: NDArray[np.float64],
    sides: Sides,
    options: ExplainOptions,
    rng: np.random.Generator,
) -> NDArray[np.bool_] | None:
    """Draw groups under the null.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Places of the cells of `sides`.
    shape_xy : ndarray, shape (n_points, 2), float64
        Points that fill the group's shape: the spots of a region, else the group's own cells.
    sides : Sides
        What is compared.
    options : ExplainOptions
        ``null``, ``draws`` and ``blocks`` are used.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of bool or None, shape (draws, n)
    """
    if options.null is Null.NONE:
        return None
    if options.null is Null.SHIFT:
        return shifted_labels(xy, shape_xy, sides.group.size, options.draws, rng)
    return block_labels(xy, sides.labels, options.blocks, options.draws, rng)


def contrast_of(sides: Sides, kind: str, run: str, options: ExplainOptions) -> Contrast:
    """Write down what was compared.

    Parameters
    ----------
    sides : Sides
        Both sides.
    kind : str
        ``region``, ``cell type`` or ``domain``.
    run : str
        Run whose map was explained.
    options : ExplainOptions
        All of them are kept.
    """
    return Contrast(
        run=run,
        kind=kind,
        group=sides.group_name,
        rest=sides.rest_name,
        within=sides.within,
        n_group=sides.group.size,
        n_rest=sides.rest.size,
        n_between=sides.n_between,
        details={"options": options.to_json()},
    )


def _compared(values: sparse.csr_matrix, labels: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Columns of the test proper."""
    test = rank_test(values, labels)
    inside, outside = column_means(values, labels)
    adjusted = test.p_adjusted
    return {
        "auc": test.auc,
        "mean_difference": inside - outside,
        "p": test.p,
        "p_adjusted": adjusted,
        "dominant": (adjusted < LEVEL) & (inside > np.maximum(outside, 0)),
        "mean_group": inside,
        "mean_rest": outside,
    }


def _under_null(
    auc: NDArray[np.float64], null: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Columns of the empirical null."""
    return {"p_null": null_p(auc, null), "fdr_null": empirical_fdr(auc, null)}


def _expression(values: sparse.csr_matrix, labels: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Ordinary differential expression of the same cells."""
    test = rank_test(values, labels)
    inside, outside = column_means(values, labels)
    found = column_means(_ones(values), labels)
    place = np.empty(test.auc.size, dtype=np.int64)
    place[np.argsort(-test.auc, kind="stable")] = np.arange(1, test.auc.size + 1)
    return {
        "expression_auc": test.auc,
        "expression_difference": inside - outside,
        "expression_p": test.p,
        "expression_p_adjusted": test.p_adjusted,
        "expression_rank": place,
        "detected_group": found[0],
        "detected_rest": found[1],
    }


def _ones(values: sparse.csr_matrix) -> sparse.csr_matrix:
    """Put 1 where something was detected."""
    found = values.copy()
    found.data = (found.data != 0).astype(np.float32)
    return found


def _remarks(contrast: Contrast, *, explained: bool) -> tuple[str, ...]:
    """Say what a reader must know."""
    found = [NOT_INDEPENDENT]
    if not contrast.within and contrast.kind != "cell type":
        found.append(MOSTLY_MARKERS)
    start = contrast.details.get("options", {}).get("start")
    told = {"zero": ZERO_START, "mean": MEAN_START, "surplus": SURPLUS_START}
    if explained and start in told:
        found.append(told[start])
    return tuple(found)
