"""The one input gate of window, Python and shell: all that is wrong, before anything is trained."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.report import Problem, Report
from napari_tessera.data.choices import fill_selection
from napari_tessera.data.gate_genes import further_columns, judge_chosen, judge_shared
from napari_tessera.data.gate_places import LEAST_SPOTS, check_places, check_sections
from napari_tessera.data.gate_types import check_types
from napari_tessera.data.gate_values import COUNTS_ONLY, read_counts, scale_of
from napari_tessera.data.matching import match_genes
from napari_tessera.data.problems import refuse, remark, repair, some
from napari_tessera.data.regions import spots_within

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.expression import ExpressionScale
    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue

LEAST_GENES, FEW_GENES, LEAST_CELLS = 10, 50, 10
MOST_SILENT = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Examined:
    """What passed the gate.

    Parameters
    ----------
    selection : Selection
        With every default filled in.
    cells, spots : csr_matrix
        Counts over the shared genes, float32.
    cell_names, spot_names, gene_names : ndarray of str
        Their names.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.
    cell_types : ndarray of str or None, shape (n_cells,)
        Labels.
    spot_rows : ndarray of int, shape (n_spots,)
        Rows of the spots' table.
    spot_scale : ExpressionScale
        What the values of the spots are.
    further : csr_matrix or None, shape (n_cells, n_further)
        Counts of genes to predict that are not trained on.
    further_names : ndarray of str, shape (n_further,)
        Their names.
    """

    selection: Selection
    cells: sparse.csr_matrix
    spots: sparse.csr_matrix
    cell_names: NDArray[np.str_]
    spot_names: NDArray[np.str_]
    gene_names: NDArray[np.str_]
    spot_xy: NDArray[np.float64]
    cell_types: NDArray[np.str_] | None
    spot_rows: NDArray[np.int64]
    spot_scale: ExpressionScale
    further: sparse.csr_matrix | None
    further_names: NDArray[np.str_]


def check_inputs(tissue: Tissue, reference: AnnData | None, selection: Selection) -> Report:
    """Say what was found, how much of it there is, and what is wrong with it.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    reference : AnnData or None
        Reference; without one only the tissue is judged.
    selection : Selection
        What was chosen; defaults are filled in and named in the report.
    """
    return examine(tissue, reference, selection)[1]


def examine(
    tissue: Tissue,
    reference: AnnData | None,
    selection: Selection,
    accepts: frozenset[ExpressionScale] = COUNTS_ONLY,
) -> tuple[Examined | None, Report]:
    """Judge, and hand over what passed; None where something refuses or there is no reference."""
    chosen = fill_selection(tissue, reference, selection)
    problems = [*tissue.repairs, *tissue.remarks]
    joined, found = check_places(tissue, chosen)
    problems += found
    spots = None
    table = tissue.sdata.tables.get(chosen.table) if chosen.table else None
    if table is not None and table.n_obs:
        name = f"table {chosen.table}"
        spots, found = read_counts(table, name, chosen.layer, chosen.gene_column, accepts)
        problems += found + check_sections(table, chosen)
    cells, types, labelled = None, None, np.empty(0, dtype=bool)
    if reference is not None:
        cells, found = read_counts(
            reference, "reference", chosen.reference_layer, chosen.reference_gene_column
        )
        types, labelled, more = check_types(reference, chosen.cell_type_column)
        problems += found + more
    sizes = {"n_cells": 0 if reference is None else reference.n_obs}
    sizes["n_spots"] = 0 if joined is None else len(joined.rows)
    if joined is None or spots is None or cells is None:
        return None, _report(problems, chosen, sizes)
    rows, found = spots_within(tissue, chosen, joined.xy)
    problems += found
    spots = (spots[0][joined.rows[rows]], spots[1][joined.rows[rows]], spots[2])
    cells = (cells[0][labelled], cells[1][labelled], cells[2])
    pair, found = _pair(chosen, cells, spots)
    problems += found
    if pair is None or any(p.severity == "refuse" for p in problems):
        return None, _report(problems, chosen, sizes)
    kept_cells, kept_spots = pair.pop("keep_cells"), pair.pop("keep_spots")
    examined = Examined(
        selection=chosen,
        spot_xy=joined.xy[rows][kept_spots],
        spot_rows=joined.rows[rows][kept_spots],
        cell_types=None if types is None else types[labelled][kept_cells],
        spot_scale=scale_of(problems, f"table {chosen.table}"),
        **pair,
    )
    sizes = {"n_cells": len(examined.cell_names), "n_spots": len(examined.spot_names)}
    return examined, _report(problems, chosen, {**sizes, "n_genes": len(examined.gene_names)})


def _report(problems: list[Problem], chosen: Selection, sizes: dict[str, int]) -> Report:
    """Put problems, sizes and chosen defaults together."""
    named = {k: v for k, v in chosen.to_json().items() if isinstance(v, str)}
    named.setdefault("layer", "X")
    return Report(problems=tuple(problems), chosen=named, **sizes)


Side = tuple[sparse.csr_matrix, "NDArray[np.str_]", "NDArray[np.str_]"]


def _pair(
    chosen: Selection, cells: Side, spots: Side
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Match genes, leave out what is empty."""
    at_cells, at_spots, rule = match_genes(cells[2], spots[2])
    names = spots[2][at_spots]
    problems = _judge_genes(cells[2], spots[2], names.size, rule)
    problems += judge_chosen(names, chosen.genes, chosen.held_out_genes)
    keep = ~np.isin(names, np.asarray(chosen.held_out_genes, dtype=np.str_))
    if chosen.genes is not None:
        keep &= np.isin(names, np.asarray(chosen.genes, dtype=np.str_))
    x, s = cells[0][:, at_cells[keep]], spots[0][:, at_spots[keep]]
    silent = (x.getnnz(axis=0) == 0) & (s.getnnz(axis=0) == 0)
    x, s, names = x[:, ~silent], s[:, ~silent], names[keep][~silent]
    if silent.any() and names.size >= LEAST_GENES:
        problems.append(repair(
            "genes-empty", "tissue and reference", "genes", expected="genes with counts",
            found=f"{int(silent.sum())} shared genes without any on either side",
            hint="These genes were left out.",
        ))  # fmt: skip
    problems += _judge_silent(x, s, chosen)
    if names.size < LEAST_GENES:
        if any(p.severity == "refuse" for p in problems):
            return None, problems
        return None, [*problems, refuse(
            "genes-left-few", "tissue and reference", "genes", expected=f"{LEAST_GENES} or more",
            found=f"{names.size} to train on", hint="Choose more genes.",
        )]  # fmt: skip
    further, found = further_columns(cells[2], names, chosen.imputed_genes)
    problems += found
    keep_cells, keep_spots = x.getnnz(axis=1) > 0, s.getnnz(axis=1) > 0
    problems += _judge_empty(keep_cells, cells[1], "reference", "cells", LEAST_CELLS)
    problems += _judge_empty(keep_spots, spots[1], f"table {chosen.table}", "spots", LEAST_SPOTS)
    return {
        "cells": sparse.csr_matrix(x[keep_cells]),
        "spots": sparse.csr_matrix(s[keep_spots]),
        "cell_names": cells[1][keep_cells],
        "spot_names": spots[1][keep_spots],
        "gene_names": names,
        "further": sparse.csr_matrix(cells[0][keep_cells][:, further]) if further.size else None,
        "further_names": cells[2][further],
        "keep_cells": keep_cells,
        "keep_spots": keep_spots,
    }, problems


