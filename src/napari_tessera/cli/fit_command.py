"""``fit``, ``check`` and ``commit``: the three stages of a run, for a parent process to call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.cli.say import answer_json, prints_aside
from napari_tessera.contract.errors import InputError, RefusedError, TesseraError
from napari_tessera.jobs.child import run_child
from napari_tessera.jobs.outcome import DONE
from napari_tessera.jobs.run_dir import RunDir, read_spec
from napari_tessera.methods import get_method

if TYPE_CHECKING:
    import argparse

    from napari_tessera.contract.inputs import RunSpec
    from napari_tessera.contract.progress import Monitor


def run_fit(arguments: argparse.Namespace) -> int:
    """Fit what a run directory asks for; prepare it first where that was not done.

    Returns
    -------
    int
        Exit code.
    """
    return run_child(
        RunDir(arguments.run_dir),
        lambda run_dir, monitor: _prepare_and_solve(run_dir, arguments.spec, monitor),
    )


def _recipe(spec: RunSpec) -> tuple[object, ...]:
    """Give the part of a recipe that tells runs apart, whatever defaults were filled in."""
    options = get_method(spec.method).options_type.from_json(spec.options).to_json()
    return spec.task, spec.method, options, spec.tissue, spec.reference, spec.source


def _prepare_and_solve(run_dir: RunDir, spec_path: Path, monitor: Monitor) -> None:
    """Do what is left to be done."""
    from napari_tessera.contract.progress import Progress

    spec = read_spec(spec_path)
    if run_dir.ready and _recipe(run_dir.spec) != _recipe(spec):
        msg = f"{run_dir.path}: expected the run of {spec_path}, found another."
        raise InputError(msg, "Choose an empty --run-dir.")
    if not run_dir.ready:
        monitor.report(Progress(stage="reading the data"))
        _prepare(run_dir, spec)
    from napari_tessera.workflows.unit import solve

    solve(run_dir, monitor)


def _prepare(run_dir: RunDir, spec: RunSpec) -> None:
    """Read and judge the data, and write the run directory."""
    from napari_tessera.workflows.prepare import name_run, read_pair, root_of, write_run_dir

    pair = read_pair(spec)
    name = name_run(pair, root_of(pair.spec, None), taken=(), again=False)
    write_run_dir(run_dir, pair, name)


def run_check(arguments: argparse.Namespace) -> int:
    """Read and judge the data of a recipe; a good one leaves a complete run directory.

    Prints ``{"report", "run", "fingerprint", "place", "finished"}``: `place` is where the directory
    belongs, `finished` whether an identical run lies there or in the store.

    Returns
    -------
    int
        Exit code.
    """
    try:
        with prints_aside():
            found = _check(read_spec(arguments.spec), RunDir(arguments.run_dir))
    except RefusedError as error:
        answer_json({"report": error.report.to_json(), "run": "", "fingerprint": ""})
        return error.exit_code
    except TesseraError as error:
        answer_json({"message": error.message, "hint": error.hint})
        return error.exit_code
    answer_json(found)
    return DONE


def _check(spec: RunSpec, run_dir: RunDir) -> dict[str, Any]:
    """Prepare a run in a directory that may be moved to its place later."""
    from napari_tessera.workflows.prepare import (
        name_run,
        names_in,
        read_pair,
        root_of,
        store_of,
        write_run_dir,
    )

    pair = read_pair(spec)
    root = root_of(pair.spec, None)
    name = name_run(pair, root, taken=(), again=False)
    prepared = write_run_dir(run_dir, pair, name)
    return {
        "report": prepared.report.to_json(),
        "run": name,
        "fingerprint": prepared.fingerprint,
        "place": str(root / name),
        "finished": RunDir(root / name).finished or name in names_in(store_of(spec)),
    }


def run_commit(arguments: argparse.Namespace) -> int:
    """Bring the result of a run directory into its store.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.commit import commit_run

    run_dir = RunDir(Path(arguments.run_dir))
    with prints_aside():
        store = commit_run(run_dir)
    answer_json({"run": run_dir.run_name, "store": str(store)})
    return DONE
