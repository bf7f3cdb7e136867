"""What was done with a tissue, step by step: material for a script that does it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PictureScale, RunSpec
    from napari_tessera.contract.regions import Region
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.workflows.explained import Question


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A tissue was opened.

    Parameters
    ----------
    source : str
        Store, file or folder; empty for one that lives in memory only.
    image : str
        Picture that lies beside the table.
    image_scale : float or tuple of float
        Picture pixels per unit of the spots' coordinates, or the numbers of an affine map.
    """

    source: str
    image: str = ""
    image_scale: PictureScale = 1.0


@dataclass(frozen=True, kw_only=True)
class Referred:
    """A reference was opened; `source` is empty for one that lives in memory only."""

    source: str


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A run was computed.

    Parameters
    ----------
    name : str
        Its name.
    spec : RunSpec
        Its whole recipe.
    note : str
        What a reader of the script should know, such as that a person ended the fit early.
    places : bool
        Whether it places cells, so that there is a figure of them.
    """

    name: str
    spec: RunSpec
    note: str = ""
    places: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Regions were drawn, changed or removed: this is what is there afterwards.

    Parameters
    ----------
    regions : tuple of Region
        All of them.
    coordinate_system : str
        System that their points are given in.
    element : str
        Element of the spots, whose coordinates they are stored in.
    """

    regions: tuple[Region, ...]
    coordinate_system: str
    element: str


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Genes were ranked for a question about a run; `name` is the table of the ranking."""

    name: str
    run: str
    question: Question
    options: ExplainOptions


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """A run was deleted."""

    run: str


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A file was written.

    Parameters
    ----------
    source : str
        Run or ranking that it shows; empty for the regions.
    what : str
        ``tables``, ``domain genes``, ``table``, ``figure`` or ``regions``.
    path : str
        Where it was written; a script writes one of the same name beside its own store.
    """

    source: str
    what: str
    path: str


Step: TypeAlias = Opened | Referred | Computed | Drawn | Ranked | Deleted | Exported
