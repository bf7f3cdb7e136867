"""What a child runs: the quick baseline, then the method, then the result. Knows no store."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import FitError
from napari_tessera.contract.method import Task
from napari_tessera.contract.options import option_fields
from napari_tessera.contract.progress import Progress
from napari_tessera.contract.report import Report
from napari_tessera.contract.results import Provenance, Run
from napari_tessera.contract.sections import SectionData
from napari_tessera.methods import BASELINES, METHODS, get_method
from napari_tessera.workflows.processor import memory_words, thread_share
from napari_tessera.workflows.staged_monitor import QuickStageMonitor, StagedMonitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted, Method
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.jobs.run_dir import RunDir

_BASELINE_SHARE = 0.05

_SHARED = ("n_domains", "n_genes")
"""Options that the simple method takes over, where it has them."""

_REMARKS = {
    "held_out_distance_pitch": "Held-out error {:.1f} spot distances",
    "held_out_pcc": "Held-out correlation {:.3g}",
    "held_out_accuracy": "Held-out accuracy {:.3g}",
}
"""Scores that are said aloud when a run is done, the first that is there."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One fit to be done, with all that it needs."""

    run_dir: RunDir
    method: Method[Any]
    options: Options
    task: Task
    inputs: PairedData | SectionData
    monitor: Monitor
    began: float


def solve(run_dir: RunDir, monitor: Monitor) -> Run:
    """Fit and predict what a run directory asks for; go on from a checkpoint if one lies there.

    Parameters
    ----------
    run_dir : RunDir
        Prepared run directory.
    monitor : Monitor
        Who watches.

    Returns
    -------
    Run
        The result, which then lies in the directory too.

    Raises
    ------
    FitCancelled
        If the monitor says so.
    FitError
        If the fit cannot be completed.
    StoreError
        If the directory cannot be read or written, or another process fits it.
    """
    if run_dir.finished:
        return run_dir.load_result()
    spec = run_dir.spec
    method = get_method(spec.method)
    options = method.options_type.from_json(spec.options)
    with run_dir.lock(), memory_words(str(options.device)):
        began = time.monotonic()
        monitor.report(Progress(stage="reading the prepared data"))
        inputs = inputs_for(Task(spec.task), run_dir.load_inputs())
        with thread_share():
            return _solve(
                _Task(
                    run_dir=run_dir, method=method, options=options, task=Task(spec.task),
                    inputs=inputs, monitor=monitor, began=began,
                )
            )  # fmt: skip


def inputs_for(task: Task, inputs: PairedData | SectionData) -> PairedData | SectionData:
    """Give a method what it takes: domains need no cells.

    Parameters
    ----------
    task : Task
        Question.
    inputs : PairedData or SectionData
        What was prepared.
    """
    if task is not Task.CLUSTER or isinstance(inputs, SectionData) or inputs.spot_graph is None:
        return inputs
    return SectionData(
        spots=inputs.spots,
        spot_xy=inputs.spot_xy,
        spot_graph=inputs.spot_graph,
        unit=inputs.unit,
        pitch=inputs.pitch,
        sample=inputs.sample,
        origin=inputs.origin,
    )


def _solve(task: _Task) -> Run:
    """Baseline, method, prediction, result."""
    is_baseline = task.method.name == BASELINES[task.task]
    baseline = {} if is_baseline else _baseline(task)
    span = (0.0 if is_baseline else _BASELINE_SHARE, 1.0)
    staged = StagedMonitor(task.monitor, began=task.began, span=span)
    checkpoint = task.run_dir.load_checkpoint()
    fitted = task.method.fit(task.inputs, task.options, staged, checkpoint)
    result = task.method.predict(fitted, task.inputs)
    run = Run(
        name=task.run_dir.run_name, result=result, provenance=_provenance(task, fitted, baseline)
    )
    task.run_dir.save_model(fitted.state)
    task.run_dir.save_result(run)
    _show(staged, result, Progress(stage="done", fraction=1.0, message=_remark(run)))
    task.run_dir.drop_checkpoints()
    return run


def _baseline(task: _Task) -> dict[str, Any]:
    """Fit the simple method first: something to see, and something to beat.

    Returns
    -------
    dict
        Its name and held-out scores; ``warning`` where it could not be computed. Kept in the run
        directory, so that a resumed run does not compute it again.
    """
    known = task.run_dir.read_note("baseline")
    if known is not None:
        return known
    method = METHODS[BASELINES[task.task]]
    span = (0.0, _BASELINE_SHARE)
    staged = QuickStageMonitor(
        task.monitor, began=task.began, span=span, title=method.title.lower()
    )
    shared = {"seed": task.options.seed, "device": task.options.device}
    given = task.options.to_json()
    its_own = {field.name for field in option_fields(method.options_type)}
    shared |= {name: given[name] for name in _SHARED if name in given and name in its_own}
    options = method.options_type.from_json(shared)
    found: dict[str, Any] = {"method": method.name}
    try:
        fitted = method.fit(task.inputs, options, staged)
    except FitError as error:
        found["warning"] = f"The baseline could not be computed: {error}"
    else:
        found |= {name: float(score) for name, score in fitted.scores.items()}
        if Task.PLACE in method.answers:
            seen = method.predict(fitted, task.inputs)
            _show(staged, seen, Progress(stage="placed", fraction=1.0))
    task.run_dir.write_note("baseline", found)
    return found


def _show(monitor: Monitor, result: RunResult, progress: Progress) -> None:
    """Offer the placement to look at, and say so."""
    placement = result.placement
    if placement is not None:
        monitor.preview(lambda: placement.xy)
    monitor.report(progress)


def _provenance(task: _Task, fitted: Fitted, baseline: Mapping[str, Any]) -> Provenance:
    """Say how the result came about."""
    scores = {name: float(score) for name, score in fitted.scores.items()}
    beside = dict(baseline) or {"method": task.method.name, **scores}
    warning = beside.pop("warning", None)
    warnings = (*fitted.warnings, *_report_lines(task.run_dir), *([warning] if warning else []))
    note = task.run_dir.read_note("prepared") or {}
    return Provenance(
        method=task.method.name,
        options=task.options.to_json(),
        origin=task.inputs.origin,
        versions=_versions(),
        device=fitted.device,
        seconds=round(time.monotonic() - task.began, 3),
        ending=fitted.ending,
        scores=scores,
        baseline=beside,
        history={name: tuple(values) for name, values in fitted.history.items()},
        warnings=tuple(dict.fromkeys(warnings)),
        run_directory=str(note.get("run_directory", "")),
        created=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
    )


def _report_lines(run_dir: RunDir) -> list[str]:
    """Repairs and remarks of the input gate, as sentences."""
    note = run_dir.read_note("prepared") or {}
    if "report" not in note:
        return []
    report = Report.from_json(note["report"])
    return [str(problem) for problem in (*report.repairs, *report.remarks)]


def _versions() -> dict[str, str]:
    """Versions that a result may depend on."""
    packages = ("napari-tessera", "torch", "numpy", "scipy")
    found = {package: importlib.metadata.version(package) for package in packages}
    return {**found, "python": platform.python_version()}


def _remark(run: Run) -> str:
    """One sentence with the score beside the baseline's."""
    p = run.provenance
    if p.method == p.baseline.get("method"):
        return ""
    for name, words in _REMARKS.items():
        if name in p.scores and name in p.baseline:
            return f"{words.format(p.scores[name])}; the baseline's is {p.baseline[name]:.3g}."
    return ""
