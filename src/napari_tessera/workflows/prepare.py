"""Read, judge and pair the data of a run, and write its run directory."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.imputing import WantedGenes
from napari_tessera.contract.method import Task
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.jobs.run_dir import run_root as usual_root
from napari_tessera.methods import get_method

if TYPE_CHECKING:
    from collections.abc import Collection

    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import PairedData, RunSpec
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.report import Report
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.data.read import Tissue

    TissueSource: TypeAlias = Path | str | SpatialData | AnnData | Tissue
    ReferenceSource: TypeAlias = Path | str | AnnData


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Data that passed the gate, ready to be fitted.

    Parameters
    ----------
    spec : RunSpec
        Recipe with every default filled in.
    inputs : PairedData or SectionData
        Cells and spots; for domains spots, and a labelled section where there is one.
    report : Report
        What the gate said.
    """

    spec: RunSpec
    inputs: PairedData | SectionData
    report: Report


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A run directory that a fit can start from.

    Parameters
    ----------
    run_dir : RunDir
        The directory.
    run_name : str
        Name of the run.
    report : Report
        What the gate said.
    fingerprint : str
        Hash of what was read.
    finished : bool
        Whether an identical run has finished here before.
    """

    run_dir: RunDir
    run_name: str
    report: Report
    fingerprint: str
    finished: bool


def prepare_run(
    spec: RunSpec,
    *,
    tissue: TissueSource | None = None,
    reference: ReferenceSource | None = None,
    run_root: Path | None = None,
    again: bool = False,
) -> Prepared:
    """Read and judge the data of a run and write its run directory.

    The same recipe on the same data has the same name, and so the same directory: what lies there
    (a result, a checkpoint) is kept.

    Parameters
    ----------
    spec : RunSpec
        Recipe; its paths are read where no objects are given.
    tissue, reference : optional
        Objects that live in memory, or paths.
    run_root : Path, optional
        Folder for the run directory; beside the store where it is not given.
    again : bool
        Whether an identical run gets a further name.

    Raises
    ------
    RefusedError
        If the gate refuses; nothing was written.
    InputError
        If the recipe cannot be read or its target cannot take the result.
    """
    pair = read_pair(spec, tissue=tissue, reference=reference)
    root = run_root if run_root is not None else root_of(pair.spec, tissue)
    name = name_run(pair, root, taken=(), again=again)
    return write_run_dir(RunDir(root / name), pair, name)


def name_run(pair: Pair, root: Path, *, taken: Collection[str], again: bool) -> str:
    """Give a run its name; the same recipe on the same data has the same name.

    Parameters
    ----------
    pair : Pair
        Recipe and data.
    root : Path
        Folder of the run directories.
    taken : collection of str
        Names that the store holds already.
    again : bool
        Whether to take the first further name that is free.
    """
    fingerprint = pair.inputs.origin.fingerprint
    name = pair.spec.run_name(fingerprint)
    salt = 0
    while again and (name in taken or (root / name).exists()):
        salt += 1
        name = pair.spec.run_name(fingerprint, str(salt))
    return name


def read_pair(
    spec: RunSpec,
    *,
    tissue: TissueSource | None = None,
    reference: ReferenceSource | None = None,
) -> Pair:
    """Read and judge the data of a run; writes nothing.

    Raises
    ------
    RefusedError
        If the gate refuses.
    OptionError
        If an option is unknown or out of bounds.
    """
    method = get_method(spec.method)
    options = method.options_type.from_json(spec.options)
    opened = open_source(spec.tissue if tissue is None else tissue, spec)
    inputs: PairedData | SectionData
    if Task(spec.task) is Task.CLUSTER:
        inputs, report = _read_section(spec, opened, options)
    else:
        inputs, report = _read_cells(spec, opened, options, reference)
    filled = dataclasses.replace(spec, options=options.to_json(), selection=inputs.origin.selection)
    return Pair(spec=filled, inputs=inputs, report=report)


def _read_cells(
    spec: RunSpec, tissue: Tissue, options: Options, reference: ReferenceSource | None
) -> tuple[PairedData, Report]:
    """Pair a tissue with reference cells; values that are no counts where the method takes them."""
    from napari_tessera.data.prepare import prepare_pair
    from napari_tessera.data.read import read_reference

    method = get_method(spec.method)
    cells = read_reference(_given(spec.reference if reference is None else reference, "reference"))
    chosen = spec.selection
    if Task(spec.task) is Task.IMPUTE and isinstance(options, WantedGenes):
        chosen = dataclasses.replace(chosen, imputed_genes=options.wanted)
    return prepare_pair(tissue, cells, chosen, needs=method.needs, accepts=method.accepts)


def _read_section(spec: RunSpec, tissue: Tissue, options: Options) -> tuple[SectionData, Report]:
    """Read spots alone; a labelled section, picture and composition where the recipe names them.

    Raises
    ------
    InputError
        If the method goes by genes alone and the recipe names a composition.
    """
    from napari_tessera.contract.sections import SeesPicture
    from napari_tessera.data.prepare_beside import Beside
    from napari_tessera.data.prepare_section import prepare_section
    from napari_tessera.data.read import open_tissue

    source = open_tissue(Path(spec.source)) if spec.source else None
    sees = options if isinstance(options, SeesPicture) else None
    if spec.composition and sees is None:
        msg = f"Composition: expected a method that can go by it, found {spec.method}."
        raise InputError(msg, "Choose the method transst, or leave the composition out.")
    beside = Beside(
        picture=sees is not None and sees.picture,
        composition=spec.composition,
        places=_places(spec, tissue),
    )
    return prepare_section(
        tissue,
        spec.selection,
        accepts=get_method(spec.method).accepts,
        source=source,
        beside=beside,
    )


def _places(spec: RunSpec, tissue: Tissue) -> tuple[Path | SpatialData, ...]:
    """Where runs of a tissue are: in its store or object, and in the store of the results."""
    own = tissue.path
    first = own if own is not None and own.suffix == ".zarr" else tissue.sdata
    out = store_of(spec)
    return (first,) if out is None or not out.exists() else (first, out)


def open_source(source: TissueSource, spec: RunSpec) -> Tissue:
    """Open a tissue with the picture that the recipe names; one that is open stays as it is."""
    from napari_tessera.data.read import Tissue, open_tissue

    if isinstance(source, Tissue):
        return source
    image = Path(spec.image) if spec.image else None
    return open_tissue(_given(source, "tissue"), image=image, image_scale=spec.image_scale)


def write_run_dir(run_dir: RunDir, pair: Pair, name: str) -> Prepared:
    """Write the directory of a run; one that is complete is left as it is.

    Parameters
    ----------
    run_dir : RunDir
        Where to.
    pair : Pair
        Recipe and data.
    name : str
        Name of the run.
    """
    fingerprint = pair.inputs.origin.fingerprint
    note = run_dir.read_note("prepared") if run_dir.ready else None
    if note is None or note["run"] != name:
        run_dir.save_inputs(pair.inputs)
        note = {
            "run": name,
            "fingerprint": fingerprint,
            "report": pair.report.to_json(),
            "run_directory": relative_directory(run_dir, name, pair.spec),
        }
        run_dir.write_note("prepared", note)
    run_dir.write_spec(pair.spec)
    return Prepared(
        run_dir=run_dir,
        run_name=name,
        report=pair.report,
        fingerprint=fingerprint,
        finished=run_dir.finished,
    )


def store_of(spec: RunSpec) -> Path | None:
    """Store that takes the result of a recipe; None where there is none."""
    if spec.out:
        return Path(spec.out)
    return Path(spec.tissue) if Path(spec.tissue).suffix == ".zarr" else None


def names_in(store: Path | None) -> frozenset[str]:
    """Names of the runs that a store holds; none where there is no store yet."""
    from napari_tessera.data.write import list_runs

    if store is None or not store.exists():
        return frozenset()
    return frozenset(summary.name for summary in list_runs(store))


def relative_directory(run_dir: RunDir, name: str, spec: RunSpec) -> str:
    """Path of a run directory as seen from its store; absolute where they lie apart."""
    store = store_of(spec)
    if store is None:
        return str(run_dir.path.absolute())
    if run_dir.path.name != name:  # prepared elsewhere, to be moved to its place
        return os.path.relpath(usual_root(store) / name, store)
    return os.path.relpath(run_dir.path.absolute(), store.absolute())


def root_of(spec: RunSpec, tissue: TissueSource | None) -> Path:
    """Folder for the runs of a recipe."""
    store = store_of(spec)
    path = getattr(tissue, "path", None)
    if store is None and isinstance(path, Path) and path.suffix == ".zarr":
        store = path
    title = getattr(tissue, "title", "") or Path(spec.tissue).stem or "memory"
    return usual_root(store, str(title))


def _given(source: Any, what: str) -> Any:  # noqa: ANN401 - a path or an object of a data library
    """Refuse an empty path."""
    if isinstance(source, str) and not source:
        msg = f"Expected a {what}, found none."
        raise InputError(msg, f"Give the path of the {what}, or the object itself.")
    return source
