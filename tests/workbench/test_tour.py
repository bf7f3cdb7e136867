"""Stops of the tour: what is done is seen, and nobody is held up."""

from __future__ import annotations

from collections import Counter

import pytest

from napari_tessera.workbench.tour import Stop, Tour


@pytest.fixture
def did() -> Counter[str]:
    """How often a person has done what."""
    return Counter()


@pytest.fixture
def tour(did: Counter[str]) -> Tour:
    """Make a tour of three stops, the last of which asks for nothing."""
    return Tour(
        (
            Stop(dock="Tissue", words="open", count=lambda: did["open"]),
            Stop(dock="Model", words="run", count=lambda: did["run"]),
            Stop(dock="Results", words="leave"),
        )
    )


def advances(tour: Tour) -> list[int]:
    """Note the stops at which something was just done."""
    found: list[int] = []
    tour.advanced.connect(lambda: found.append(tour.at))
    return found


def test_what_is_done_at_a_stop_is_seen(tour: Tour, did: Counter[str]) -> None:
    seen = advances(tour)
    tour.look()
    before = tour.done
    did["open"] += 1
    tour.look()
    assert (before, tour.done, seen) == (False, True, [0])


def test_what_was_done_before_is_done_but_does_not_push_on(tour: Tour, did: Counter[str]) -> None:
    seen = advances(tour)
    did["run"] += 1
    tour.next()
    tour.look()
    assert (tour.at, tour.done, seen) == (1, True, [])


def test_doing_it_once_more_after_going_back_counts(tour: Tour, did: Counter[str]) -> None:
    did["open"] += 1
    tour.next()
    tour.back()
    seen = advances(tour)
    did["open"] += 1
    tour.look()
    assert seen == [0]


def test_a_stop_may_be_left_undone(tour: Tour) -> None:
    tour.next()
    tour.next()
    assert tour.is_last
    assert not tour.done


def test_there_is_nothing_beyond_either_end(tour: Tour) -> None:
    tour.back()
    assert tour.at == 0
    for _ in range(5):
        tour.next()
    assert tour.at == len(tour.stops) - 1
