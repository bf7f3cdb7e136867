"""Who belongs to a region: its shape, the mass of the map, and the two thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.regions import Region
from napari_tessera.explain.groups import (
    commonest_type,
    sides_by_label,
    sides_by_mass,
    within_type,
)
from napari_tessera.explain.membership import mass_inside
from napari_tessera.numerics.areas import points_inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.map_encoder import MapEncoder

SQUARE = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
HOLE = np.array([[1.0, 1], [3, 1], [3, 3], [1, 3]])
EVERYONE = np.ones(60, dtype=np.bool_)


def inside(region: Region, *points: tuple[float, float]) -> list[bool]:
    """Which points lie in a region."""
    found: list[bool] = points_inside(region, np.array(points, dtype=np.float64)).tolist()
    return found


def test_the_edge_of_a_region_belongs_to_it() -> None:
    assert inside(Region.area("a", SQUARE), (0, 2), (4, 4), (4.01, 4)) == [True, True, False]


def test_a_hole_does_not_belong_to_a_region() -> None:
    region = Region(name="a", polygons=((SQUARE, HOLE),))
    assert inside(region, (2, 2), (0.5, 2)) == [False, True]


def test_several_polygons_count_together_even_where_they_overlap() -> None:
    region = Region.area("a", SQUARE, SQUARE + 2)
    assert inside(region, (3, 3), (1, 1), (5, 5), (5, 1)) == [True, True, True, False]


def test_a_lasso_that_crosses_itself_keeps_both_loops() -> None:
    bow = np.array([[0.0, 0], [4, 4], [4, 0], [0, 4]])
    assert inside(Region.area("a", bow), (0.5, 2), (3.5, 2), (2, 0.5)) == [True, True, False]


def test_a_path_is_no_area() -> None:
    with pytest.raises(InputError, match="path"):
        inside(Region.path("p", SQUARE), (1, 1))


def test_mass_of_an_encoder_is_that_of_its_whole_map(encoder: MapEncoder) -> None:
    chosen = np.arange(encoder.n_spots) < 7
    whole = encoder.logits(encoder.dense(slice(None))).softmax(dim=1).numpy()
    np.testing.assert_allclose(mass_inside(encoder, chosen), whole[:, :7].sum(axis=1), atol=1e-6)


def mass() -> NDArray[np.float64]:
    """Twenty cells inside, fifteen between, twenty-five outside."""
    return np.repeat([0.5, 0.3, 0.1], [20, 15, 25])


def test_a_cell_is_inside_from_half_its_mass_and_outside_up_to_a_tenth() -> None:
    sides = sides_by_mass(mass(), None, EVERYONE, (0.5, 0.1), ("R", "the others"))
    assert (sides.group.size, sides.rest.size, sides.n_between) == (20, 25, 15)


def test_against_a_second_region_the_others_are_its_cells() -> None:
    other = np.repeat([0.5, 0.7, 0.0], [20, 15, 25])
    sides = sides_by_mass(mass(), other, EVERYONE, (0.5, 0.1), ("R", "Q"))
    assert sides.rest.tolist() == list(range(20, 35))


def test_cells_of_other_types_are_on_no_side() -> None:
    types = np.array(["A", "B"] * 30)
    allowed = within_type(types, "A", 60)
    sides = sides_by_mass(mass(), None, allowed, (0.5, 0.1), ("R", "the others"))
    assert set(types[sides.rows]) == {"A"}


def test_too_few_cells_are_refused_with_both_counts() -> None:
    few = sides_by_mass(mass(), None, np.arange(60) > 0, (0.5, 0.1), ("R", "the others"))
    with pytest.raises(InputError, match="at least 20 cells on each side, found 19 cells in R, 25"):
        few.check()


def test_thresholds_that_overlap_are_refused() -> None:
    with pytest.raises(InputError, match="outside below inside"):
        sides_by_mass(mass(), None, EVERYONE, (0.2, 0.4), ("R", "the others"))


def test_labels_split_cells_into_one_and_everyone_else() -> None:
    labels = np.repeat(["x", "y", "z"], 20)
    sides = sides_by_label(labels, "y", None, EVERYONE)
    assert (sides.group.tolist(), sides.rest.size) == (list(range(20, 40)), 40)


def test_labels_split_cells_into_one_and_another() -> None:
    labels = np.repeat(["x", "y", "z"], 20)
    sides = sides_by_label(labels, "y", "z", EVERYONE)
    assert (sides.rest.tolist(), sides.n_between) == (list(range(40, 60)), 20)


def test_a_label_that_nobody_carries_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="There are: x, y"):
        sides_by_label(np.array(["x", "y"]), "q", None, np.ones(2, dtype=np.bool_))


def test_the_type_chosen_has_most_cells_inside_and_enough_outside() -> None:
    types = np.repeat(["A", "B", "C"], [70, 60, 50])
    share = np.concatenate([np.ones(70), np.repeat([1.0, 0.0], [25, 35]), np.zeros(50)])
    assert commonest_type(types, share, (0.5, 0.1)) == "B"


def test_no_type_is_chosen_where_none_has_enough_cells() -> None:
    assert commonest_type(np.repeat("A", 30), np.ones(30), (0.5, 0.1)) is None
