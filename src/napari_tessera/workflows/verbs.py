"""The verbs of the Python door; the command line calls the same ones."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.contract.method import Task
from napari_tessera.jobs.monitor import JointMonitor, RunDirMonitor
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.methods import method_for
from napari_tessera.workflows.commit import check_same_spots, checked_store, commit_run
from napari_tessera.workflows.prepare import (
    name_run,
    names_in,
    open_source,
    read_pair,
    root_of,
    write_run_dir,
)
from napari_tessera.workflows.processor import check_device

if TYPE_CHECKING:
    from spatialdata import SpatialData

    from napari_tessera.contract.options import Options
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.report import Report
    from napari_tessera.contract.results import Run
    from napari_tessera.data.write import RunSummary
    from napari_tessera.workflows.prepare import Pair, ReferenceSource, TissueSource


def map_cells(  # noqa: PLR0913 - a public verb
    tissue: TissueSource,
    reference: ReferenceSource,
    *,
    cell_type_column: str | None = None,
    method: str = "stem",
    options: Options | None = None,
    selection: Selection | None = None,
    monitor: Monitor | None = None,
    out: Path | str | None = None,
    again: bool = False,
) -> Run:
    """Place the cells of a reference in a tissue, and say what every spot is made of.

    Parameters
    ----------
    tissue : path, SpatialData or AnnData
        The tissue.
    reference : path or AnnData
        Dissociated cells.
    cell_type_column : str, optional
        ``obs`` column of the reference with the cell types; chosen by itself if not given.
    method : str
        ``stem`` or ``baseline``.
    options : Options, optional
        Options of that method; its defaults if not given.
    selection : Selection, optional
        What to read; sensible defaults if not given.
    monitor : Monitor, optional
        Who watches.
    out : path, optional
        Store that receives the result: the tissue's own, or a new ``.zarr``. Nothing is written
        if it is not given; `write` does it later.
    again : bool
        Whether to run although an identical run has finished.

    Returns
    -------
    Run
        Placement, composition and how they came about.

    Raises
    ------
    RefusedError
        If the data cannot be used; nothing was written.
    FitCancelled
        If the monitor says so.
    FitError
        If the fit cannot be completed.
    """
    spec = make_spec(
        tissue, reference, method=method, options=options,
        selection=with_column(selection, cell_type_column),
    )  # fmt: skip
    start = begin(spec, tissue=tissue, reference=reference, out=out, again=again)
    return carry_out(start, monitor)


def make_spec(  # noqa: PLR0913 - what a verb was told
    tissue: TissueSource,
    reference: ReferenceSource | None,
    *,
    method: str,
    options: Options | None,
    selection: Selection,
    task: Task = Task.PLACE,
) -> RunSpec:
    """Write down the recipe of a run; objects that live in memory have no path."""
    chosen = method_for(task, method)
    options_type = chosen.options_type
    if options is not None and not isinstance(options, options_type):
        msg = f"Method {method}: expected {options_type.__name__}, found {type(options).__name__}."
        raise OptionError(msg, f"Give options={options_type.__name__}(...).")
    return RunSpec(
        method=chosen.name,
        task=str(task),
        options=(options if options is not None else options_type()).to_json(),
        selection=selection,
        tissue=_path_of(tissue),
        reference="" if reference is None else _path_of(reference),
    )


@dataclass(frozen=True, kw_only=True)
class Start:
    """A run that may begin, or that the store holds already.

    Parameters
    ----------
    run_dir : RunDir
        Its directory.
    run_name : str
        Its name.
    report : Report
        What the gate said.
    known : bool
        Whether an identical run finished before.
    resumes : bool
        Whether it goes on from a checkpoint.
    to_store : bool
        Whether the result is to be written.
    """

    run_dir: RunDir
    run_name: str
    report: Report
    known: bool
    resumes: bool
    to_store: bool


def begin(  # noqa: PLR0913 - what `map_cells` was told
    spec: RunSpec,
    *,
    tissue: TissueSource | None = None,
    reference: ReferenceSource | None = None,
    out: Path | str | None = None,
    run_dir: Path | None = None,
    again: bool = False,
) -> Start:
    """Read and judge everything, and write the run directory; the store is not touched.

    Parameters
    ----------
    spec : RunSpec
        Recipe.
    tissue, reference : optional
        Objects instead of the recipe's paths.
    out : path, optional
        Store that receives the result; nothing is written later if it is not given.
    run_dir : Path, optional
        Directory of the run instead of the usual one.
    again : bool
        Whether an identical run gets a further name.
    """
    import dataclasses

    if out is not None:
        spec = dataclasses.replace(spec, out=str(out))
        checked_store(spec)
    check_device(spec)
    pair = read_pair(spec, tissue=tissue, reference=reference)
    if out is not None:
        check_same_spots(pair.spec, pair.inputs)
    root = root_of(pair.spec, tissue)
    taken = names_in(Path(spec.out)) if spec.out else frozenset()
    name = name_run(pair, root, taken=taken, again=again)
    directory = RunDir(run_dir if run_dir is not None else root / name)
    return _start(directory, pair, name, known=name in taken)


def _start(directory: RunDir, pair: Pair, name: str, *, known: bool) -> Start:
    """Write the run directory."""
    prepared = write_run_dir(directory, pair, name)
    return Start(
        run_dir=directory,
        run_name=name,
        report=prepared.report,
        known=known or prepared.finished,
        resumes=directory.load_checkpoint() is not None,
        to_store=bool(pair.spec.out),
    )


def carry_out(start: Start, monitor: Monitor | None = None) -> Run:
    """Fit what was begun, and write the result where the recipe says.

    Parameters
    ----------
    start : Start
        What `begin` gave.
    monitor : Monitor, optional
        Who watches; checkpoints are kept in any case.
    """
    run = _known_run(start)
    if run is None:
        run = resume(start.run_dir.path, monitor=monitor)
    if start.to_store and start.run_dir.finished:
        commit_run(start.run_dir)
    return run


def _known_run(start: Start) -> Run | None:
    """Read an identical run back from its store, where its directory has no result."""
    from napari_tessera.data.write import read_run

    spec = start.run_dir.spec
    if not start.known or start.run_dir.finished or not spec.out:
        return None
    return read_run(Path(spec.out), start.run_name)


def resume(run_dir: Path | str, *, monitor: Monitor | None = None) -> Run:
    """Go on with a run from its last checkpoint, to the same result as without the break.

    Parameters
    ----------
    run_dir : path
        Directory of the run.
    monitor : Monitor, optional
        Who watches.

    Raises
    ------
    InputError
        If there is no run in that directory.
    """
    from napari_tessera.workflows.unit import solve

    directory = RunDir(run_dir)
    keeper = RunDirMonitor(directory, _ignore)
    return solve(directory, keeper if monitor is None else JointMonitor(keeper, monitor))


def write(target: Path | str | SpatialData, run: Run) -> None:
    """Add a run to a tissue as new elements; nothing that is there is changed.

    Parameters
    ----------
    target : path or SpatialData
        Store on disk, or the object; one that has a store is written there too.
    run : Run
        What `map_cells` gave.
    """
    from napari_tessera.data.write import write_run

    write_run(_store(target), run)


def runs(target: Path | str | SpatialData) -> tuple[RunSummary, ...]:
    """List the runs in a tissue, newest first.

    Parameters
    ----------
    target : path or SpatialData
        Store on disk, or the object.
    """
    from napari_tessera.data.write import list_runs

    return list_runs(_store(target))


def read(target: Path | str | SpatialData, name: str) -> Run:
    """Read one run back from a tissue.

    Parameters
    ----------
    target : path or SpatialData
        Store on disk, or the object.
    name : str
        Name of the run.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    """
    from napari_tessera.data.write import read_run

    return read_run(_store(target), name)


def delete(target: Path | str | SpatialData, name: str) -> None:
    """Remove a run from a tissue, its run directory included.

    Parameters
    ----------
    target : path or SpatialData
        Store on disk, or the object.
    name : str
        Name of the run.

    Raises
    ------
    RunNotFoundError
        If there is none of that name.
    """
    from napari_tessera.data.write import delete_run

    store = _store(target)
    delete_run(store, name)
    if isinstance(store, Path):
        shutil.rmtree(run_root(store) / name, ignore_errors=True)


def with_column(selection: Selection | None, cell_type_column: str | None) -> Selection:
    """Put the column of the cell types into a selection."""
    import dataclasses

    chosen = selection if selection is not None else Selection()
    if cell_type_column is None:
        return chosen
    return dataclasses.replace(chosen, cell_type_column=cell_type_column)


def _path_of(source: Any) -> str:  # noqa: ANN401 - a path or an object of a data library
    """Path of a source; empty for what lives only in memory."""
    if isinstance(source, str | Path):
        return str(Path(source).absolute())
    path = getattr(source, "path", None)
    return str(Path(path).absolute()) if isinstance(path, str | Path) else ""


def _store(target: Any) -> Any:  # noqa: ANN401 - a path or an object of a data library
    """Turn text into a path; objects stay as they are."""
    return Path(target) if isinstance(target, str) else target


def _ignore(progress: object) -> None:
    """Listen to nothing."""


__all__ = [
    "begin", "carry_out", "delete", "map_cells", "open_source", "read", "resume", "runs", "write",
]  # fmt: skip
