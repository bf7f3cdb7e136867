"""Pies of the shares of the types, for the few spots that are seen when the camera is near."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.certainty import certainty
from napari_tessera.viewer.colours import faded, palette_table
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.frames import row_col
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Legend, LegendEntry
from napari_tessera.viewer.pie_mesh import pie_mesh, round_enough

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.results import Composition, Run
    from napari_tessera.contract.views import SpotsView, TissueView
    from napari_tessera.viewer.showing import Showing

LEAST_WIDTH = 24.0
"""Pixels on the screen from which a spot is wide enough for a pie."""

MOST_PIES = 1500
"""Pies that are drawn at once."""

_MARGIN = 0.25
_ZOOM_KEPT = 1.5
_FEW = 1000
_TITLE = "Pies: shares of the types"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The part of the world that is on the screen.

    Parameters
    ----------
    low, high : tuple of float
        Smallest and largest x and y, in world coordinates.
    zoom : float
        Pixels of the screen per unit of world coordinates.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    zoom: float

    def grown(self, part: float = _MARGIN) -> Frame:
        """Add a part of its size on every side."""
        low, high = np.array(self.low), np.array(self.high)
        more = part * (high - low)
        (left, top), (right, bottom) = (low - more).tolist(), (high + more).tolist()
        return Frame(low=(left, top), high=(right, bottom), zoom=self.zoom)

    def holds(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Positions of the points that are in it, ascending."""
        found = np.arange(len(xy))
        for axis in range(2):
            along = xy[:, axis] if axis == 0 else xy[found, axis]
            found = found[(along >= self.low[axis]) & (along <= self.high[axis])]
        return np.asarray(found, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Pies:
    """What is drawn for a frame.

    Parameters
    ----------
    vertices : ndarray, shape (n_vertices, 2), float64
        Row and column in world coordinates, three per triangle; one that is clear where there is
        no pie.
    rgba : ndarray, shape (n_vertices, 4), float32
        Colours.
    legend : Legend
        What is drawn, or why nothing is.
    n_pies : int
        Number of spots that have one.
    frame : Frame
        For what it was made: it stays good while the camera stays in it.
    """

    vertices: NDArray[np.float64]
    rgba: NDArray[np.float32]
    legend: Legend
    n_pies: int
    frame: Frame

    def good_for(self, frame: Frame) -> bool:
        """Whether nothing need be drawn anew where the camera is now."""
        if self.n_pies == 0:
            return frame == self.frame
        near = 1 / _ZOOM_KEPT < frame.zoom / self.frame.zoom < _ZOOM_KEPT
        corners = np.array([frame.low, frame.high])
        return near and self.frame.holds(corners).size == len(corners)


def pie_radius(spots: SpotsView) -> NDArray[np.float64]:
    """World radius of the pie of every spot, shape (n_spots,).

    Circles have their own. Of polygons and labels it is 0.4 of the distance between neighbours,
    taken from those in the middle where there are many; at most that of a circle as large as the
    median polygon.

    Parameters
    ----------
    spots : SpotsView
        Spots on the screen.
    """
    if spots.radius is not None:
        return spots.radius
    radius = 0.4 * spots.pitch
    if spots.polygons:
        import shapely

        some = spots.polygons[:: max(1, len(spots.polygons) // _FEW)]
        areas = [shapely.Polygon(outline).area for outline in some]
        radius = min(radius, float(np.sqrt(np.median(areas) / np.pi)))
    return np.full(len(spots.xy), radius)


def draw_pies(
    run: Run,
    spots: SpotsView,
    showing: Showing,
    *,
    frame: Frame,
    radius: NDArray[np.float64],
) -> Pies | None:
    """Make the pies of the spots in a frame; None where the run has no composition.

    Parameters
    ----------
    run : Run
        A finished run.
    spots : SpotsView
        Spots on the screen.
    showing : Showing
        The sectors of its hidden types are left clear; mixed spots fade if it says so.
    frame : Frame
        What of the world is seen.
    radius : ndarray, shape (n_spots,), float64
        What `pie_radius` gives.
    """
    composition = run.result.composition
    if composition is None:
        return None
    word, around, chosen = _around(spots, radius, frame)
    rows = spots.rows_in(composition.spot_names)
    chosen = chosen[rows[chosen] >= 0]
    if word or chosen.size == 0:
        return _nothing(spots, word or "Pies: no spot of this run is in view", frame)
    corners = round_enough(float(radius[chosen].max()) * frame.zoom)
    mesh = pie_mesh(
        spots.xy[chosen], radius[chosen], composition.values[rows[chosen]], corners=corners
    )
    table = palette_table(tuple(composition.types.tolist()), run.colours)
    rgba = _seen(table, composition, showing.hidden)[mesh.types]
    sure = certainty(run.result, SpotColour.DOMINANT) if showing.fade else None
    if sure is not None:
        rgba = faded(rgba, sure[rows[chosen]][mesh.owners])
    return Pies(
        vertices=row_col(mesh.vertices), rgba=rgba, n_pies=chosen.size, frame=around,
        legend=_pie_legend(composition, table),
    )  # fmt: skip


def pies_layer(run: Run, view: TissueView, pies: Pies) -> LayerData:
    """Put pies into a layer of triangles, each with a colour of its own.

    Parameters
    ----------
    run : Run
        A finished run.
    view : TissueView
        Tissue on the screen.
    pies : Pies
        What to draw.
    """
    arguments = {
        "name": f"{run.name} pies",
        "metadata": mark(Role.PIES, run.name),
        "vertex_colors": pies.rgba,
        "shading": "none",
        **world_units(view.unit),
    }
    return (pies.vertices, faces_of(pies)), arguments, "surface"


def faces_of(pies: Pies) -> NDArray[np.int64]:
    """Corners of the triangles among the vertices, shape (n_faces, 3)."""
    return np.arange(len(pies.vertices), dtype=np.int64).reshape(-1, 3)


def without_repeats(pies: Legend, others: Sequence[Legend]) -> Legend:
    """Leave types out of the legend of the pies that another legend has already."""
    named = {entry.name for legend in others for entry in legend.entries}
    rest = tuple(entry for entry in pies.entries if entry.name not in named)
    return dataclasses.replace(pies, entries=rest)


def _around(
    spots: SpotsView, radius: NDArray[np.float64], frame: Frame
) -> tuple[str, Frame, NDArray[np.int64]]:
    """Say why no pies can be drawn, or nothing; for which frame they can; the spots in that."""
    far, nobody = "Pies: zoom in to see them", np.zeros(0, dtype=np.int64)
    if 2 * frame.zoom * float(radius.max(initial=0)) < LEAST_WIDTH:
        return far, frame, nobody
    around = frame.grown()
    near = around.holds(spots.xy)
    inside = near[frame.holds(spots.xy[near])]
    if inside.size and 2 * frame.zoom * float(np.median(radius[inside])) < LEAST_WIDTH:
        return far, frame, nobody
    if inside.size > MOST_PIES:
        return f"Pies: {inside.size:,} spots in view, zoom in", frame, nobody
    return ("", around, near) if near.size <= MOST_PIES else ("", frame, inside)


def _nothing(spots: SpotsView, word: str, frame: Frame) -> Pies:
    """One clear triangle without an extent, where there are spots."""
    return Pies(
        vertices=np.repeat(row_col(spots.xy[:1]), 3, axis=0),
        rgba=np.zeros((3, 4), dtype=np.float32),
        legend=Legend(title=word),
        n_pies=0,
        frame=frame,
    )


def _seen(
    table: NDArray[np.float32], composition: Composition, hidden: Collection[str]
) -> NDArray[np.float32]:
    """Make the colours of hidden types clear."""
    out = table.copy()
    out[[name in hidden for name in composition.types.tolist()], 3] = 0
    return out


def _pie_legend(composition: Composition, table: NDArray[np.float32]) -> Legend:
    means = composition.values.mean(axis=0)
    types, colours = composition.types.tolist(), table.tolist()
    entries = tuple(
        LegendEntry(name=types[i], rgba=tuple(colours[i]), said=f"{means[i]:.0%}")
        for i in np.argsort(-means, kind="stable").tolist()
    )
    return Legend(title=_TITLE, entries=entries)
