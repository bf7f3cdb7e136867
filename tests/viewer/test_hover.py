"""Which spot is under the mouse, and what its bars say."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.palette import colours_of
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.views import SpotsView
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.hover import MOST_BARS, SpotFinder, bars_of

if TYPE_CHECKING:
    from napari_tessera.contract.results import Composition, Run


def around(spots: SpotsView) -> float:
    assert spots.radius is not None
    return float(spots.radius[0])


def test_every_spot_is_found_at_its_centre(spots: SpotsView) -> None:
    finder = SpotFinder(spots)
    assert [finder.at(x, y) for x, y in spots.xy.tolist()] == list(range(len(spots.xy)))


def test_a_circle_ends_at_its_radius(spots: SpotsView) -> None:
    finder, (x, y) = SpotFinder(spots), spots.xy[5].tolist()
    assert finder.at(x + 0.98 * around(spots), y) == 5
    assert finder.at(x + 1.02 * around(spots), y) is None


def test_a_polygon_ends_at_its_outline(spots: SpotsView) -> None:
    tall = around(spots) * np.array([[-0.5, -1.0], [0.5, -1.0], [0.5, 1.0], [-0.5, 1.0]])
    polygons = tuple(tall + centre for centre in spots.xy)
    finder = SpotFinder(dataclasses.replace(spots, radius=None, polygons=polygons))
    x, y = spots.xy[7].tolist()
    assert finder.at(x, y + 0.98 * around(spots)) == 7
    assert finder.at(x, y + 1.02 * around(spots)) is None
    assert finder.at(x + 0.6 * around(spots), y) is None


def test_of_labels_the_nearest_centre_is_taken_but_none_from_afar(spots: SpotsView) -> None:
    finder = SpotFinder(dataclasses.replace(spots, radius=None))
    x, y = spots.xy[3].tolist()
    assert finder.at(x + 1, y + 1) == 3
    assert finder.at(spots.xy[:, 0].max() + 1000, y) is None


def test_a_label_belongs_to_the_spot_of_its_instance(spots: SpotsView) -> None:
    labelled = dataclasses.replace(
        spots, labels=np.zeros((2, 2), int), instances=10 + np.arange(len(spots.xy))
    )
    assert SpotFinder(labelled).of_label(14) == 4
    assert SpotFinder(labelled).of_label(0) is None


def test_outlines_that_are_painted_as_labels_are_numbered_from_one(spots: SpotsView) -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    polygons = tuple(square + centre for centre in spots.xy)
    finder = SpotFinder(dataclasses.replace(spots, radius=None, polygons=polygons))
    assert [finder.of_label(n) for n in (0, 1, 80, 81)] == [None, 0, 79, None]


def test_a_spot_among_a_million_is_found_in_less_than_a_move_of_the_mouse() -> None:
    xy = np.random.default_rng(0).uniform(0, 1e4, (1_000_000, 2))
    many = SpotsView(
        table="t", element="e", names=np.array(["x"]), instances=np.arange(1), xy=xy,
        radius=np.full(len(xy), 2.0),
    )  # fmt: skip
    finder, took = SpotFinder(many), []
    for x, y in xy[:9].tolist():
        began = time.perf_counter()
        finder.at(x, y)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.01


def test_the_bars_are_the_shares_of_the_spot_the_largest_first(
    run: Run, spots: SpotsView, composition: Composition
) -> None:
    told = bars_of(run, spots, 6)
    assert told is not None
    shares = np.sort(composition.values[6])[::-1]
    np.testing.assert_allclose([bar.share for bar in told.bars], shares[shares >= 0.005])


def test_the_title_says_which_spot_and_by_how_much_its_first_type_leads(
    run: Run, spots: SpotsView, composition: Composition
) -> None:
    told = bars_of(run, spots, 6)
    assert told is not None
    first, second = np.sort(composition.values[6])[::-1][:2]
    assert told.title == f"{spots.names[6]}: lead {first - second:.0%}"


def test_a_bar_has_the_colour_that_a_person_chose(run: Run, spots: SpotsView) -> None:
    plain = bars_of(run, spots, 0)
    assert plain is not None
    name = plain.bars[0].name
    told = bars_of(dataclasses.replace(run, colours={name: "#010203"}), spots, 0)
    assert told is not None
    assert told.bars[0].rgba == rgba_of("#010203")


def test_many_types_are_told_together_at_the_end(
    run: Run, spots: SpotsView, composition: Composition
) -> None:
    names = np.array([f"type {i:02d}" for i in range(20)])
    even = dataclasses.replace(
        composition, types=names, values=np.full((len(composition.values), 20), 0.05, np.float32)
    )
    told = bars_of(dataclasses.replace(run, result=RunResult(composition=even)), spots, 0)
    assert told is not None
    assert len(told.bars) == MOST_BARS
    assert told.bars[-1].name == "13 other types"
    assert sum(bar.share for bar in told.bars) == pytest.approx(1)
    assert told.bars[0].rgba == rgba_of(colours_of(names)["type 00"])


def test_a_spot_that_the_run_left_out_has_no_bars(run: Run, spots: SpotsView) -> None:
    other = dataclasses.replace(spots, names=np.append("unknown", spots.names[1:]))
    assert bars_of(run, other, 0) is None
