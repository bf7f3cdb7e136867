"""A scatter as a picture, the selection on the tissue, and violins."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.population import Kind, Population
from napari_tessera.contract.views import TissueView
from napari_tessera.viewer import selection
from napari_tessera.viewer.scatter import (
    FIRST,
    Frame,
    colours_of_scatter,
    disc,
    frame_of,
    paint_scatter,
)
from napari_tessera.viewer.selection import selection_layer
from napari_tessera.viewer.violins import violin

RED, BLUE = [255, 0, 0, 255], [0, 0, 255, 255]
TEN = Frame(left=0, right=10, bottom=0, top=10, width=100, height=100)
VIEW = TissueView(title="t", coordinate_system="global", unit="", images=(), spots=None)
XY = np.random.default_rng(0).uniform(0, 100, size=(50, 2))
CROWD = Population(kind=Kind.CELLS, title="run", names=np.arange(50).astype(str), xy=XY)
NOBODY, THREE = np.zeros(50, dtype=np.bool_), np.arange(50) < 3


def painted(xy: list[list[float]], colours: list[list[int]], top: list[bool]) -> np.ndarray:
    """Paint a few dots."""
    return paint_scatter(np.array(xy), np.array(colours, dtype=np.uint8), np.array(top), TEN)


def test_a_dot_is_a_disc_in_its_colour_at_its_place() -> None:
    picture = painted([[3.05, 6.05]], [RED], [False])
    rows, columns = np.nonzero(picture[..., 3])
    assert (rows.mean(), columns.mean(), rows.size) == (60, 30, len(disc(4)))
    assert (picture[rows, columns] == RED).all()


def test_who_is_selected_is_painted_over_the_others() -> None:
    assert painted([[5, 5], [5, 5]], [RED, BLUE], [True, False])[50, 50].tolist() == RED


def test_dots_outside_the_frame_and_those_without_a_place_are_not_painted() -> None:
    assert not painted([[-1, 5], [np.nan, 5], [5, 11]], [RED] * 3, [False] * 3).any()


def test_a_dot_on_the_border_is_painted_as_far_as_it_is_seen() -> None:
    picture = painted([[0.0, 0.0]], [RED], [False])
    assert picture[0, 0].tolist() == RED
    assert not picture[-5:].any()


def test_the_frame_holds_all_points_that_have_a_place() -> None:
    frame = frame_of(np.array([[0.0, 1.0], [10.0, 3.0], [np.nan, 99.0]]), 5, 5)
    assert frame.left < 0 < 10 < frame.right
    assert frame.bottom < 1 < 3 < frame.top < 4


def test_others_step_back_behind_a_selection() -> None:
    found = colours_of_scatter(np.ones((3, 4), np.float32), np.array([True, False, False]))
    assert found[:, 3].tolist() == [255, 40, 40]


def test_all_are_in_full_colour_where_nobody_is_selected() -> None:
    assert (colours_of_scatter(np.ones((3, 4), np.float32), np.zeros(3, np.bool_)) == 255).all()


def test_a_selection_is_ringed_where_its_cells_lie() -> None:
    made = selection_layer(CROWD, (THREE, NOBODY), None, VIEW)
    assert made is not None
    assert np.array_equal(made[0], XY[:3, ::-1])


def test_the_ring_says_which_selection_a_cell_is_in() -> None:
    made = selection_layer(CROWD, (THREE, np.arange(50) < 5), None, VIEW)
    assert made is not None
    first = [int(FIRST[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    same = np.isclose(made[1]["border_color"][:, :3], first).all(axis=1)
    assert same.tolist() == [True, True, True, False, False]


def test_no_layer_is_made_of_nobody() -> None:
    assert selection_layer(CROWD, (NOBODY, NOBODY), None, VIEW) is None


def test_many_are_shown_as_a_picture_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_RINGS", 2)
    made = selection_layer(CROWD, (np.arange(50) == 7, ~NOBODY), None, VIEW)
    assert made is not None
    data, arguments, kind = made
    assert kind == "image"
    rows, columns = np.nonzero(data[..., 2] > data[..., 0])  # the first selection is blue
    centre = arguments["affine"] @ [rows.mean(), columns.mean(), 1]
    assert centre[:2] == pytest.approx(XY[7, ::-1], abs=0.2)


def test_a_violin_is_widest_where_most_values_are() -> None:
    values = np.concatenate([np.zeros(10), np.random.default_rng(0).normal(5, 0.3, 200)])
    found = violin(values)
    assert found is not None
    assert found.at[found.width.argmax()] == pytest.approx(5, abs=0.3)
    assert found.median == pytest.approx(5, abs=0.3)


def test_equal_values_make_a_bar_and_none_make_nothing() -> None:
    flat = violin(np.full(9, 2.0))
    assert flat is not None
    assert set(flat.at) == {2.0}
    assert violin(np.zeros(0)) is None
