"""What is read in a background thread when a person opens or selects something."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.inputs import Selection

THUMBNAIL = 2048
"""Largest side of a picture that landmarks are set on, in pixels."""

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import Scale, TissueView
    from napari_tessera.data.choices import ReferenceChoices, TissueChoices
    from napari_tessera.data.read import Tissue
    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.data.write import RunSummary

REFERENCE_FIELDS = ("reference_layer", "reference_gene_column", "cell_type_column")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Paths from which a child process can read the tissue again.

    Parameters
    ----------
    source : str
        Store, file or folder; empty for data that live only in this process.
    image : str
        Picture that lies beside the table; empty where there is none.
    image_scale : float or tuple of float
        Picture pixels per unit of the spots' coordinates, or the numbers of an affine map.
    """

    source: str = ""
    image: str = ""
    image_scale: PictureScale = 1.0


@dataclass(frozen=True, kw_only=True)
class OpenedTissue:
    """A tissue and all that the window shows of it before any run.

    Parameters
    ----------
    origin : Origin
        Where it came from.
    tissue : Tissue
        What was opened.
    choices : TissueChoices
        What can be chosen in it.
    selection : Selection
        With every default filled in.
    view : TissueView
        What is drawn.
    runs : tuple of RunSummary
        Runs that it holds already, newest first.
    """

    origin: Origin
    tissue: Tissue
    choices: TissueChoices
    selection: Selection
    view: TissueView
    runs: tuple[RunSummary, ...]


@dataclass(frozen=True, kw_only=True)
class OpenedReference:
    """A reference and what can be chosen in it.

    Parameters
    ----------
    source : Path or AnnData
        Where it came from.
    choices : ReferenceChoices
        What can be chosen in it.
    selection : Selection
        With the defaults for this reference filled in.
    """

    source: Any
    choices: ReferenceChoices
    selection: Selection


def read_tissue(
    source: Any,  # noqa: ANN401 - a path, a SpatialData or an AnnData
    selection: Selection,
    *,
    image: Path | None = None,
    image_scale: PictureScale = 1.0,
) -> OpenedTissue:
    """Open a tissue; what was chosen of the reference is kept.

    Parameters
    ----------
    source : path, SpatialData or AnnData
        What to open.
    selection : Selection
        The one in force; only its choices for the reference are kept.
    image : Path, optional
        Picture that lies beside the table.
    image_scale : float or tuple of float
        Picture pixels per unit of the spots' coordinates, or the numbers of an affine map.
    """
    from napari_tessera.data.read import open_tissue

    tissue = open_tissue(source, image=image, image_scale=image_scale)
    kept = {name: getattr(selection, name) for name in REFERENCE_FIELDS}
    path = source if isinstance(source, str | Path) else tissue.path
    origin = Origin(
        source="" if path is None else str(Path(path).expanduser().absolute()),
        image="" if image is None else str(Path(image).absolute()),
        image_scale=image_scale,
    )
    return look_at(origin, tissue, Selection(**kept))


