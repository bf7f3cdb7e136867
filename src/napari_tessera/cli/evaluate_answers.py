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
    from napari_tessera.evaluation.genes import compare_genes, evaluate_genes
    from napari_tessera.numerics.folds import FoldOrder

    method = method_for(Task.IMPUTE, arguments.method)
    simple = method_for(Task.IMPUTE, "baseline")
    options = options_from(arguments, method)
    if not isinstance(options, ImputingOptions):
        msg = f"--method: expected one whose genes can be chosen, found {arguments.method}."
        raise InputError(msg, "It predicts only what both sides have; choose another method.")
    with prints_aside():
        inputs = _paired(arguments, method.name, options)
        how: dict[str, Any] = {
            "n_folds": arguments.folds,
            "order": FoldOrder(arguments.fold_order),
        }
        found = evaluate_genes(inputs, method, options, **how)
        scores: dict[str, Any] = {"method": method.name, **found.summary()}
        if simple is not method:
            plain = ImputingOptions(seed=options.seed, device=options.device)
            beside = evaluate_genes(inputs, simple, plain, **how)
            scores["baseline"] = {"method": simple.name, **beside.summary()}
            scores["paired"] = compare_genes(found, beside)
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
    import numpy as np

    from napari_tessera.evaluation.annotation import score_annotation

    with prints_aside():
        run, table = _run_and_table(arguments)
        found = run.result.annotation
        if found is None:
            raise _no_answer(run, "cell types", "annotate")
        rows = table.obs_names.get_indexer(found.spot_names)
        values = table.obs[_column(table, arguments.label_column)].iloc[rows]
        truth = np.where(values.isna(), "", values.astype(str)).astype(np.str_)
        scores = score_annotation(found, truth)
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
    from napari_tessera.jobs.run_dir import RunDir, run_root

    with prints_aside():
        run, table = _run_and_table(arguments)
        if run.result.domains is None:
            raise _no_answer(run, "domains", "cluster")
        directory = RunDir(run_root(Path(arguments.store)) / run.name)
        inputs = directory.load_inputs() if directory.ready else None
        section = inputs if isinstance(inputs, SectionData) else None
        column = _column(table, arguments.label_column)
        scores = evaluate_domains(run, table, column, inputs=section)
    answer_json({"run": run.name, **_renamed(scores)})
    return DONE


def _renamed(scores: dict[str, Any]) -> dict[str, Any]:
    """Give metrics the names under which they are printed."""
    return {
        _METRICS.get(name, name): _renamed(value) if isinstance(value, dict) else value
        for name, value in scores.items()
    }


def _run_and_table(arguments: argparse.Namespace) -> tuple[Run, AnnData]:
    """Read a run, and the table that it was fitted to."""
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.write import read_run

    run = read_run(arguments.store, arguments.run)
    name = str(run.provenance.origin.selection.table)
    return run, open_tissue(arguments.store).sdata.tables[name]


def _column(table: AnnData, column: str) -> str:
    """Refuse a column that is not there."""
    if column not in table.obs:
        there = ", ".join(map(str, table.obs.columns)) or "none"
        msg = f"--label-column: expected a column of obs, found none called {column!r}."
        raise InputError(msg, f"There are: {there}.")
    return column


def _no_answer(run: Run, what: str, command: str) -> InputError:
    """Say that a run answers something else."""
    msg = f"Run {run.name}: expected {what}, found {', '.join(run.result.answers)}."
    return InputError(msg, f"Give a run that `{command}` made.")
