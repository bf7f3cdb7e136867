"""Drawn regions as GeoJSON, the way QuPath writes and reads annotations."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import DEFAULT_COLOUR, Region, RegionKind
from napari_tessera.numerics.areas import area_of, outlines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AREAS, LINE = ("Polygon", "MultiPolygon"), "LineString"
_NAMESPACE = uuid.UUID("7e55e7a0-0000-4000-8000-000000000000")
_HINT = "Export annotations as GeoJSON, from QuPath with File > Export objects as GeoJSON."


def geojson_text(regions: Sequence[Region]) -> str:
    """Write regions as a feature collection: areas with holes, and paths as lines.

    Parameters
    ----------
    regions : sequence of Region
        In the coordinates that the file shall have.
    """
    features = [_feature(region) for region in regions]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def regions_from(text: str, title: str) -> tuple[tuple[Region, ...], tuple[str, ...]]:
    """Read regions from GeoJSON.

    Parameters
    ----------
    text : str
        A feature collection, a list of features, one feature, or a bare geometry.
    title : str
        Name of the file, for messages.

    Returns
    -------
    regions : tuple of Region
        Areas and paths, with names of their own.
    skipped : tuple of str
        What is neither: words for people.

    Raises
    ------
    InputError
        If it is no GeoJSON, or has no area and no path.
    """
    found: list[Region] = []
    skipped: list[str] = []
    for number, feature in enumerate(_features(text, title), start=1):
        geometry = feature.get("geometry") or {}
        kind = str(geometry.get("type", "nothing"))
        if kind not in (*AREAS, LINE):
            skipped.append(f"feature {number}: {kind}")
            continue
        taken = {region.name for region in found}
        try:
            found.append(_region(feature, kind, taken))
        except (ValueError, TypeError, KeyError, IndexError, shapely.GEOSException) as error:
            msg = f"{title}: expected the points of a {kind}, found {error}."
            raise InputError(msg, _HINT) from error
    if not found:
        there = ", ".join(skipped[:3]) or "nothing"
        msg = f"{title}: expected polygons or lines, found {there}."
        raise InputError(msg, _HINT)
    return tuple(found), tuple(skipped)


def free_name(name: str, taken: set[str]) -> str:
    """Give a name that nobody has: ``tumour``, else ``tumour 2``, and so on."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found


def _features(text: str, title: str) -> list[dict[str, Any]]:
    """List the features of whatever form of GeoJSON this is."""
    try:
        read = json.loads(text)
    except ValueError as error:
        msg = f"{title}: expected GeoJSON, found {error}."
        raise InputError(msg, _HINT) from error
    if isinstance(read, dict) and read.get("type") == "FeatureCollection":
        read = read.get("features")
    if isinstance(read, dict) and read.get("type") != "Feature":
        read = {"type": "Feature", "geometry": read}
    listed = [read] if isinstance(read, dict) else read
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        msg = f"{title}: expected GeoJSON with features, found {type(read).__name__}."
        raise InputError(msg, _HINT)
    return listed


def _region(feature: Mapping[str, Any], kind: str, taken: set[str]) -> Region:
    """Make a region of one feature."""
    properties = feature.get("properties") or {}
    label = properties.get("classification") or {}
    label = label if isinstance(label, dict) else {"name": label}
    word = "path" if kind == LINE else "region"
    label_name = str(label.get("name") or "")
    name = str(properties.get("name") or label_name or f"{word} {len(taken) + 1}")
    geometry = shapely.geometry.shape(feature["geometry"])
    polygons = ((np.asarray(geometry.coords)[:, :2],),) if kind == LINE else outlines_of(geometry)
    return Region(
        name=free_name(name, taken),
        polygons=polygons,
        kind=RegionKind.PATH if kind == LINE else RegionKind.AREA,
        label=label_name,
        colour=_colour(properties) or _colour(label) or DEFAULT_COLOUR,
    )


def _colour(values: Mapping[str, Any]) -> str:
    """Colour of an annotation or of its class: three numbers, or QuPath's older packed one."""
    plain, packed = values.get("color"), values.get("colorRGB")
    if isinstance(plain, list) and len(plain) >= 3:
        return "#" + "".join(f"{min(max(int(v), 0), 255):02x}" for v in plain[:3])
    if isinstance(packed, int):
        return f"#{packed & 0xFFFFFF:06x}"
    return ""


def _feature(region: Region) -> dict[str, Any]:
    """Write one region; its identity follows from its name."""
    if region.kind is RegionKind.PATH:
        shape: shapely.Geometry = shapely.LineString(region.line)
    else:
        shape = area_of(region)
        shape = shape.geoms[0] if len(shape.geoms) == 1 else shape
    colour = [int(region.colour.lstrip("#")[i : i + 2], 16) for i in (0, 2, 4)]
    properties: dict[str, Any] = {"objectType": "annotation", "name": region.name, "color": colour}
    if region.label:
        properties["classification"] = {"name": region.label, "color": colour}
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_NAMESPACE, region.name)),
        "geometry": json.loads(shapely.to_geojson(shape)),
        "properties": properties,
    }
