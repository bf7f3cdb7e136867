"""``explain``: which genes put the cells of a region where they are."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from napari_tessera.cli.interrupt import InterruptibleMonitor, stops
from napari_tessera.cli.option_flags import options_of
from napari_tessera.cli.progress_bar import ProgressBar
from napari_tessera.cli.say import answer, answer_json, prints_aside, remark
from napari_tessera.explain.options import ExplainOptions
from napari_tessera.jobs.outcome import DONE
from napari_tessera.workflows.files import FIGURES, check_file, save_figure, save_table

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from napari_tessera.contract.explanation import Explanation

N_PRINTED = 10
"""Genes that are printed."""


def run_explain(arguments: argparse.Namespace) -> int:
    """Rank the genes of a region, write the ranking to the store, and print the best.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    InputError
        If what is asked for is not there, or a side has too few cells.
    """
    _check_outputs(arguments)
    began = time.monotonic()
    with prints_aside():
        found = _explain(arguments)
        if arguments.csv is not None:
            save_table(found.ranking.table(), arguments.csv)
        if arguments.figure is not None:
            save_figure(found.figure(), arguments.figure)
    if arguments.json:
        answer_json(_summary(found, str(arguments.tissue), time.monotonic() - began))
    else:
        _tell(found, time.monotonic() - began)
    return DONE


def run_explain_unit(arguments: argparse.Namespace) -> int:
    """Do what lies in a job's folder, for a parent process: JSON lines on standard output.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.jobs.child import run_child
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.workflows.explained import answer_request

    return run_child(RunDir(arguments.run_dir), answer_request)


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse files that cannot be written before anything is computed."""
    if arguments.figure is not None:
        check_file(arguments.figure, "--figure", FIGURES)
    if arguments.csv is not None:
        check_file(arguments.csv, "--csv")


def _explain(arguments: argparse.Namespace) -> Explanation:
    """Count, say the counts, attribute, test, write."""
    from napari_tessera.workflows.explain import explain, keep
    from napari_tessera.workflows.explained import Question
    from napari_tessera.workflows.question import compare
    from napari_tessera.workflows.subject import open_subject

    options = options_of(arguments, ExplainOptions)
    fields = [field.name for field in dataclasses.fields(Question)]
    question = Question(**{name: getattr(arguments, name) for name in fields})
    subject = open_subject(_store(arguments), arguments.run, options.device, arguments.run_dir)
    compared = compare(subject, question, options)
    remark(f"Comparing {compared}.")
    bar = ProgressBar()
    monitor = InterruptibleMonitor(bar)
    try:
        with stops(monitor):
            found = explain(subject, compared, options, monitor)
    finally:
        bar.close()
    return keep(subject, found)


def _store(arguments: argparse.Namespace) -> Path:
    """Store with the run.

    Raises
    ------
    InputError
        If it is none.
    """
    from napari_tessera.data.read import existing_path

    return existing_path(arguments.tissue, "TISSUE")


def _summary(found: Explanation, store: str, seconds: float) -> dict[str, object]:
    """Say it as one object."""
    ranking = found.ranking
    return {
        "run": ranking.contrast.run,
        "store": store,
        "ranking": found.name,
        "contrast": ranking.contrast.to_json(),
        "genes": ranking.gene_names[:N_PRINTED].tolist(),
        "n_dominant": int(ranking.dominant().size),
        "seconds": round(seconds, 3),
        "warnings": list(ranking.warnings),
    }


def _tell(found: Explanation, seconds: float) -> None:
    """Say it to people."""
    ranking = found.ranking
    answer(f"{found.name}: {ranking.contrast}, {seconds:.1f} s.")
    shown = [c for c in _SHOWN if c in ranking.values]
    answer("  ".join([f"{'gene':<12}", *(f"{name:>15}" for name in shown)]))
    for i in range(min(N_PRINTED, ranking.gene_names.size)):
        numbers = (f"{float(ranking.values[name][i]):>15.3g}" for name in shown)
        answer("  ".join([f"{ranking.gene_names[i]:<12}", *numbers]))
    for warning in ranking.warnings:
        answer(f"Note: {warning}")


_SHOWN = ("auc", "mean_difference", "p_adjusted", "p_null", "fdr_null", "expression_auc", "r2",
          "spearman", "peak", "expression_r2")  # fmt: skip
