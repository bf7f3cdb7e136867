"""``evaluate genes``, ``annotation`` and ``domains``: what a method makes of what is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.cli.map_command import selection_from
from napari_tessera.cli.option_flags import options_from
from napari_tessera.cli.say import answer_json, prints_aside, remark_report
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.inputs import RunSpec
from napari_tessera.contract.method import Task
from napari_tessera.contract.sections import SectionData
from napari_tessera.jobs.outcome import DONE
from napari_tessera.methods import method_for

if TYPE_CHECKING:
    import argparse

    from anndata import AnnData

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Run

_METRICS = {"adjusted_rand": "ari", "mutual_information": "nmi"}
"""Names under which metrics are printed, where they differ."""


def score_genes(arguments: argparse.Namespace) -> int:
    """Hold every shared gene out once, predict it, and compare.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.evaluation.genes import gene_report
    from napari_tessera.numerics.folds import FoldOrder

    method = method_for(Task.IMPUTE, arguments.method)
    options = options_from(arguments, method)
    if not isinstance(options, ImputingOptions):
        msg = f"--method: expected one whose genes can be chosen, found {arguments.method}."
        raise InputError(msg, "It predicts only what both sides have; choose another method.")
    with prints_aside():
        inputs = _paired(arguments, method.name, options)
        order = FoldOrder(arguments.fold_order)
        scores = gene_report(inputs, method, options, n_folds=arguments.folds, order=order)
    answer_json(scores)
    return DONE


def _paired(arguments: argparse.Namespace, method: str, options: ImputingOptions) -> PairedData:
    """Read tissue and reference through the gate."""
    from napari_tessera.workflows.prepare import read_pair

    spec = RunSpec(
        method=method,
        task=str(Task.IMPUTE),
        options=options.to_json(),
        selection=selection_from(arguments),
        tissue=str(arguments.tissue),
        reference=str(arguments.reference),
    )
    pair = read_pair(spec)
    remark_report(pair.report)
    if isinstance(pair.inputs, SectionData):  # pragma: no cover - a pair was asked for
        raise TypeError
    return pair.inputs


def score_annotation_run(arguments: argparse.Namespace) -> int:
    """Compare the types of a run with a column of the tissue's own table.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.evaluation.annotation import evaluate_annotation

    with prints_aside():
        run, table, inputs = _run_and_table(arguments)
        pair = None if isinstance(inputs, SectionData) else inputs
        scores = evaluate_annotation(run, table, arguments.label_column, inputs=pair)
    answer_json({"run": run.name, **scores})
    return DONE


def score_domains_run(arguments: argparse.Namespace) -> int:
    """Compare the domains of a run with a column of the tissue's own table.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.evaluation.domains import evaluate_domains

    with prints_aside():
        run, table, inputs = _run_and_table(arguments)
        section = inputs if isinstance(inputs, SectionData) else None
        scores = evaluate_domains(
            run, table, arguments.label_column, unlabelled=arguments.unlabelled, inputs=section
        )
    answer_json({"run": run.name, **_renamed(scores)})
    return DONE


def _renamed(scores: dict[str, Any]) -> dict[str, Any]:
    """Give metrics the names under which they are printed."""
    return {
        _METRICS.get(name, name): _renamed(value) if isinstance(value, dict) else value
        for name, value in scores.items()
    }


def _run_and_table(
    arguments: argparse.Namespace,
) -> tuple[Run, AnnData, PairedData | SectionData | None]:
    """Read a run, the table that it was fitted to, and its inputs where they are still there."""
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.write import read_run
    from napari_tessera.jobs.run_dir import RunDir, run_root

    run = read_run(arguments.store, arguments.run)
    table = open_tissue(arguments.store).sdata.tables[str(run.provenance.origin.selection.table)]
    directory = RunDir(run_root(Path(arguments.store)) / run.name)
    return run, table, directory.load_inputs() if directory.ready else None
