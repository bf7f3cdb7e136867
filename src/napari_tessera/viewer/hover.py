"""The spot under the mouse, and the bars of its shares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.palette import colours_of
from napari_tessera.numerics.outlines import inside
from napari_tessera.viewer.colours import RGBA, rgba_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import SpotsView

MOST_BARS = 8
"""Bars of one spot; what is left is told together."""

_NEAREST = 8
_REST: RGBA = (0.6, 0.6, 0.6, 1.0)
_LEAST = 0.005


class SpotFinder:
    """Finds the spot at a point; nothing is built for it, so it serves a million at once.

    Parameters
    ----------
    spots : SpotsView
        Spots on the screen.
    """

    def __init__(self, spots: SpotsView) -> None:
        self._spots = spots
        self._xy = np.ascontiguousarray(np.asarray(spots.xy, dtype=np.float32).T)

    def at(self, x: float, y: float) -> int | None:
        """Position of the spot that holds a point; None between spots.

        A circle holds what is within its radius, a polygon what is within its outline. Of labels
        the nearest centre is taken, up to 0.6 of the distance between neighbours.

        Parameters
        ----------
        x, y : float
            Point in world coordinates.
        """
        near = self._nearest(x, y)
        if self._spots.polygons is not None:
            outlines = self._spots.polygons
            here = np.array([[x, y]])
            return next((int(i) for i in near if inside(outlines[i], here).all()), None)
        return int(near[0]) if near.size else None

    def of_label(self, label: int) -> int | None:
        """Position of the spot with that label; None where there is none.

        Parameters
        ----------
        label : int
            Value of the label picture.
        """
        if self._spots.labels is None:  # painted from outlines, numbered from 1
            return label - 1 if 0 < label <= len(self._spots.xy) else None
        found = np.flatnonzero(self._spots.instances == label)
        return int(found[0]) if found.size else None

    def _nearest(self, x: float, y: float) -> NDArray[np.int64]:
        """Spots whose centre is near enough to hold a point, the nearest first."""
        across, down = np.abs(self._xy[0] - np.float32(x)), np.abs(self._xy[1] - np.float32(y))
        near = np.flatnonzero((across <= self._reach) & (down <= self._reach))
        far = np.hypot(across[near], down[near])
        radius = self._spots.radius
        held = far <= (self._reach if radius is None else radius[near])
        order = np.argsort(far[held], kind="stable")[:_NEAREST]
        return np.asarray(near[held][order], dtype=np.int64)

    @cached_property
    def _reach(self) -> float:
        """Farthest that a point of a spot may be from its centre."""
        if self._spots.radius is not None:
            return float(self._spots.radius.max(initial=0))
        parts = 3.0 if self._spots.polygons is not None else 0.6
        return parts * self._spots.pitch


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: a type, its share and its colour."""

    name: str
    share: float
    rgba: RGBA


@dataclass(frozen=True, kw_only=True)
class SpotBars:
    """What is told of one spot.

    Parameters
    ----------
    title : str
        Its name, and by how much its first type leads.
    bars : tuple of Bar
        The largest shares first; the rest together at the end.
    """

    title: str
    bars: tuple[Bar, ...]


def bars_of(run: Run, spots: SpotsView, spot: int) -> SpotBars | None:
    """Shares of the types in one spot; None where the run does not speak of it.

    Parameters
    ----------
    run : Run
        A finished run.
    spots : SpotsView
        Spots on the screen.
    spot : int
        Position of the spot in the view.
    """
    composition = run.result.composition
    row = -1 if composition is None else int(spots.rows_in(composition.spot_names)[spot])
    if composition is None or row < 0:
        return None
    shares, names = composition.values[row], composition.types.tolist()
    palette = colours_of(names, run.colours)
    order = np.argsort(-shares, kind="stable").tolist()
    told = [i for i in order if shares[i] >= _LEAST]
    told = told if len(told) <= MOST_BARS else told[: MOST_BARS - 1]
    bars = [
        Bar(name=names[i], share=float(shares[i]), rgba=rgba_of(palette[names[i]])) for i in told
    ]
    rest = [float(shares[i]) for i in order if i not in told]
    if sum(rest) >= _LEAST:
        bars.append(Bar(name=f"{len(rest)} other types", share=sum(rest), rgba=_REST))
    second = float(shares[order[1]]) if len(order) > 1 else 0.0
    ahead = float(shares[order[0]]) - second
    return SpotBars(title=f"{spots.names[spot]}: lead {ahead:.0%}", bars=tuple(bars))
