"""Drawn regions and paths: into the store and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
import spatialdata
from spatialdata.transformations import Affine, set_transformation

from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.contract.regions import Region, RegionKind
from napari_tessera.data.convert import import_tissue
from napari_tessera.data.read import open_tissue
from napari_tessera.data.regions import (
    PATHS,
    REGIONS,
    find_region,
    read_regions,
    write_regions,
)
from napari_tessera.numerics.areas import area_of

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = np.array([[0.0, 0], [400, 0], [400, 400], [0, 400]])
HOLED = Region(
    name="duct", polygons=((SQUARE, 0.5 * SQUARE + 100),), label="tumour", colour="#112233"
)
TWO = Region.area("two", SQUARE + 1000, SQUARE + 2000)
PATH = Region.path("spine", np.array([[0.0, 0], [10, 5], [20, 0]]))


def read(store: Path, system: str = "global") -> tuple[Region, ...]:
    """Read what was drawn in a store."""
    return read_regions(open_tissue(store).sdata, system)


def test_an_area_with_a_hole_comes_back(store: Path) -> None:
    write_regions(store, [HOLED], "global")
    (found,) = read(store)
    assert area_of(found).equals(area_of(HOLED))
    assert len(found.polygons[0]) == 2


def test_name_class_and_colour_come_back(store: Path) -> None:
    write_regions(store, [HOLED], "global")
    (found,) = read(store)
    assert (found.name, found.label, found.colour) == ("duct", "tumour", "#112233")


def test_several_polygons_are_one_region(store: Path) -> None:
    write_regions(store, [TWO], "global")
    (found,) = read(store)
    assert len(found.polygons) == 2


def test_a_path_comes_back_in_its_order(store: Path) -> None:
    write_regions(store, [PATH, HOLED], "global")
    found = find_region(read(store), "spine", RegionKind.PATH)
    np.testing.assert_allclose(found.line, PATH.line)


def test_drawing_again_puts_the_new_in_place_of_the_old(store: Path) -> None:
    write_regions(store, [HOLED, PATH], "global")
    write_regions(store, [TWO], "global")
    assert [region.name for region in read(store)] == ["two"]


def test_plain_spatialdata_reads_what_was_drawn(store: Path) -> None:
    write_regions(store, [HOLED, TWO, PATH], "global")
    sdata = spatialdata.read_zarr(store)
    assert sdata.shapes[REGIONS]["name"].tolist() == ["duct", "two"]
    assert len(sdata.points[PATHS].compute()) == 3


def test_points_are_kept_in_the_spots_own_coordinates(store: Path) -> None:
    sdata = open_tissue(store).sdata
    turned = np.array([[0.0, -2, 7], [2, 0, 9], [0, 0, 1]])
    moved = Affine(turned, input_axes=("x", "y"), output_axes=("x", "y"))
    sdata.path = None
    set_transformation(sdata["spots"], moved, "global")
    write_regions(sdata, [HOLED], "global")
    own = shapely.bounds(sdata[REGIONS].geometry.iloc[0])
    np.testing.assert_allclose(own, [-4.5, -196.5, 195.5, 3.5])
    np.testing.assert_allclose(area_of(read_regions(sdata, "global")[0]).bounds, [0, 0, 400, 400])


def test_two_regions_of_one_name_are_refused(store: Path) -> None:
    with pytest.raises(InputError, match="duct more than once"):
        write_regions(store, [HOLED, HOLED], "global")


def test_a_coordinate_system_that_is_not_there_is_refused(store: Path) -> None:
    with pytest.raises(InputError, match="found nowhere"):
        write_regions(store, [HOLED], "nowhere")


def test_regions_that_others_wrote_are_left_alone(store: Path) -> None:
    sdata = spatialdata.read_zarr(store)
    shape = sdata.shapes["spots"].copy()
    shape["name"] = "theirs"
    sdata.shapes[REGIONS] = shape
    sdata.write_element(REGIONS)
    with pytest.raises(StoreError, match="of others"):
        write_regions(store, [HOLED], "global")


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="There are: duct, two"):
        find_region([HOLED, TWO, PATH], "spine", RegionKind.AREA)


@pytest.mark.parametrize(
    ("points", "word"), [([[0, 0], [1, 1]], "3 points"), ([[0, 0], [1, np.nan], [2, 2]], "finite")]
)
def test_an_outline_that_is_none_is_refused(points: list[list[float]], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Region.area("a", np.array(points))


def test_a_line_that_encloses_nothing_is_refused() -> None:
    flat = Region.area("flat", np.array([[0.0, 0], [1, 0], [2, 0]]))
    with pytest.raises(InputError, match="some area"):
        area_of(flat)


def test_a_region_survives_json() -> None:
    again = Region.from_json(HOLED.to_json())
    assert area_of(again).equals(area_of(HOLED))


def test_regions_of_a_copy_can_be_changed_as_those_of_its_source(
    store: Path, tmp_path: Path
) -> None:
    write_regions(store, [HOLED], "global")
    copy = tmp_path / "copy.zarr"
    import_tissue(store, copy)
    write_regions(copy, [TWO], "global")
    assert [region.name for region in read(copy)] == ["two"]
    assert [region.name for region in read(store)] == ["duct"]
