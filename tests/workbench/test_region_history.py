"""Undo and redo of drawn regions, and regions from and to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.regions import Region
from napari_tessera.data.regions import read_regions
from napari_tessera.workbench.explaining import Explaining
from napari_tessera.workbench.region_history import RegionHistory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.workbench.conftest import Desk, Sample

    from napari_tessera.workbench.bench import Bench

SQUARE = np.array([[0.0, 0], [400, 0], [400, 400], [0, 400]])
A, B = Region.area("a", SQUARE), Region.area("b", SQUARE + 500)


@pytest.fixture
def explaining(bench: Bench, desk: Desk, sample: Sample) -> Iterator[Explaining]:
    """Open the tissue, and wait until its regions were read."""
    made = Explaining(bench, desk.post)
    read: list[object] = []
    made.regions_changed.connect(read.append)
    bench.open_tissue(sample.tissue)
    desk.until(lambda: read)
    yield made
    made.close()


@pytest.fixture
def history(bench: Bench, explaining: Explaining) -> RegionHistory:
    return RegionHistory(bench, explaining)


def names(explaining: Explaining) -> list[str]:
    return [region.name for region in explaining.regions]


def test_undo_takes_the_last_change_back(history: RegionHistory, explaining: Explaining) -> None:
    explaining.draw([A])
    explaining.draw([A, B])
    history.undo()
    assert names(explaining) == ["a"]


def test_redo_does_it_again(history: RegionHistory, explaining: Explaining) -> None:
    explaining.draw([A])
    explaining.draw([A, B])
    history.undo()
    history.undo()
    history.redo()
    history.redo()
    assert names(explaining) == ["a", "b"]


def test_a_new_change_forgets_what_was_taken_back(
    history: RegionHistory, explaining: Explaining
) -> None:
    explaining.draw([A])
    history.undo()
    explaining.draw([B])
    assert not history.can_redo
    history.undo()
    assert names(explaining) == []


def test_nothing_can_be_undone_before_the_first_change(history: RegionHistory) -> None:
    history.undo()
    history.redo()
    assert (history.can_undo, history.can_redo) == (False, False)


def test_the_store_follows(
    history: RegionHistory, explaining: Explaining, sample: Sample, desk: Desk
) -> None:
    def stored() -> list[str]:
        return [r.name for r in read_regions(nt.open_tissue(sample.tissue).sdata, "global")]

    explaining.draw([A])
    explaining.draw([A, B])
    history.undo()
    desk.until(lambda: stored() == ["a"])


def test_opening_another_tissue_leaves_the_past_behind(
    history: RegionHistory, explaining: Explaining, bench: Bench, desk: Desk, sample: Sample
) -> None:
    explaining.draw([A])
    seen: list[object] = []
    explaining.regions_changed.connect(seen.append)
    bench.open_tissue(sample.tissue)
    desk.until(lambda: seen)
    assert (history.can_undo, history.can_redo) == (False, False)


def test_a_file_goes_out_comes_back_and_can_be_undone(
    history: RegionHistory, explaining: Explaining, tmp_path: Path
) -> None:
    explaining.draw([A, B])
    assert history.save(tmp_path / "r.geojson")
    assert history.load(tmp_path / "r.geojson") == ()
    assert names(explaining) == ["a", "b", "a 2", "b 2"]
    history.undo()
    assert names(explaining) == ["a", "b"]


def test_a_file_that_is_none_is_said_and_changes_nothing(
    history: RegionHistory, explaining: Explaining, tmp_path: Path
) -> None:
    said: list[str] = []
    explaining.failed.connect(lambda message, _hint: said.append(message))
    history.load(tmp_path / "nowhere.geojson")
    assert "expected a GeoJSON file" in said[0]
    assert not history.can_undo


def test_of_quick_changes_the_last_one_is_stored(
    history: RegionHistory, explaining: Explaining, sample: Sample, desk: Desk
) -> None:
    for _ in range(5):
        explaining.draw([A, B])
        history.undo()
    explaining.draw([B])
    done = explaining._tasks
    desk.until(lambda: not done.what)
    found = read_regions(nt.open_tissue(sample.tissue).sdata, "global")
    assert [region.name for region in found] == ["b"]
