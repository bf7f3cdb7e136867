"""From an open tissue, and a labelled section where there is one, to what domains are found on."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.expression import Expression
from napari_tessera.contract.inputs import Origin, Selection
from napari_tessera.contract.report import Report
from napari_tessera.contract.sections import SectionData
from napari_tessera.data.choices import fill_selection, with_any_scale
from napari_tessera.data.gate_genes import judge_shared
from napari_tessera.data.gate_places import LEAST_SPOTS, check_places, check_sections
from napari_tessera.data.gate_values import COUNTS_ONLY, read_counts, scale_of
from napari_tessera.data.matching import match_genes
from napari_tessera.data.prepare import spot_pitch
from napari_tessera.data.prepare_beside import Beside, put_beside
from napari_tessera.data.problems import refuse, repair, some
from napari_tessera.data.regions import spots_within
from napari_tessera.data.view import unit_of
from napari_tessera.numerics.lattice import tissue_graph

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.expression import ExpressionScale
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue

LEAST_GENES = 10


def prepare_section(
    tissue: Tissue,
    selection: Selection,
    *,
    accepts: frozenset[ExpressionScale],
    source: Tissue | None = None,
    beside: Beside | None = None,
) -> tuple[SectionData, Report]:
    """Judge and prepare a section; nothing is changed in what was read.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        What was chosen; ``label_column`` names the labels of the source.
    accepts : frozenset of ExpressionScale
        Scales that the method can use.
    source : Tissue, optional
        Labelled section.
    beside : Beside, optional
        What the spots are seen by beside their genes.

    Raises
    ------
    RefusedError
        If the gate refuses; it carries the whole report.
    """
    chosen = _filled(tissue, selection, accepts)
    target, problems = _read(tissue, chosen, accepts)
    if target is not None and source is not None:
        target, more = _with_source(target, source, selection, accepts)
        problems += more
    if target is not None and beside is not None:
        target, more = put_beside(target, tissue, chosen, beside)
        problems += more
    named = {k: v for k, v in chosen.to_json().items() if isinstance(v, str)}
    sizes = {"n_spots": target.n_spots, "n_genes": target.n_genes} if target is not None else {}
    report = Report(problems=tuple(problems), chosen=named, n_cells=0, **sizes)
    if target is None or not report.ok:
        raise RefusedError(report)
    origin = Origin(
        selection=chosen,
        preparation=tuple(f"{p.code}: {p.found}; {p.hint}" for p in report.repairs),
        fingerprint=_fingerprint(target),
        composition="" if beside is None else beside.composition,
    )
    return dataclasses.replace(target, origin=origin), report


def _filled(tissue: Tissue, selection: Selection, accepts: frozenset[ExpressionScale]) -> Selection:
    """Fill every default in, the layer by what the method takes."""
    if accepts != COUNTS_ONLY:
        selection = with_any_scale(tissue, selection)
    return fill_selection(tissue, None, selection)


def _read(
    tissue: Tissue, chosen: Selection, accepts: frozenset[ExpressionScale]
) -> tuple[SectionData | None, list[Problem]]:
    """Spots of one tissue with their places; the selection is filled."""
    problems: list[Problem] = [*tissue.repairs, *tissue.remarks]
    joined, found = check_places(tissue, chosen)
    problems += found
    table = tissue.sdata.tables.get(chosen.table) if chosen.table else None
    if table is None or not table.n_obs or joined is None:
        return None, problems
    name = f"table {chosen.table}"
    read, found = read_counts(table, name, chosen.layer, chosen.gene_column, accepts)
    problems += found + check_sections(table, chosen)
    if read is None or any(p.severity == "refuse" for p in problems):
        return None, problems
    rows, found = spots_within(tissue, chosen, joined.xy)
    problems += found
    at, xy = joined.rows[rows], joined.xy[rows]
    values, names, genes = read[0][at], read[1][at], read[2]
    full, seen = values.getnnz(axis=1) > 0, values.getnnz(axis=0) > 0
    problems += _judge(full, names, name)
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    column = chosen.sample_column
    sample = None if column is None else table.obs[column].astype(str).to_numpy()[at][full]
    sample = None if sample is None else np.asarray(sample, dtype=np.str_)
    section = SectionData(
        spots=Expression(
            values=sparse.csr_matrix(values[full][:, seen]),
            obs_names=names[full],
            gene_names=genes[seen],
            scale=scale_of(problems, name),
        ),
        spot_xy=xy[full],
        spot_graph=tissue_graph(xy[full], sample),
        unit=unit_of(tissue, str(chosen.coordinate_system)),
        pitch=spot_pitch(xy[full], sample),
        sample=sample,
    )
    return section, problems


def _judge(full: NDArray[np.bool_], names: NDArray[np.str_], element: str) -> list[Problem]:
    """Say which spots have no counts, and whether enough are left."""
    if full.sum() < LEAST_SPOTS:
        return [refuse(
            "spots-too-few", element, "", expected=f"at least {LEAST_SPOTS} spots with counts",
            found=str(int(full.sum())), hint="Domains need more spots than this.",
        )]  # fmt: skip
    if full.all():
        return []
    return [repair(
        "spots-empty", element, "obs_names", expected="spots with counts",
        found=f"{int((~full).sum())} without ({some(names[~full])})",
        hint="These spots were left out.",
    )]  # fmt: skip


def _with_source(
    target: SectionData, source: Tissue, selection: Selection, accepts: frozenset[ExpressionScale]
) -> tuple[SectionData | None, list[Problem]]:
    """Put a labelled section beside the target, both over the genes that they share."""
    own = _filled(source, Selection(), accepts)
    other, problems = _read(source, own, accepts)
    if other is None:
        return None, problems
    labels, found = _labels(
        source.sdata.tables[str(own.table)], other.spots.obs_names, selection.label_column
    )
    problems += found
    at_target, at_source, rule = match_genes(target.spots.gene_names, other.spots.gene_names)
    problems += judge_shared(
        target.spots.gene_names, other.spots.gene_names, at_target.size, rule, least=LEAST_GENES
    )
    if labels is None or any(p.severity == "refuse" for p in problems):
        return None, problems
    names = target.spots.gene_names[at_target]
    known = np.flatnonzero(labels != "")
    kept = SectionData(
        spots=dataclasses.replace(other.spots.take_genes(at_source).take(known), gene_names=names),
        spot_xy=other.spot_xy[known],
        spot_graph=sparse.csr_matrix(other.spot_graph[known][:, known]),
        unit=other.unit,
        pitch=other.pitch,
        sample=None if other.sample is None else other.sample[known],
        labels=labels[known],
    )
    return dataclasses.replace(
        target, spots=target.spots.take_genes(at_target), source=kept
    ), problems


def _labels(
    table: AnnData, names: NDArray[np.str_], column: str | None
) -> tuple[NDArray[np.str_] | None, list[Problem]]:
    """Labels of the source's spots, empty where there is none."""
    if column is None or column not in table.obs:
        there = some(table.obs.columns, 8) or "none"
        return None, [refuse(
            "labels-missing", "source", str(column or ""), expected="a column of obs with domains",
            found=f"none of that name; there are: {there}", hint="Name it with --label-column.",
        )]  # fmt: skip
    values = table.obs[column]
    text = np.where(values.isna(), "", values.astype(str)).astype(np.str_)
    at = {str(name): i for i, name in enumerate(table.obs_names)}
    labels = text[[at[name] for name in names.tolist()]]
    if np.unique(labels[labels != ""]).size < 2:
        return None, [refuse(
            "labels-one", "source", column, expected="two domains or more", found="fewer",
            hint="Choose another column, or leave the source out.",
        )]  # fmt: skip
    return labels, []


def _fingerprint(section: SectionData) -> str:
    """Hash over shape and content of all that was read; 16 hex digits."""
    digest = hashlib.sha256()
    parts = [section] if section.source is None else [section, section.source]
    for part in parts:
        digest.update(str(part.spots.values.shape).encode())
        values = part.spots.values
        read = (values.data, values.indices, part.spot_xy, part.picture, part.composition)
        for array in (array for array in read if array is not None):
            digest.update(np.ascontiguousarray(array).tobytes())
        for names in (part.spots.obs_names, part.spots.gene_names, part.labels):
            if names is not None:
                digest.update("\n".join(names.tolist()).encode())
    return digest.hexdigest()[:16]
