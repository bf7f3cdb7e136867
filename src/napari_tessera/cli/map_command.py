"""``map`` and ``resume``: fit in this process, with progress, and say how it went."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.cli.interrupt import InterruptibleMonitor, stops
from napari_tessera.cli.option_flags import options_from
from napari_tessera.cli.parser import SELECTION_FLAGS
from napari_tessera.cli.progress_bar import ProgressBar
from napari_tessera.cli.say import answer, answer_json, prints_aside, remark, remark_report
from napari_tessera.contract.errors import FitCancelled, InputError, OptionError
from napari_tessera.contract.imputing import WantedGenes
from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.jobs.memory import PeakMemory, memory_now
from napari_tessera.jobs.outcome import CANCELLED, DONE
from napari_tessera.methods import method_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.contract.method import Task
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.results import Run
    from napari_tessera.workflows.verbs import Start

_PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """What a run took."""

    seconds: float
    peak_bytes: int
    data_bytes: int


def run_map(arguments: argparse.Namespace) -> int:
    """Run a method: map, impute, annotate or cluster.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.verbs import begin, carry_out

    spec = spec_from(arguments)
    began = time.monotonic()
    with PeakMemory() as memory:
        with prints_aside():
            start = begin(
                spec, out=Path(spec.out), run_dir=arguments.run_dir, again=arguments.again
            )
            data_bytes = memory_now()
            _introduce(start)
            run = _fit(start.run_dir.path, lambda monitor: carry_out(start, monitor))
        seconds = time.monotonic() - began
    if run is None:
        return CANCELLED
    figures = _Figures(seconds=seconds, peak_bytes=memory.peak, data_bytes=data_bytes)
    _conclude(run, spec.out, figures, as_json=arguments.json)
    return DONE


