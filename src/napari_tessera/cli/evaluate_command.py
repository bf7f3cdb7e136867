"""``evaluate``: simulate, and score against a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.cli.say import answer, answer_json, prints_aside
from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.outcome import DONE

if TYPE_CHECKING:
    import argparse

    from napari_tessera.contract.inputs import PairedData


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Do one of the evaluations.

    Returns
    -------
    int
        Exit code.
    """
    if arguments.kind in {"genes", "annotation", "domains"}:
        from napari_tessera.cli import evaluate_answers

        name = {"genes": "score_genes"}.get(arguments.kind, f"score_{arguments.kind}_run")
        return int(getattr(evaluate_answers, name)(arguments))
    return {"pseudospots": _pseudospots, "placement": _placement}[arguments.kind](arguments)


def _pseudospots(arguments: argparse.Namespace) -> int:
    """Pool cells with known places into spots."""
    from napari_tessera.data.read import read_reference
    from napari_tessera.evaluation.pseudospots import (
        Construction,
        PseudoSpots,
        simulate_pseudospots,
    )

    how = PseudoSpots(
        construction=Construction(arguments.construction),
        grid=_grid(arguments.grid),
        window=arguments.window,
        capture=arguments.capture,
        platform=arguments.platform,
        seed=arguments.seed,
    )
    _refuse_existing("OUT", arguments.out)
    _refuse_existing("--cells-out", arguments.cells_out)
    with prints_aside():
        cells = read_reference(arguments.cells)
        spots, marked = simulate_pseudospots(
            cells, how, cell_type_column=arguments.cell_type_column
        )
        spots.write_h5ad(arguments.out)
        if arguments.cells_out is not None:
            marked.write_h5ad(arguments.cells_out)
    answer(f"Wrote {spots.n_obs} spots to {arguments.out}")
    return DONE


def _refuse_existing(name: str, path: Path | None) -> None:
    """Overwrite nothing."""
    if path is not None and path.exists():
        msg = f"{name}: expected a file that is not there yet, found that {path} exists."
        raise InputError(msg, "Nothing is overwritten: choose another name.")


def _grid(text: str) -> tuple[int, int]:
    """Read a grid such as 30x40."""
    rows, cross, columns = text.partition("x")
    if not (cross and rows.isdigit() and columns.isdigit() and int(rows) and int(columns)):
        msg = f"Option --grid: expected two numbers such as 30x40, found {text!r}."
        raise InputError(msg, "Give rows and columns with an x between them.")
    return int(rows), int(columns)


def _placement(arguments: argparse.Namespace) -> int:
    """Score where a run put cells whose places are known."""
    from napari_tessera.data.read import open_tissue, read_reference
    from napari_tessera.data.write import read_run
    from napari_tessera.evaluation.placement import evaluate_placement

    with prints_aside():
        run = read_run(arguments.store, arguments.run)
        table = run.provenance.origin.selection.table
        scores = evaluate_placement(
            run,
            read_reference(arguments.truth),
            pooled_column=arguments.pooled_column,
            truth_composition=arguments.truth_composition,
            spots=open_tissue(arguments.store).sdata.tables.get(str(table)),
            inputs=_inputs(Path(arguments.store), arguments.run),
        )
    answer_json(scores)
    return DONE


def _inputs(store: Path, name: str) -> PairedData | None:
    """Read what a run was fitted to; None where its run directory is gone."""
    from napari_tessera.jobs.run_dir import RunDir, run_root

    run_dir = RunDir(run_root(store) / name)
    return run_dir.load_pair() if run_dir.ready else None
