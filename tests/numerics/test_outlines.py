"""Who lies inside a drawn outline, and many dimensions as two."""

from __future__ import annotations

import numpy as np
from matplotlib.path import Path

from napari_tessera.numerics.outlines import inside
from napari_tessera.numerics.planes import to_plane

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])


def test_a_lasso_with_dents_holds_the_points_that_matplotlib_finds_in_it() -> None:
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    reach = 1 + 0.4 * np.sin(5 * turn)
    outline = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
    xy = np.random.default_rng(0).normal(size=(20_000, 2))
    assert (inside(outline, xy) == Path(outline).contains_points(xy)).all()


def test_points_on_the_edge_are_inside() -> None:
    assert inside(SQUARE, np.array([[0.0, 2.0], [4.0, 4.0]])).all()


def test_a_lasso_that_crosses_itself_holds_both_of_its_loops() -> None:
    bow = np.array([[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]])
    found = inside(bow, np.array([[0.5, 2.0], [3.5, 2.0], [2.0, 0.5], [2.0, 3.5]]))
    assert found.tolist() == [True, True, False, False]


def test_a_click_selects_nobody() -> None:
    xy = np.array([[1.0, 1.0], [2.0, 2.0]])
    assert not inside(np.array([[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]), xy).any()


def test_who_is_nowhere_is_not_inside() -> None:
    assert inside(SQUARE, np.array([[np.nan, 1.0], [1.0, 1.0]])).tolist() == [False, True]


def test_two_dimensions_stay_as_they_are() -> None:
    values = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    assert np.array_equal(to_plane(values), values)


def test_many_dimensions_become_the_two_in_which_most_happens() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(200, 2)) * [10.0, 5.0]
    values = np.concatenate([rng.normal(size=(200, 3)) * 0.1, wide], axis=1)
    found = to_plane(values)
    match = np.abs(np.corrcoef(np.concatenate([found, wide], axis=1).T)[:2, 2:])
    assert (np.diag(match) > 0.99).all()


def test_rows_without_an_embedding_stay_without_a_place() -> None:
    values = np.random.default_rng(0).normal(size=(10, 4))
    values[3] = np.nan
    assert np.flatnonzero(np.isnan(to_plane(values)).any(axis=1)).tolist() == [3]
