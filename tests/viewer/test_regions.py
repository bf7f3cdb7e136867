"""Drawn regions as shapes, and shapes as regions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.regions import Region, RegionKind
from napari_tessera.numerics.areas import points_inside
from napari_tessera.viewer.regions import new_name, regions_layer, regions_of

SQUARE = np.array([[0.0, 0], [8, 0], [8, 8], [0, 8]])
HOLED = Region(name="duct", polygons=((SQUARE, SQUARE / 2 + 2),), label="tumour", colour="#112233")
PATH = Region.path("spine", np.array([[0.0, 1], [5, 2]]))


def back(*regions: Region) -> tuple[Region, ...]:
    """Draw regions and read them from the layer."""
    shapes, arguments, _ = regions_layer(regions, None)
    names = arguments["features"]["region"].tolist()
    return regions_of(shapes, arguments["shape_type"], names, regions)


def test_a_region_with_a_hole_and_a_path_come_back() -> None:
    assert [r.to_json() for r in back(HOLED, PATH)] == [HOLED.to_json(), PATH.to_json()]


def test_row_and_column_are_not_mixed_up() -> None:
    (drawn,) = regions_of([np.array([[0, 0], [0, 9], [1, 9], [1, 0]])], ["polygon"], [""], ())
    assert points_inside(drawn, np.array([[8.0, 0.5], [0.5, 8.0]])).tolist() == [True, False]


def test_an_outline_inside_another_of_its_name_cuts_a_hole() -> None:
    shapes = [SQUARE, SQUARE / 2 + 2]
    (drawn,) = regions_of(shapes, ["polygon", "polygon"], ["a", "a"], ())
    assert points_inside(drawn, np.array([[4.0, 4.0], [1.0, 1.0]])).tolist() == [False, True]


def test_what_was_just_drawn_gets_the_next_free_name() -> None:
    found = regions_of([SQUARE, SQUARE + 20], ["polygon", "polygon"], ["region 1", ""], ())
    assert [region.name for region in found] == ["region 1", "region 2"]
    assert new_name(RegionKind.PATH, {"path 1"}) == "path 2"


def test_rectangles_and_ellipses_are_areas() -> None:
    found = regions_of([SQUARE, SQUARE], ["rectangle", "ellipse"], ["r", "e"], ())
    corner, centre = np.array([[0.3, 0.3]]), np.array([[4.0, 4.0]])
    assert [bool(points_inside(r, corner)[0]) for r in found] == [True, False]
    assert [bool(points_inside(r, centre)[0]) for r in found] == [True, True]


@pytest.mark.parametrize("points", [[[0, 0], [1, 1]], [[0, 0], [1, 1], [0, 0]]])
def test_a_shape_that_encloses_nothing_is_left_out(points: list[list[float]]) -> None:
    assert regions_of([np.array(points)], ["polygon"], [""], ()) == ()
