"""Regions and paths that people drew, in the store: areas as shapes, paths as points in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.contract.regions import DEFAULT_COLOUR, Region, RegionKind
from napari_tessera.data.geometry import affine_of, systems_of
from napari_tessera.data.keys import UNS
from napari_tessera.data.problems import refuse, some
from napari_tessera.numerics.areas import area_of, outlines_of, points_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue

REGIONS = "tessera_regions"
"""Element of the drawn areas: one row each, with ``name``, ``class`` and ``colour``."""

PATHS = "tessera_paths"
"""Element of the drawn paths: their points, with ``name``, ``order`` and ``colour``."""

_PLACES = {REGIONS: f"shapes/{REGIONS}", PATHS: f"points/{PATHS}"}


def read_regions(sdata: SpatialData, coordinate_system: str) -> tuple[Region, ...]:
    """Read all that was drawn.

    Parameters
    ----------
    sdata : SpatialData
        Open tissue.
    coordinate_system : str
        System that their points are given in.

    Returns
    -------
    tuple of Region
        In the order in which they were drawn, areas first; those that do not lie in that
        coordinate system are left out.
    """
    found = []
    areas, points = sdata.shapes.get(REGIONS), sdata.points.get(PATHS)
    if areas is not None and coordinate_system in systems_of(areas):
        affine = affine_of(areas, coordinate_system)
        found += [region.moved(affine) for region in _areas(areas)]
    if points is not None and coordinate_system in systems_of(points):
        affine = affine_of(points, coordinate_system)
        found += [region.moved(affine) for region in _paths(points)]
    return tuple(found)


def find_region(regions: Sequence[Region], name: str, kind: RegionKind) -> Region:
    """Pick a region by its name.

    Raises
    ------
    InputError
        If there is none of that name and kind.
    """
    there = [region for region in regions if region.kind is kind]
    for region in there:
        if region.name == name:
            return region
    words = {RegionKind.AREA: "region", RegionKind.PATH: "path"}[kind]
    names = ", ".join(region.name for region in there) or "none"
    msg = f"{words.capitalize()} {name!r}: expected the name of a drawn {words}, found no such one."
    raise InputError(msg, f"There are: {names}.")


def write_regions(
    target: Path | SpatialData,
    regions: Sequence[Region],
    coordinate_system: str,
    element: str | None = None,
) -> None:
    """Put all that was drawn in place of what was there before.

    Parameters
    ----------
    target : Path or SpatialData
        A store; or an object, which gets the elements, as does its store if it has one.
    regions : sequence of Region
        Areas and paths, with names of their own.
    coordinate_system : str
        System that their points are given in.
    element : str, optional
        Element whose own coordinates and transformations they get; that of the spots' table.

    Raises
    ------
    InputError
        If two have the same name, or the coordinate system is not there.
    StoreError
        If elements of these names are there that we did not write, or the store cannot be written;
        store and object are as they were.
    """
    from napari_tessera.data.read import open_tissue

    _check_names(regions)
    on_disk = isinstance(target, Path | str)
    sdata = open_tissue(target).sdata
    elements = _elements(sdata, regions, coordinate_system, element)
    path = Path(target) if isinstance(target, Path | str) else sdata.path
    if path is not None:
        _commit(Path(path), elements)
    if not on_disk:
        for name in _PLACES:
            if name in sdata:
                del sdata[name]
        for name, drawn in elements.items():
            sdata[name] = drawn


def spots_within(
    tissue: Tissue, selection: Selection, xy: NDArray[np.float64]
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Spots inside the chosen region; all of them where none is chosen.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        ``within`` names the region.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.

    Returns
    -------
    rows : ndarray of int
        Rows of `xy`.
    problems : list of Problem
        Refuses a name that is not there.
    """
    everyone = np.arange(len(xy))
    if selection.within is None:
        return everyone, []
    drawn = read_regions(tissue.sdata, str(selection.coordinate_system))
    areas = [region for region in drawn if region.kind is RegionKind.AREA]
    chosen = [region for region in areas if region.name == selection.within]
    if not chosen:
        names = [region.name for region in areas]
        return everyone, [refuse(
            "region-unknown", REGIONS, "name", expected="the name of a drawn region",
            found=f"{selection.within!r}; there are: {some(names, 8) or 'none'}",
            hint="Draw the region, or choose one of these.",
        )]  # fmt: skip
    inside = np.any([points_inside(region, xy) for region in chosen], axis=0)
    return np.flatnonzero(inside), []


