"""Points sorted into tiles, held to looking at all of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_tessera.viewer.scatter import Frame
from napari_tessera.viewer.tiles import Tiles, box_of, tiles_of

XY = np.random.default_rng(0).normal(0, [100, 20], (2_000, 2))


def _frame(left: float, right: float, bottom: float, top: float) -> Frame:
    return Frame(left=left, right=right, bottom=bottom, top=top, width=10, height=10)


def _rows(tiles: Tiles, frame: Frame) -> set[int]:
    return set(tiles.rows[tiles.within(frame)].tolist())


@pytest.mark.parametrize("frame", [_frame(-30, 40, 0, 15), _frame(-1e3, 1e3, -1e3, 1e3)])
def test_everybody_in_a_frame_is_found(frame: Frame) -> None:
    x, y = XY.T
    inside = (x >= frame.left) & (x <= frame.right) & (y >= frame.bottom) & (y <= frame.top)
    assert set(np.flatnonzero(inside).tolist()) <= _rows(tiles_of(XY), frame)


def test_few_are_found_who_are_not_in_the_frame() -> None:
    assert len(_rows(tiles_of(XY), _frame(-1, 1, -1, 1))) < 30


def test_sorted_points_know_which_they_were() -> None:
    tiles = tiles_of(XY)
    np.testing.assert_array_equal(np.stack([tiles.x, tiles.y], axis=1), XY[tiles.rows])


def test_points_without_a_place_are_left_out() -> None:
    some = XY.copy()
    some[[3, 5], [0, 1]] = np.nan, np.inf
    assert set(range(len(XY))) - set(tiles_of(some).rows.tolist()) == {3, 5}


@pytest.mark.parametrize("place", [(0.0, 0.0), (120.0, -7.0), (900.0, 900.0)])
def test_the_nearest_are_those_of_a_tree(place: tuple[float, float]) -> None:
    near = tiles_of(XY).nearest(*place, reach=9.0)
    wanted = cKDTree(XY).query_ball_point(place, 9.0)
    order = np.argsort(np.hypot(*(XY[wanted] - place).T))
    assert near.tolist() == [wanted[i] for i in order]


def test_points_that_share_one_place_are_all_found() -> None:
    assert tiles_of(np.full((50, 2), 7.0)).nearest(7.0, 7.0, 0.1).size == 50


def test_nobody_makes_no_trouble() -> None:
    tiles = tiles_of(np.zeros((0, 2)))
    assert _rows(tiles, _frame(0, 1, 0, 1)) == set()


def test_the_box_leaves_out_what_has_no_place() -> None:
    box = box_of(np.array([[1.0, 2.0], [5.0, 4.0], [np.nan, 3.0]]))
    assert box.tolist() == [[1.0, 2.0], [5.0, 4.0]]
