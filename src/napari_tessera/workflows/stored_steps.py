"""What a store and the run directories beside it say about how a run was made."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.inputs import RunSpec
from napari_tessera.contract.method import Task
from napari_tessera.contract.options import option_fields
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.methods import get_method
from napari_tessera.workflows.notebook import write_steps
from napari_tessera.workflows.steps import Computed, Drawn, Opened, Step

if TYPE_CHECKING:
    from napari_tessera.contract.results import Run, RunResult

FINISHED_EARLY = "A person ended this fit early; the script lets it run to its end."

EDITED = "A person edited this run by hand afterwards; the script computes it as it was before."


def export_script(
    target: Path | str, run: str, path: Path | str, *, reference: Path | str | None = None
) -> Path:
    """Write a script or notebook that computes a stored run again, to the same numbers.

    Parameters
    ----------
    target : path
        Store with the run.
    run : str
        Name of the run.
    path : path
        File to write: ``.py`` or ``.ipynb``.
    reference : path, optional
        The reference, where the run's directory has gone and nothing tells where it lay.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RunNotFoundError
        If there is no run of that name.
    InputError
        If nothing says where the reference lies, or `path` has another ending.
    """
    return write_steps(steps_of_run(Path(target), run, reference), path)


def steps_of_run(store: Path, name: str, reference: Path | str | None = None) -> tuple[Step, ...]:
    """Read how a stored run was made, as steps.

    Parameters
    ----------
    store : Path
        Store with the run.
    name : str
        Name of the run.
    reference : path, optional
        Reference to use instead of the one that the run directory names.
    """
    from napari_tessera.data.write import read_run

    store = Path(store).absolute()
    run = read_run(store, name)
    computed = computed_from(store, run, reference)
    opened = opened_from(store, computed.spec)
    drawn = () if computed.spec.selection.within is None else _drawn(store, computed.spec)
    return (opened, *drawn, *_before(store, computed.spec, reference), computed)


def _before(store: Path, spec: RunSpec, reference: Path | str | None) -> tuple[Computed, ...]:
    """Give the run whose composition a run of domains goes by, as a step."""
    from napari_tessera.data.write import read_run

    if not spec.composition:
        return ()
    return (computed_from(store, read_run(store, spec.composition), reference),)


def opened_from(store: Path, spec: RunSpec) -> Opened:
    """Say which tissue a run was computed on: its source where that is still there."""
    if spec.tissue and Path(spec.tissue).exists():
        return Opened(source=spec.tissue, image=spec.image, image_scale=spec.image_scale)
    return Opened(source=str(store))


def computed_from(store: Path | None, run: Run, reference: Path | str | None = None) -> Computed:
    """Recipe of a run: from its directory, else from what the store keeps of it.

    Raises
    ------
    InputError
        If nothing says where the reference lies.
    """
    spec = recipe_of(store, run)
    if reference is not None:
        spec = dataclasses.replace(spec, reference=str(Path(reference).absolute()))
    if not spec.reference and spec.task != Task.CLUSTER:
        msg = f"Run {run.name}: expected its directory with the path of the reference, found none."
        raise InputError(msg, "Say where the reference lies with --reference REF.h5ad.")
    early = run.provenance.ending != "complete"
    edited = "edited_from" in run.provenance.options
    return Computed(
        name=run.name,
        spec=spec,
        note=EDITED if edited else FINISHED_EARLY if early else "",
        places=run.result.placement is not None,
    )


def recipe_of(store: Path | None, run: Run) -> RunSpec:
    """Recipe of a run, as its directory has it, or as far as the store does.

    What a person edited afterwards is no option of the method and is left out.

    Parameters
    ----------
    store : Path or None
        Store with the run.
    run : Run
        The run.
    """
    directory = RunDir(run_root(store) / run.name)
    spec = directory.spec if directory.exists() else _remembered(run, store)
    known = {field.name for field in option_fields(get_method(spec.method).options_type)}
    options = {name: value for name, value in spec.options.items() if name in known}
    return dataclasses.replace(spec, options=options)


def _remembered(run: Run, store: Path | None) -> RunSpec:
    """Recipe as far as the provenance in the store has it."""
    kept = run.provenance
    return RunSpec(
        method=kept.method,
        options=kept.options,
        selection=kept.origin.selection,
        composition=kept.origin.composition,
        tissue="" if store is None else str(store),
        task=str(_task_of(run.result)),
    )


def _task_of(result: RunResult) -> Task:
    """Question that a result answers."""
    for task, part in (
        (Task.PLACE, result.placement), (Task.IMPUTE, result.imputation),
        (Task.ANNOTATE, result.annotation), (Task.CLUSTER, result.domains),
    ):  # fmt: skip
        if part is not None:
            return task
    return Task.PLACE


def _drawn(store: Path, spec: RunSpec) -> tuple[Drawn, ...]:
    """Regions that are drawn in the store, for a run that was restricted to one of them."""
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.regions import read_regions

    system = str(spec.selection.coordinate_system)
    sdata = open_tissue(store).sdata
    regions = read_regions(sdata, system)
    element = spec.selection.region or ""
    return (Drawn(regions=regions, coordinate_system=system, element=element),)
