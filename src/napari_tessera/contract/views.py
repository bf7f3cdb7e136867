"""What is on the screen before any run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_REMEMBERED = 8


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """A picture in its place.

    Parameters
    ----------
    name : str
        Element name.
    levels : tuple of array-like, each (height, width, 3) uint8
        Finest first; lazy.
    affine : ndarray, shape (3, 3), float64
        Level-0 pixel (x, y, 1) to world (x, y, 1).
    """

    name: str
    levels: tuple[Any, ...]
    affine: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SpotsView:
    """Spots as something to draw, all in world coordinates of one coordinate system.

    Parameters
    ----------
    table, element : str
        Table and the element that it annotates.
    names : ndarray of str, shape (n_spots,)
        Row names of the table.
    instances : ndarray, shape (n_spots,)
        Instance ids in the element.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in world coordinates.
    radius : ndarray or None, shape (n_spots,), float64
        World radius of circles; None for the others.
    polygons : tuple of ndarray or None, each (n_vertices, 2)
        World outlines; None for circles.
    labels : array-like or None, shape (height, width)
        Label picture, lazy; None for the others.
    labels_affine : ndarray or None, shape (3, 3)
        Label pixel to world.
    """

    table: str
    element: str
    names: NDArray[np.str_]
    instances: NDArray[Any]
    xy: NDArray[np.float64]
    radius: NDArray[np.float64] | None = None
    polygons: tuple[NDArray[np.float64], ...] | None = None
    labels: Any = None
    labels_affine: NDArray[np.float64] | None = None

    def rows_in(self, names: NDArray[np.str_]) -> NDArray[np.int64]:
        """Position of every spot among names, or -1; remembered for the arrays asked for last.

        Parameters
        ----------
        names : ndarray of str, shape (n,)
            Names in another order; the array must not change.

        Returns
        -------
        ndarray, shape (n_spots,), int64
        """
        kept = self._rows.get(id(names))
        if kept is None:
            while len(self._rows) >= _REMEMBERED:
                self._rows.pop(next(iter(self._rows)))
            kept = self._rows[id(names)] = (names, _positions(names, self.names))
        return kept[1]

    @cached_property
    def pitch(self) -> float:
        """Median distance to the nearest other spot; the first time every spot is looked at."""
        return typical_distance(self.xy)

    @cached_property
    def _rows(self) -> dict[int, tuple[NDArray[np.str_], NDArray[np.int64]]]:
        """Arrays of names, which are kept so that their identity stays theirs, and the rows."""
        return {}


def typical_distance(xy: NDArray[np.float64]) -> float:
    """Median distance to the nearest other point: the pitch of a lattice.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Points.

    Returns
    -------
    float
        1.0 where there are fewer than two distinct points.
    """
    from scipy.spatial import cKDTree

    if len(xy) < 2:
        return 1.0
    sample = xy if len(xy) <= 20_000 else xy[:: len(xy) // 20_000]
    tree = cKDTree(xy, balanced_tree=False, compact_nodes=False)
    distance = np.asarray(tree.query(sample, k=2)[0])[:, 1]
    distance = distance[distance > 0]
    return float(np.median(distance)) if distance.size > 0 else 1.0


def _positions(names: NDArray[np.str_], wanted: NDArray[np.str_]) -> NDArray[np.int64]:
    """Position of every wanted name, or -1."""
    if np.array_equal(names, wanted):
        return np.arange(len(wanted))
    place = {name: i for i, name in enumerate(names.tolist())}
    return np.array([place.get(name, -1) for name in wanted.tolist()], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How long a unit of world coordinates is.

    Parameters
    ----------
    micrometres : float
        Per unit.
    source : str
        Where that is known from, for people.
    """

    micrometres: float
    source: str


@dataclass(frozen=True, kw_only=True)
class TissueView:
    """What is on the screen before any run; made by ``data``, drawn by ``viewer``.

    Parameters
    ----------
    title : str
        Name of the tissue.
    coordinate_system : str
        The one everything below is in.
    unit : str
        Unit of world coordinates.
    images : tuple of ImageView
        The chosen picture first.
    spots : SpotsView or None
        Spots of the chosen table.
    scale : Scale or None
        How long a unit is; None where nothing says it.
    """

    title: str
    coordinate_system: str
    unit: str
    images: tuple[ImageView, ...]
    spots: SpotsView | None
    scale: Scale | None = None

    def pitch_of(self, xy: NDArray[np.float64]) -> float:
        """How far spots are apart, or the given points where there are no spots.

        Parameters
        ----------
        xy : ndarray, shape (n, 2), float64
            World coordinates.
        """
        return typical_distance(xy) if self.spots is None else self.spots.pitch
