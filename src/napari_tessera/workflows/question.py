"""Which cells answer a question: counted before anything is computed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import RegionKind
from napari_tessera.explain.groups import (
    LEAST_CELLS,
    Sides,
    commonest_type,
    sides_by_label,
    sides_by_mass,
    within_type,
)
from napari_tessera.explain.membership import mass_inside
from napari_tessera.explain.path import AlongPath, along_path
from napari_tessera.numerics.areas import points_inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.regions import Region
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.workflows.explained import Question
    from napari_tessera.workflows.subject import Subject

ALL_TYPES = "all"
"""Word for comparing cells of every type."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Cells of a question, counted before anything is computed.

    Parameters
    ----------
    sides : Sides or None
        Both sides; None for a path.
    along : AlongPath or None
        Cells near a path; None for the rest.
    shape_xy : ndarray, shape (n_points, 2), float64
        Points that fill the group's shape.
    kind : str
        ``region``, ``path``, ``cell type`` or ``domain``.
    within : str
        Cell type, or nothing.
    inside : ndarray of bool or None, shape (n_spots,)
        Spots of the group; None where it is no set of spots.
    drawn : tuple of Region
        What was drawn, as it was then.
    """

    sides: Sides | None
    along: AlongPath | None
    shape_xy: NDArray[np.float64]
    kind: str
    within: str
    inside: NDArray[np.bool_] | None = None
    drawn: tuple[Region, ...] = ()

    @property
    def rows(self) -> NDArray[np.int64]:
        """Cells that are explained."""
        if self.sides is not None:
            return self.sides.rows
        return self.along.rows if self.along is not None else np.empty(0, dtype=np.int64)

    def __str__(self) -> str:
        """Count the cells, for people."""
        if self.sides is not None:
            return str(self.sides)
        inside = f" within {self.within}" if self.within else ""
        return f"{self.rows.size} cells along the path{inside}"


def compare(subject: Subject, question: Question, options: ExplainOptions) -> Compared:
    """Find the cells of both sides, before anything is computed.

    Parameters
    ----------
    subject : Subject
        The run.
    question : Question
        What is asked.
    options : ExplainOptions
        Thresholds.

    Raises
    ------
    InputError
        If what is asked for is not there. Sides that are too small are not refused here.
    """
    return _FINDERS[question.kind](subject, question, options)


def _by_type(subject: Subject, question: Question, options: ExplainOptions) -> Compared:  # noqa: ARG001 - finders are called alike
    """Cells of one type against those of another, or of all."""
    types = subject.inputs.cell_types
    if types is None:
        msg = f"Run {subject.run.name}: expected a reference with cell types, found none."
        raise InputError(msg, "Map again with --cell-type-column, or ask about a region.")
    everyone = np.ones(types.size, dtype=np.bool_)
    sides = sides_by_label(types, str(question.cell_type), question.against, everyone)
    shape = subject.placement.xy[sides.group]
    return Compared(sides=sides, along=None, shape_xy=shape, kind="cell type", within="")


def _by_region(subject: Subject, question: Question, options: ExplainOptions) -> Compared:
    """Cells whose map lies in a drawn region."""
    names = [str(question.region)] + ([question.against] if question.against else [])
    drawn = tuple(subject.drawn(name, RegionKind.AREA) for name in names)
    inside = [points_inside(region, subject.inputs.spot_xy) for region in drawn]
    found = _by_spots(subject, inside, names, question.within, options)
    return dataclasses.replace(found, kind="region", drawn=drawn)


def _by_domain(subject: Subject, question: Question, options: ExplainOptions) -> Compared:
    """Cells whose map lies at spots of one label."""
    labels = subject.spot_labels(question.column)
    names = [str(question.domain)] + ([question.against] if question.against else [])
    for name in names:
        if name not in labels:
            there = ", ".join(np.unique(labels).tolist())
            msg = f"Domain {name!r}: expected a label of {question.column}, found no such one."
            raise InputError(msg, f"There are: {there}.")
    inside = [labels == name for name in names]
    return _by_spots(subject, inside, names, question.within, options)


def _by_spots(
    subject: Subject,
    inside: list[NDArray[np.bool_]],
    names: list[str],
    within: str | None,
    options: ExplainOptions,
) -> Compared:
    """Cells whose map lies at some spots."""
    if not inside[0].any():
        msg = f"Region {names[0]}: expected spots in it, found none."
        raise InputError(msg, "Draw it over the spots.")
    source = subject.encoder if subject.encoder is not None else subject.placement
    mass = [mass_inside(source, chosen) for chosen in inside]
    thresholds = (options.inside, options.outside)
    other = mass[1] if len(mass) > 1 else None
    types = subject.inputs.cell_types
    only = _type_to_use(types, within, _one_scale(mass[0], other, thresholds), thresholds)
    allowed = within_type(types, only, mass[0].size)
    sides = sides_by_mass(
        mass[0],
        other,
        allowed,
        thresholds,
        (names[0], names[1] if other is not None else "the rest"),
    )
    return Compared(
        sides=dataclasses.replace(sides, within=only or ""), along=None,
        shape_xy=subject.inputs.spot_xy[inside[0]], kind="domain", within=only or "",
        inside=inside[0],
    )  # fmt: skip


def _one_scale(
    mass: NDArray[np.float64],
    other: NDArray[np.float64] | None,
    thresholds: tuple[float, float],
) -> NDArray[np.float64]:
    """1 in the region, 0 in the one it is compared with, between the thresholds elsewhere."""
    if other is None:
        return mass
    elsewhere = np.where(other >= thresholds[0], 0.0, sum(thresholds) / 2)
    return np.where(mass >= thresholds[0], 1.0, elsewhere)


def _type_to_use(
    types: NDArray[np.str_] | None,
    within: str | None,
    mass: NDArray[np.float64],
    thresholds: tuple[float, float],
) -> str | None:
    """Type to compare within: the one named, or the commonest; None for all."""
    if types is None or within == ALL_TYPES:
        return None
    if within is not None:
        return within
    found = commonest_type(types, mass, thresholds)
    if found is None:
        n_in, n_out = int((mass >= thresholds[0]).sum()), int((mass <= thresholds[1]).sum())
        msg = (
            f"Comparison: expected a cell type with {LEAST_CELLS} cells on each side, found none "
            f"({n_in} cells of all types inside, {n_out} outside)."
        )
        raise InputError(msg, "Draw a larger region, or compare all cells: --within all.")
    return found


def _by_path(subject: Subject, question: Question, options: ExplainOptions) -> Compared:
    """Cells near a drawn path; of every type unless one is named."""
    path = subject.drawn(str(question.path), RegionKind.PATH)
    within = None if question.within in {None, ALL_TYPES} else question.within
    xy = subject.placement.xy
    allowed = within_type(subject.inputs.cell_types, within, len(xy))
    along = along_path(path, xy, options.reach * subject.inputs.pitch, allowed)
    return Compared(
        sides=None, along=along, shape_xy=xy[along.rows], kind="path", within=within or "",
        drawn=(path,),
    )  # fmt: skip


_FINDERS = {
    "region": _by_region,
    "path": _by_path,
    "cell_type": _by_type,
    "domain": _by_domain,
}
