"""Why here: which genes put the cells of a region there. The verb, and what it gives."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.dominance import Contrast
from napari_tessera.contract.explanation import Explanation
from napari_tessera.contract.progress import Progress, SilentMonitor
from napari_tessera.explain.gradients import attribute
from napari_tessera.explain.options import ExplainOptions
from napari_tessera.explain.path import rank_trends
from napari_tessera.explain.sdg import contrast_of, draw_labellings, rank_genes
from napari_tessera.jobs.checkpoint import save_state
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.workflows.explained import Question
from napari_tessera.workflows.question import compare
from napari_tessera.workflows.subject import open_subject

if TYPE_CHECKING:
    from pathlib import Path

    from scipy import sparse
    from spatialdata import SpatialData

    from napari_tessera.contract.dominance import Attribution, GeneRanking
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.workflows.question import Compared
    from napari_tessera.workflows.subject import Subject

_STREAM = 51


def explain_region(  # noqa: PLR0913 - a public verb
    target: Path | str | SpatialData,
    run: str,
    *,
    region: str | None = None,
    cell_type: str | None = None,
    domain: str | None = None,
    path: str | None = None,
    within: str | None = None,
    against: str | None = None,
    column: str = "domain",
    options: ExplainOptions | None = None,
    monitor: Monitor | None = None,
    save: bool = True,
) -> Explanation:
    """Say which genes put the cells of a region where they are.

    Give exactly one of `region`, `cell_type`, `domain` and `path`.

    Parameters
    ----------
    target : path or SpatialData
        Tissue with the run.
    run : str
        Name of a run that placed cells.
    region, path : str, optional
        Name of a drawn region or path.
    cell_type : str, optional
        A cell type, compared with all others.
    domain : str, optional
        Label of spots.
    within : str, optional
        Cell type to compare within; ``all`` compares cells of every type. If it is not given, the
        commonest type of the region is taken that has enough cells on both sides.
    against : str, optional
        A second region, cell type or domain; everything else if not given.
    column : str
        Column of the spots' tables that holds domains; any labels of spots do.
    options : ExplainOptions, optional
        Its defaults if not given.
    monitor : Monitor, optional
        Who watches.
    save : bool
        Whether the ranking is written to the store.

    Returns
    -------
    Explanation
        The ranked genes, the attributions, and which cells were compared.

    Raises
    ------
    InputError
        If what is asked for is not there, or a side has fewer than 20 cells.
    FitCancelled
        If the monitor says so; nothing was written.
    """
    chosen = options if options is not None else ExplainOptions()
    question = Question(
        region=region, cell_type=cell_type, domain=domain, path=path, within=within,
        against=against, column=column,
    )  # fmt: skip
    subject = open_subject(target, run, chosen.device)
    compared = compare(subject, question, chosen)
    found = explain(subject, compared, chosen, monitor if monitor is not None else SilentMonitor())
    return keep(subject, found) if save else found


def explain(
    subject: Subject, compared: Compared, options: ExplainOptions, monitor: Monitor
) -> Explanation:
    """Attribute, test and rank.

    Parameters
    ----------
    subject : Subject
        The run.
    compared : Compared
        What `compare` gave.
    options : ExplainOptions
        How.
    monitor : Monitor
        Who watches.

    Raises
    ------
    InputError
        If a side has fewer than 20 cells.
    FitCancelled
        If the monitor says so.
    """
    if compared.sides is not None:
        compared.sides.check()
    rows = compared.rows
    options = options.settled(has_region=compared.inside is not None)
    values = {"expression": subject.expression[rows]}
    attribution = None
    if subject.encoder is not None:
        attribution = attribute(subject.encoder, rows, options, monitor, compared.inside)
        values["attribution"] = attribution.values
    monitor.report(Progress(stage="testing genes", fraction=1.0))
    ranking = _rank(subject, compared, options, values)
    return Explanation(
        ranking=dataclasses.replace(
            ranking,
            warnings=(*ranking.warnings, *_remarks(attribution)),
            versions=_versions(),
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        ),
        attribution=attribution,
        expression=values["expression"],
        gene_names=subject.gene_names,
        rows=rows,
        xy=subject.placement.xy[rows],
        labels=None if compared.sides is None else compared.sides.labels,
        position=None if compared.along is None else compared.along.position,
    )


def keep(subject: Subject, found: Explanation) -> Explanation:
    """Write a ranking to the store, and what is behind it to the run's directory.

    Parameters
    ----------
    subject : Subject
        The run.
    found : Explanation
        What `explain` gave.

    Raises
    ------
    StoreError
        If the store cannot be written; it is as it was.
    """
    from napari_tessera.data.genes import write_ranking

    name = write_ranking(subject.store, found.ranking)
    kept = dataclasses.replace(found, name=name)
    save_state(subject.run_dir.path / f"genes_{name.rpartition('_')[2]}", kept.to_state())
    return kept


def _rank(
    subject: Subject,
    compared: Compared,
    options: ExplainOptions,
    values: dict[str, sparse.csr_matrix],
) -> GeneRanking:
    """Test genes of both sides, or trends along a path."""
    rng = rng_for(options.seed, _STREAM)
    genes = subject.gene_names
    drawn = {"regions": [region.to_json() for region in compared.drawn]}
    if compared.along is not None:
        contrast = Contrast(
            run=subject.run.name, kind="path", group=compared.drawn[0].name,
            within=compared.within, n_group=compared.rows.size,
            details={"options": options.to_json(), "length": compared.along.length, **drawn},
        )  # fmt: skip
        draws = (options.draws, options.blocks, rng)
        return rank_trends(genes, values, compared.along, draws, contrast)
    if compared.sides is None:
        msg = "a comparison has sides or a path"
        raise ValueError(msg)
    xy = subject.placement.xy[compared.rows]
    labellings = draw_labellings(xy, compared.shape_xy, compared.sides, options, rng)
    contrast = contrast_of(compared.sides, compared.kind, subject.run.name, options)
    contrast = dataclasses.replace(contrast, details={**contrast.details, **drawn})
    return rank_genes(genes, values, compared.sides, labellings, contrast)


def _remarks(attribution: Attribution | None) -> tuple[str, ...]:
    """Say how well attributions add up, or that there are none."""
    if attribution is None:
        return ("This method has no map to differentiate: genes are ranked by expression alone.",)
    gap = attribution.relative_gap
    return (
        f"Attributions fail to add up by {np.median(gap):.1%} of the score in the median cell, "
        f"by {np.quantile(gap, 0.95):.1%} in the worst twentieth.",
    )


def _versions() -> dict[str, str]:
    """Versions of what computed."""
    import scipy
    import torch

    own = importlib.metadata.version("napari-tessera")
    found: dict[str, Any] = {"torch": torch.__version__, "scipy": scipy.__version__}
    return {"napari-tessera": own, "numpy": np.__version__} | {k: str(v) for k, v in found.items()}