def _check_names(regions: Sequence[Region]) -> None:
    """Refuse two regions of one name."""
    names = [region.name for region in regions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"Regions: expected names of their own, found {', '.join(twice)} more than once."
        raise InputError(msg, "Rename one of them.")


def _commit(store: Path, elements: dict[str, Any]) -> None:
    """Write the elements in place of those that are there."""
    from napari_tessera.data.commit import commit_elements
    from napari_tessera.data.journal import is_ours

    there = [place for place in _PLACES.values() if (store / place).is_dir()]
    for place in there:
        if not is_ours(store, place):
            msg = f"{store}: expected regions that this program wrote, found {place} of others."
            raise StoreError(msg, f"Rename or remove {place}. The store is as it was.")
    commit_elements(store, {_PLACES[n]: e for n, e in elements.items()}, remove=there)


def _elements(
    sdata: SpatialData, regions: Sequence[Region], coordinate_system: str, element: str | None
) -> dict[str, Any]:
    """Elements in the own coordinates of the spots, with all of their transformations."""
    from spatialdata.transformations import get_transformation

    anchor = sdata[element if element is not None else _annotated(sdata)]
    if coordinate_system not in systems_of(anchor):
        there = ", ".join(systems_of(anchor))
        msg = f"Regions: expected one of the coordinate systems {there}, found {coordinate_system}."
        raise InputError(msg, "Draw them in a system that the spots lie in.")
    back = np.asarray(np.linalg.inv(affine_of(anchor, coordinate_system)))
    own = [region.moved(back) for region in regions]
    moves = get_transformation(anchor, get_all=True)
    areas = [region for region in own if region.kind is RegionKind.AREA]
    paths = [region for region in own if region.kind is RegionKind.PATH]
    made: dict[str, Any] = {}
    if areas:
        made[REGIONS] = _shapes(areas, moves)
    if paths:
        made[PATHS] = _points(paths, moves)
    return made


def _annotated(sdata: SpatialData) -> str:
    """Element that the first table of others annotates."""
    for table in sdata.tables.values():
        keys = table.uns.get("spatialdata_attrs", {})
        regions = keys.get("region")
        names = [regions] if isinstance(regions, str) else list(regions or [])
        if UNS not in table.uns and names and names[0] in sdata:
            return str(names[0])
    msg = "Regions: expected a table that annotates spots, found none."
    raise InputError(msg, "Open a tissue with spots.")


def _shapes(areas: Sequence[Region], moves: dict[str, Any]) -> Any:  # noqa: ANN401 - an element
    """Areas as a shapes element."""
    import geopandas
    from spatialdata.models import ShapesModel

    frame = geopandas.GeoDataFrame(
        {
            "name": [region.name for region in areas],
            "class": [region.label for region in areas],
            "colour": [region.colour for region in areas],
        },
        geometry=[area_of(region) for region in areas],
    )
    return ShapesModel.parse(frame, transformations=moves)


def _points(paths: Sequence[Region], moves: dict[str, Any]) -> Any:  # noqa: ANN401 - an element
    """Paths as a points element."""
    import pandas as pd
    from spatialdata.models import PointsModel

    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "x": path.line[:, 0],
                    "y": path.line[:, 1],
                    "name": path.name,
                    "order": np.arange(len(path.line)),
                    "colour": path.colour,
                }
            )
            for path in paths
        ],
        ignore_index=True,
    )
    return PointsModel.parse(frame, transformations=moves)


def _areas(frame: Any) -> list[Region]:  # noqa: ANN401 - an element
    """Rows of the shapes element; columns that others left out are filled in."""
    rows = frame.to_dict("records")
    return [
        Region(
            name=str(row["name"]),
            polygons=outlines_of(row["geometry"]),
            label=str(row.get("class", "")),
            colour=str(row.get("colour", DEFAULT_COLOUR)),
        )
        for row in rows
    ]


def _paths(points: Any) -> list[Region]:  # noqa: ANN401 - an element
    """Paths of the points element, in the order in which they stand there."""
    frame = points.compute()
    found = []
    for name in dict.fromkeys(frame["name"].astype(str)):
        rows = frame[frame["name"].astype(str) == name].sort_values("order")
        found.append(
            Region(
                name=name,
                polygons=((rows[["x", "y"]].to_numpy(dtype=np.float64),),),
                kind=RegionKind.PATH,
                colour=str(rows["colour"].iloc[0]),
            )
        )
    return found