def _judge_genes(
    cells: NDArray[np.str_], spots: NDArray[np.str_], n_shared: int, rule: str
) -> list[Problem]:
    """Say how many genes are shared, and why so few."""
    problems = judge_shared(cells, spots, n_shared, rule, least=LEAST_GENES)
    if LEAST_GENES <= n_shared < FEW_GENES:
        problems.append(remark(
            "genes-few", "tissue and reference", "genes",
            expected=f"{FEW_GENES} or more shared genes", found=str(n_shared),
            hint="Read the result with care: so few genes place cells poorly.",
        ))  # fmt: skip
    return problems


def _judge_silent(x: sparse.csr_matrix, s: sparse.csr_matrix, chosen: Selection) -> list[Problem]:
    """Say on which side most shared genes have no counts."""
    problems = []
    for matrix, element in ((x, "reference"), (s, f"table {chosen.table}")):
        silent = np.asarray(matrix.sum(axis=0)).ravel() == 0
        if silent.size and silent.mean() > MOST_SILENT:
            problems.append(remark(
                "genes-silent", element, "genes", expected="counts in most of the shared genes",
                found=f"none in {int(silent.sum())} of {silent.size}",
                hint="Was the table cut down to other genes? Read the result with care.",
            ))  # fmt: skip
    return problems


def _judge_empty(
    kept: NDArray[np.bool_], names: NDArray[np.str_], element: str, what: str, least: int
) -> list[Problem]:
    """Say which rows have no counts in the shared genes, and whether enough are left."""
    if kept.sum() < least:
        return [refuse(
            f"{what}-too-few", element, "", expected=f"at least {least} {what} with counts",
            found=str(int(kept.sum())), hint=f"A map needs more {what} than this.",
        )]  # fmt: skip
    if kept.all():
        return []
    return [repair(
        f"{what}-empty", element, "obs_names", expected=f"{what} with counts in the shared genes",
        found=f"{int((~kept).sum())} without ({some(names[~kept])})",
        hint=f"These {what} were left out.",
    )]  # fmt: skip
