"""Regions of a tissue to a GeoJSON file and from one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.geojson import free_name, geojson_text, regions_from
from napari_tessera.data.geometry import affine_of, systems_of
from napari_tessera.data.regions import read_regions, write_regions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from spatialdata import SpatialData

    from napari_tessera.contract.regions import Region
    from napari_tessera.data.read import Tissue


def export_regions(
    target: Path | str | SpatialData,
    path: Path | str,
    *,
    coordinate_system: str | None = None,
    image: str | None = None,
) -> tuple[Region, ...]:
    """Write all that was drawn as GeoJSON.

    Parameters
    ----------
    target : path or SpatialData
        Tissue with regions.
    path : path
        File to write.
    coordinate_system : str, optional
        System of the file's coordinates; that of the spots if not given.
    image : str, optional
        Picture whose pixels the file's coordinates count instead, as QuPath does.

    Returns
    -------
    tuple of Region
        What was written, in the coordinates of the file.

    Raises
    ------
    InputError
        If nothing was drawn, or there is no such system or picture.
    StoreError
        If the file cannot be written.
    """
    tissue = _open(target)
    system = _system(tissue, coordinate_system)
    regions = read_regions(tissue.sdata, system)
    if not regions:
        msg = f"{tissue.title}: expected drawn regions, found none in {system}."
        raise InputError(msg, "Draw some first, or name the coordinate system that they lie in.")
    back = np.asarray(np.linalg.inv(_frame(tissue, system, image)))
    moved = tuple(region.moved(back) for region in regions)
    write_region_file(moved, Path(path))
    return moved


def import_regions(
    target: Path | str | SpatialData,
    path: Path | str,
    *,
    coordinate_system: str | None = None,
    image: str | None = None,
) -> tuple[Region, ...]:
    """Add the polygons and lines of a GeoJSON file to what was drawn, and store it.

    Parameters
    ----------
    target : path or SpatialData
        Tissue that takes them.
    path : path
        File to read.
    coordinate_system, image : str, optional
        As for `export_regions`.

    Returns
    -------
    tuple of Region
        All that is drawn now; one whose name is taken already gets a number after it.

    Raises
    ------
    InputError
        If the file has no regions, or there is no such system or picture.
    StoreError
        If the store cannot be written; it is as it was.
    """
    tissue = _open(target)
    system = _system(tissue, coordinate_system)
    frame = _frame(tissue, system, image)
    before = read_regions(tissue.sdata, system)
    new, _ = read_region_file(Path(path))
    merged = merge_regions(before, [region.moved(frame) for region in new])
    place = Path(target) if isinstance(target, Path | str) else target
    write_regions(place, merged, system)
    return merged


def merge_regions(before: Sequence[Region], new: Sequence[Region]) -> tuple[Region, ...]:
    """Put regions beside others; a name that is taken already gets a number after it.

    Parameters
    ----------
    before, new : sequence of Region
        In the same coordinates.
    """
    merged = list(before)
    for region in new:
        name = free_name(region.name, {other.name for other in merged})
        merged.append(dataclasses.replace(region, name=name))
    return tuple(merged)


def read_region_file(path: Path) -> tuple[tuple[Region, ...], tuple[str, ...]]:
    """Read regions from a file, in its coordinates, and say what was left out.

    Raises
    ------
    InputError
        If it cannot be read, or has no regions.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: expected a GeoJSON file, found {error}."
        raise InputError(msg, "Choose another file.") from error
    return regions_from(text, path.name)


def write_region_file(regions: Sequence[Region], path: Path) -> None:
    """Write regions to a file.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    try:
        path.write_text(geojson_text(regions), encoding="utf-8")
    except OSError as error:
        msg = f"{path}: expected a file that can be written, found {error}."
        raise StoreError(msg, "Choose another folder.") from error


def _open(target: Path | str | SpatialData) -> Tissue:
    from napari_tessera.data.read import open_tissue

    return open_tissue(target)


def _system(tissue: Tissue, wanted: str | None) -> str:
    """Coordinate system of the spots."""
    from napari_tessera.data.choices import fill_selection

    filled = fill_selection(tissue, None, Selection(coordinate_system=wanted))
    return str(filled.coordinate_system)


def _frame(tissue: Tissue, system: str, image: str | None) -> NDArray[np.float64]:
    """Matrix from the coordinates of a file to a coordinate system; (3, 3)."""
    if image is None:
        return np.eye(3)
    there = [name for name in tissue.sdata.images if system in systems_of(tissue.sdata[name])]
    if image not in there:
        msg = f"Picture: expected one of {', '.join(there) or 'none'}, found {image}."
        raise InputError(msg, "Name a picture that lies in the coordinate system of the spots.")
    return affine_of(tissue.sdata[image], system)
