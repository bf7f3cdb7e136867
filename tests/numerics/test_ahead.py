"""Draws made one step ahead."""

from __future__ import annotations

import threading

from napari_tessera.numerics.ahead import Ahead


def test_draws_are_those_of_their_step_in_any_order() -> None:
    ahead = Ahead(lambda step: step**2, 10)
    assert [ahead(step) for step in (0, 1, 2, 7, 8, 3, 9)] == [0, 1, 4, 49, 64, 9, 81]


def test_the_next_step_is_made_by_another_thread_and_only_once() -> None:
    made: list[tuple[int, bool]] = []

    def make(step: int) -> int:
        made.append((step, threading.current_thread() is threading.main_thread()))
        return step

    ahead = Ahead(make, 3)
    for step in range(3):
        assert ahead(step) == step
    assert sorted(made) == [(0, True), (1, False), (2, False)]


def test_nothing_is_made_beyond_the_last_step() -> None:
    made: list[int] = []
    ahead = Ahead(made.append, 2)
    ahead(0)
    ahead(1)
    assert sorted(made) == [0, 1]


def test_an_error_of_a_draw_reaches_whoever_asked() -> None:
    ahead = Ahead(lambda step: 1 // (1 - step), 3)
    ahead(0)
    try:
        ahead(1)
    except ZeroDivisionError:
        return
    raise AssertionError
