"""Regions and paths that a person draws on a tissue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Rings = tuple["NDArray[np.float64]", ...]
"""One polygon: its outline, then its holes; each (n, 2), float64."""

DEFAULT_COLOUR = "#e69f00"


class RegionKind(StrEnum):
    """An area with an inside, or a line with a direction."""

    AREA = "area"
    PATH = "path"


@dataclass(frozen=True, kw_only=True)
class Region:
    """Something that was drawn, in the coordinates of one coordinate system.

    Parameters
    ----------
    name : str
        Name that people gave it.
    polygons : tuple of tuple of ndarray
        An area: one or several polygons, each its outline and its holes, (n, 2), float64. A path:
        one entry of one line of at least two points.
    kind : RegionKind
        Area or path.
    label : str
        Class that people gave it; stored as ``class``.
    colour : str
        Such as ``#e69f00``.

    Raises
    ------
    ValueError
        If it has no name, no points, too few points, or points that are not finite.
    """

    name: str
    polygons: tuple[Rings, ...]
    kind: RegionKind = RegionKind.AREA
    label: str = ""
    colour: str = DEFAULT_COLOUR

    def __post_init__(self) -> None:
        polygons = tuple(
            tuple(np.asarray(ring, dtype=np.float64) for ring in rings) for rings in self.polygons
        )
        object.__setattr__(self, "polygons", polygons)
        least = 3 if self.kind is RegionKind.AREA else 2
        if not self.name.strip():
            msg = "a region must have a name"
            raise ValueError(msg)
        rings = [ring for polygon in polygons for ring in polygon]
        if not rings or any(not polygon for polygon in polygons):
            msg = f"region {self.name!r} has no outline"
            raise ValueError(msg)
        for ring in rings:
            if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < least:
                msg = f"region {self.name!r}: expected {least} points or more; found {ring.shape}"
                raise ValueError(msg)
            if not np.isfinite(ring).all():
                msg = f"region {self.name!r} has points that are not finite"
                raise ValueError(msg)
        if self.kind is RegionKind.PATH and len(rings) != 1:
            msg = f"path {self.name!r} must be one line; found {len(rings)}"
            raise ValueError(msg)

    @classmethod
    def area(cls, name: str, *outlines: NDArray[np.float64], label: str = "") -> Self:
        """Make an area of outlines without holes, each (n, 2)."""
        return cls(name=name, polygons=tuple((outline,) for outline in outlines), label=label)

    @classmethod
    def path(cls, name: str, points: NDArray[np.float64]) -> Self:
        """Make a path of its points in order, (n, 2)."""
        return cls(name=name, polygons=((points,),), kind=RegionKind.PATH)

    @property
    def line(self) -> NDArray[np.float64]:
        """Points of a path, shape (n, 2)."""
        return self.polygons[0][0]

    def moved(self, affine: NDArray[np.float64]) -> Region:
        """Apply a 3 x 3 matrix to every point."""
        turn, shift = affine[:2, :2].T, affine[:2, 2]
        polygons = tuple(tuple(ring @ turn + shift for ring in rings) for rings in self.polygons)
        return Region(
            name=self.name, polygons=polygons, kind=self.kind, label=self.label, colour=self.colour
        )

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return {
            "name": self.name,
            "polygons": [[ring.tolist() for ring in rings] for rings in self.polygons],
            "kind": str(self.kind),
            "label": self.label,
            "colour": self.colour,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        polygons = tuple(tuple(np.asarray(r) for r in rings) for rings in values["polygons"])
        return cls(**{**values, "polygons": polygons, "kind": RegionKind(values["kind"])})
