"""Regions to GeoJSON and back, as QuPath writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.contract.regions import Region, RegionKind
from napari_tessera.data.geojson import geojson_text, regions_from
from napari_tessera.data.region_files import merge_regions
from napari_tessera.data.regions import read_regions
from napari_tessera.numerics.areas import area_of

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = np.array([[0.0, 0], [400, 0], [400, 400], [0, 400]])
HOLED = Region(
    name="duct", polygons=((SQUARE, 0.5 * SQUARE + 100),), label="Tumor", colour="#112233"
)
TWO = Region.area("two", SQUARE + 1000, SQUARE + 2000)
PATH = Region.path("spine", np.array([[0.0, 0], [10, 5], [20, 0]]))
RING = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]


def feature(kind: str = "Polygon", points: object = None, **properties: object) -> dict[str, Any]:
    """One annotation, as QuPath writes it."""
    geometry = {"type": kind, "coordinates": [RING] if points is None else points}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def read(*features: dict[str, Any]) -> tuple[Region, ...]:
    """Read a collection of features."""
    text = json.dumps({"type": "FeatureCollection", "features": features})
    return regions_from(text, "annotations.geojson")[0]


@pytest.mark.parametrize("region", [HOLED, TWO, PATH], ids=lambda region: region.name)
def test_a_region_comes_back_from_its_own_file(region: Region) -> None:
    ((found,), _) = regions_from(geojson_text([region]), "own")
    assert (found.name, found.label, found.colour) == (region.name, region.label, region.colour)
    assert found.kind is region.kind
    if region.kind is RegionKind.AREA:
        assert area_of(found).equals(area_of(region))
    else:
        assert np.array_equal(found.line, region.line)


def test_a_hole_is_the_second_ring_of_its_polygon() -> None:
    written = json.loads(geojson_text([HOLED]))["features"][0]["geometry"]
    assert (written["type"], len(written["coordinates"])) == ("Polygon", 2)


def test_several_polygons_are_one_feature() -> None:
    written = json.loads(geojson_text([TWO]))["features"]
    assert [item["geometry"]["type"] for item in written] == ["MultiPolygon"]


def test_a_file_says_what_qupath_reads() -> None:
    properties = json.loads(geojson_text([HOLED]))["features"][0]["properties"]
    assert properties["objectType"] == "annotation"
    assert properties["color"] == [0x11, 0x22, 0x33]
    assert properties["classification"]["name"] == "Tumor"


def test_name_class_and_colour_are_read() -> None:
    label = {"name": "Tumor", "color": [200, 0, 0]}
    (found,) = read(feature(name="A", classification=label))
    assert (found.name, found.label, found.colour) == ("A", "Tumor", "#c80000")


def test_an_annotation_without_a_name_is_called_after_its_class() -> None:
    label = {"name": "Tumor"}
    assert [r.name for r in read(*[feature(classification=label)] * 2)] == ["Tumor", "Tumor 2"]


def test_the_packed_colour_of_older_files_is_read() -> None:
    (found,) = read(feature(classification={"name": "Tumor", "colorRGB": -3670016}))
    assert found.colour == "#c80000"


@pytest.mark.parametrize(
    "text",
    [json.dumps([feature()]), json.dumps(feature()), json.dumps(feature()["geometry"])],
    ids=["list", "feature", "geometry"],
)
def test_other_forms_of_geojson_are_read(text: str) -> None:
    assert len(regions_from(text, "other")[0]) == 1


def test_what_is_no_region_is_left_out_and_said() -> None:
    text = json.dumps([feature("Point", [1, 2]), feature()])
    regions, skipped = regions_from(text, "mixed")
    assert (len(regions), skipped) == (1, ("feature 1: Point",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no json", "Expecting value"),
        ("3", "found int"),
        ("[]", "found nothing"),
        (json.dumps([feature("Point", [1, 2])]), "feature 1: Point"),
        (json.dumps([feature(points=[[[0, 0], [1, 1]]])]), "the points of a Polygon"),
        (json.dumps([feature(points="here")]), "the points of a Polygon"),
    ],
)
def test_a_file_without_regions_is_refused_with_a_remedy(text: str, found: str) -> None:
    with pytest.raises(InputError, match=found) as caught:
        regions_from(text, "bad.geojson")
    assert "QuPath" in caught.value.hint


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert [r.name for r in merge_regions([HOLED], [HOLED, TWO])] == ["duct", "duct 2", "two"]


def test_a_file_is_added_to_what_was_drawn_and_stored(store: Path, tmp_path: Path) -> None:
    nt.write_regions(store, [PATH], "global")
    (tmp_path / "a.geojson").write_text(geojson_text([HOLED]))
    nt.import_regions(store, tmp_path / "a.geojson")
    found = read_regions(nt.open_tissue(store).sdata, "global")
    assert [region.name for region in found] == ["duct", "spine"]
    assert area_of(found[0]).symmetric_difference(area_of(HOLED)).area < 1e-6


def test_what_is_exported_and_imported_is_the_same(store: Path, tmp_path: Path) -> None:
    nt.write_regions(store, [HOLED, TWO, PATH], "global")
    nt.export_regions(store, tmp_path / "a.geojson")
    nt.write_regions(store, [], "global")
    back = nt.import_regions(store, tmp_path / "a.geojson")
    assert [r.name for r in back] == ["duct", "two", "spine"]
    assert area_of(back[0]).symmetric_difference(area_of(HOLED)).area < 1e-6


def test_a_file_may_count_the_pixels_of_a_picture(store: Path, tmp_path: Path) -> None:
    from napari_tessera.data.geometry import affine_of

    affine = affine_of(nt.open_tissue(store).sdata["he"], "global")
    assert not np.allclose(affine, np.eye(3))
    nt.write_regions(store, [HOLED], "global")
    (written,) = nt.export_regions(store, tmp_path / "a.geojson", image="he")
    assert np.allclose(area_of(written.moved(affine)).bounds, area_of(HOLED).bounds)
    nt.write_regions(store, [], "global")
    (back,) = nt.import_regions(store, tmp_path / "a.geojson", image="he")
    assert np.allclose(area_of(back).bounds, area_of(HOLED).bounds)


def test_a_picture_that_is_not_there_is_refused(store: Path, tmp_path: Path) -> None:
    nt.write_regions(store, [HOLED], "global")
    with pytest.raises(InputError, match="found dapi"):
        nt.export_regions(store, tmp_path / "a.geojson", image="dapi")


def test_a_tissue_without_regions_is_said(store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none in global"):
        nt.export_regions(store, tmp_path / "a.geojson")


def test_a_folder_that_is_not_there_is_said(store: Path, tmp_path: Path) -> None:
    nt.write_regions(store, [HOLED], "global")
    with pytest.raises(StoreError, match="can be written"):
        nt.export_regions(store, tmp_path / "nowhere" / "a.geojson")