def run_resume(arguments: argparse.Namespace) -> int:
    """Go on with a run, and store its result.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.workflows.commit import checked_store, commit_run
    from napari_tessera.workflows.verbs import resume

    run_dir = RunDir(arguments.run_dir)
    store = checked_store(run_dir.spec)
    began = time.monotonic()
    with PeakMemory() as memory:
        data_bytes = memory_now()
        with prints_aside():
            run = _fit(run_dir.path, lambda monitor: resume(run_dir.path, monitor=monitor))
            if run is not None:
                commit_run(run_dir)
        seconds = time.monotonic() - began
    if run is None:
        return CANCELLED
    figures = _Figures(seconds=seconds, peak_bytes=memory.peak, data_bytes=data_bytes)
    _conclude(run, str(store), figures, as_json=arguments.json)
    return DONE


def spec_from(arguments: argparse.Namespace) -> RunSpec:
    """Write down the recipe that the flags describe.

    Raises
    ------
    OptionError
        If an option is unknown to the method or out of bounds.
    InputError
        If no store takes the result.
    """
    from napari_tessera.workflows.commit import checked_store

    task: Task = arguments.task
    method = method_for(task, arguments.method)
    picture = picture_from(arguments)
    reference, source = getattr(arguments, "reference", None), getattr(arguments, "source", None)
    spec = RunSpec(
        method=method.name,
        task=str(task),
        options=_with_genes(options_from(arguments, method), arguments).to_json(),
        selection=selection_from(arguments),
        tissue=str(arguments.tissue.absolute()),
        reference="" if reference is None else str(reference.absolute()),
        source="" if source is None else str(source.absolute()),
        composition=getattr(arguments, "composition", None) or "",
        out=str(arguments.out.absolute()) if arguments.out else "",
        image="" if picture is None else str(picture),
        image_scale=scale_from(arguments),
    )
    return dataclasses.replace(spec, out=str(checked_store(spec)))


def _with_genes(options: Options, arguments: argparse.Namespace) -> Options:
    """Add the genes that a file lists to those of the options.

    Raises
    ------
    InputError
        If the file cannot be read or is empty.
    OptionError
        If the method has no say in which genes are predicted.
    """
    path = getattr(arguments, "genes_file", None)
    if path is None:
        return options
    if not isinstance(options, WantedGenes):
        msg = f"--genes-file: expected a method that predicts chosen genes, found {path}."
        raise OptionError(msg, "Leave it out, or choose another --method.")
    try:
        listed = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--genes-file: expected a text file, found {path} ({error})."
        raise InputError(msg, "Write one gene on each line.") from error
    genes = [gene for gene in listed if gene]
    if not genes:
        msg = f"--genes-file: expected genes, found none in {path}."
        raise InputError(msg, "Write one gene on each line.")
    return dataclasses.replace(options, genes=",".join([*options.wanted, *genes]))


def selection_from(arguments: argparse.Namespace) -> Selection:
    """Put the flags that choose what is read into a selection."""
    chosen: dict[str, Any] = {name: getattr(arguments, name) for name in SELECTION_FLAGS}
    element = arguments.image if picture_from(arguments) is None else None
    labels = getattr(arguments, "label_column", None)
    return Selection(**chosen, image=element or None, label_column=labels)


def scale_from(arguments: argparse.Namespace) -> PictureScale:
    """Give the picture's scale, or the map that landmarks make.

    Raises
    ------
    RefusedError
        If the landmarks make none.
    """
    if arguments.image_landmarks is None:
        return float(arguments.image_scale)
    from napari_tessera.data.landmarks import read_landmarks

    return read_landmarks(arguments.image_landmarks)


def picture_from(arguments: argparse.Namespace) -> Path | None:
    """Picture file that ``--image`` names; None where it names an element, or nothing."""
    image = Path(arguments.image or "")
    is_file = image.suffix.lower() in _PICTURES or (bool(arguments.image) and image.is_file())
    return image.absolute() if is_file else None


def _introduce(start: Start) -> None:
    """Say what is about to be done."""
    report = start.report
    remark_report(report)
    cells = f"{report.n_cells} cells, " if report.n_cells else ""
    remark(f"{cells}{report.n_spots} spots, {report.n_genes} {'shared ' if cells else ''}genes.")
    if start.known:
        remark(f"Run {start.run_name}: an identical run has finished (--again makes another).")
    elif start.resumes:
        remark(f"Run {start.run_name}: going on from its checkpoint.")


def _fit(run_dir: Path, work: Callable[[InterruptibleMonitor], Run]) -> Run | None:
    """Fit with a progress bar; None if someone stopped it."""
    bar = ProgressBar()
    monitor = InterruptibleMonitor(bar)
    try:
        with stops(monitor):
            return work(monitor)
    except (FitCancelled, KeyboardInterrupt):
        bar.close()
        remark(f"Cancelled. Go on with: napari-tessera resume {run_dir}")
        return None
    finally:
        bar.close()


def _conclude(run: Run, store: str, figures: _Figures, *, as_json: bool) -> None:
    """Print how it went."""
    provenance = run.provenance
    if as_json:
        answer_json(
            {
                "run": run.name,
                "store": store,
                "method": provenance.method,
                "seconds": round(figures.seconds, 3),
                "peak_memory_bytes": figures.peak_bytes,
                "data_memory_bytes": figures.data_bytes,
                "device": provenance.device,
                "scores": dict(provenance.scores),
                "baseline": dict(provenance.baseline),
                "warnings": list(provenance.warnings),
            }
        )
        return
    answer(f"{run.name}: {told(run)} on {provenance.device}, {figures.seconds:.1f} s.")
    unit = "" if run.result.placement is None else f" {run.result.placement.unit}"
    for name, score in provenance.scores.items():
        other = provenance.baseline.get(name)
        words = name.replace("held_out", "held-out").replace("_", " ").capitalize()
        measured = unit if name in {"held_out_distance", "held_out_distance_median"} else ""
        beside = "" if other is None else f"; the baseline's is {other:.4g}{measured}"
        answer(f"{words} {score:.4g}{measured}{beside}.")
    for warning in provenance.warnings:
        answer(f"Note: {warning}")
    answer(f"Stored in {store}")


def told(run: Run) -> str:
    """Say what a run answers, in a few words.

    Parameters
    ----------
    run : Run
        Finished run.
    """
    result, parts = run.result, []
    if result.placement is not None:
        parts.append(f"{result.placement.cell_names.size} cells placed")
    if result.imputation is not None:
        n_genes, n_new = result.imputation.gene_names.size, int((~result.imputation.measured).sum())
        parts.append(f"{n_genes} genes predicted ({n_new} of them never measured)")
    if result.annotation is not None:
        n_types = result.annotation.types.size
        parts.append(f"{result.annotation.spot_names.size} cells named, {n_types} types")
    if result.domains is not None:
        n_domains = len(set(result.domains.domain.tolist()))
        parts.append(f"{n_domains} domains in {result.domains.spot_names.size} spots")
    return ", ".join(parts)