def read_thumbnail(path: Path) -> tuple[NDArray[np.uint8], int]:
    """Read a picture small enough to be looked at beside the spots.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Every ``step``-th pixel.
    int
        The step.
    """
    from napari_tessera.data.pictures import read_picture

    pixels = read_picture(path)
    step = max(1, -(-max(pixels.shape[:2]) // THUMBNAIL))
    return pixels[::step, ::step].copy(), step


def look_at(origin: Origin, tissue: Tissue, selection: Selection) -> OpenedTissue:
    """Fill the selection in and make the view of a tissue that is open already."""
    from napari_tessera.data.choices import fill_selection, tissue_choices
    from napari_tessera.data.view import tissue_view
    from napari_tessera.viewer.ready import ready_view
    from napari_tessera.workflows.scale import scaled

    filled = fill_selection(tissue, None, selection)
    kept = {name: getattr(selection, name) for name in REFERENCE_FIELDS}
    filled = dataclasses.replace(filled, **kept)
    view = ready_view(tissue_view(tissue, filled))
    known = scaled(tissue, view.coordinate_system, view.scale)
    return OpenedTissue(
        origin=origin,
        tissue=tissue,
        choices=tissue_choices(tissue),
        selection=filled,
        view=dataclasses.replace(view, scale=known),
        runs=runs_of(tissue),
    )


def scale_now(tissue: Tissue, selection: Selection, view: TissueView) -> Scale | None:
    """Scale of what is on the screen: what a person said, else what the data say."""
    from napari_tessera.data.scale import scale_of_view
    from napari_tessera.workflows.scale import scaled

    system = selection.coordinate_system or view.coordinate_system
    return scaled(tissue, system, scale_of_view(tissue, system, view.unit, view.spots))


def read_reference(
    source: Any,  # noqa: ANN401 - a path or an AnnData
    tissue: Tissue | None,
    selection: Selection,
) -> OpenedReference:
    """Read what can be chosen in a reference; the defaults fit the open tissue, if there is one."""
    from napari_tessera.data.choices import fill_selection, reference_choices
    from napari_tessera.data.read import read_reference as read

    cells = read(source)
    choices = reference_choices(cells)
    fresh = dataclasses.replace(
        selection, reference_layer=None, reference_gene_column=None, cell_type_column=None
    )
    if tissue is not None:
        fresh = fill_selection(tissue, cells, fresh)
    elif choices.cell_type_columns:
        fresh = dataclasses.replace(fresh, cell_type_column=choices.cell_type_columns[0])
    kept = source if not isinstance(source, str | Path) else Path(source)
    return OpenedReference(source=kept, choices=choices, selection=fresh)


def runs_of(tissue: Tissue) -> tuple[RunSummary, ...]:
    """List the runs that a tissue holds, newest first."""
    from napari_tessera.data.write import list_runs

    return list_runs(target_of(tissue))


def version_of(store: Path) -> str:
    """Say which state a store is in, by a few looks at its folders; empty where it is gone.

    Parameters
    ----------
    store : Path
        A SpatialData ``.zarr``.
    """
    from napari_tessera.data.commit import store_version

    try:
        return store_version(store)
    except OSError:
        return ""


def read_run_of(tissue: Tissue, name: str) -> Run:
    """Read one run back from its store."""
    from napari_tessera.data.write import read_run

    return read_run(target_of(tissue), name)


def with_colours(tissue: Tissue, run: Run) -> Run:
    """Give a run that did not come from the store the colours that were chosen for it there."""
    from napari_tessera.data.colours import read_colours

    return dataclasses.replace(run, colours=read_colours(target_of(tissue), run.name))


def make_sample(*, real: bool) -> SamplePaths:
    """Make sample data in a folder of their own.

    Parameters
    ----------
    real : bool
        Whether to copy real data where they are at hand.
    """
    import tempfile

    from napari_tessera.data.sample import find_sample, write_sample

    folder = Path(tempfile.mkdtemp(prefix="tessera_sample_"))
    return find_sample(folder) if real else write_sample(folder)


def write_tissue(tissue: Tissue, out: Path) -> None:
    """Write a tissue that lives only in memory into a new store."""
    from napari_tessera.data.convert import import_tissue

    import_tissue(tissue, out)  # type: ignore[arg-type]  # it takes an open tissue too


def target_of(tissue: Tissue) -> Any:  # noqa: ANN401 - a path or a SpatialData
    """Where runs are written to: the store, or the object that lives only in memory."""
    return tissue.sdata if tissue.path is None else tissue.path


def summary_of(run: Run) -> RunSummary:
    """List entry of a run that is at hand."""
    from napari_tessera.data.write import RunSummary

    placement, composition = run.result.placement, run.result.composition
    answers = {"placement": placement, "composition": composition}
    return RunSummary(
        name=run.name,
        method=run.provenance.method,
        created=run.provenance.created,
        n_cells=0 if placement is None else placement.cell_names.size,
        n_spots=0 if composition is None else composition.spot_names.size,
        scores=run.provenance.scores,
        baseline=run.provenance.baseline,
        answers=tuple(name for name, part in answers.items() if part is not None),
    )


def short_name(source: Any) -> str:  # noqa: ANN401 - a path or an object
    """Name a source in a word or two."""
    text = str(source) if isinstance(source, str | Path) else "data"
    return text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
