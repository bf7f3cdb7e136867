"""Chosen colours: shown at once, kept in order, taken back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from napari_tessera.contract.errors import StoreError
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.workbench.colouring import Colouring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.workbench.conftest import Desk

    from napari_tessera.workbench.bench import Bench

RED, BLUE = "#ff0000", "#0000ff"
RUN = Run(name="r", result=RunResult(), provenance=Provenance(method="m"), colours={"a": BLUE})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Command lines of the children that were asked to write."""
    seen: list[list[str]] = []

    def ask(_errands: object, arguments: list[str], **_: object) -> dict[str, Any]:
        seen.append(arguments)
        return {}

    monkeypatch.setattr("napari_tessera.jobs.errands.Errands.ask_child", ask)
    return seen


@pytest.fixture
def colouring(bench: Bench, desk: Desk, tmp_path: Path) -> Iterator[Colouring]:
    made = Colouring(bench, desk.post)
    bench.tissue = cast("Any", SimpleNamespace(path=tmp_path / "t.zarr"))
    bench._shelf.runs = (cast("Any", SimpleNamespace(name="r")),)
    bench.run_loaded.emit(RUN)
    yield made
    made.close(0.2)


@pytest.fixture
def shown(colouring: Colouring) -> list[dict[str, str]]:
    """Colours as they were told."""
    seen: list[dict[str, str]] = []
    colouring.changed.connect(lambda _run, colours: seen.append(colours))
    return seen


@pytest.mark.usefixtures("asked")
def test_a_choice_is_shown_at_once_beside_those_made_before(
    colouring: Colouring, shown: list[dict[str, str]]
) -> None:
    colouring.choose("r", "b", RED)
    assert shown == [{"a": BLUE, "b": RED}]


def test_it_is_kept_by_a_child(
    colouring: Colouring, asked: list[list[str]], desk: Desk, tmp_path: Path
) -> None:
    colouring.choose("r", "b", RED)
    desk.until(lambda: colouring.kept)
    (line,) = asked
    assert line[:4] == ["colours", str(tmp_path / "t.zarr"), "--run", "r"]
    assert {f"--set=a={BLUE}", f"--set=b={RED}", "--reset"} <= set(line)


def test_of_quick_choices_the_last_one_is_what_is_kept_in_the_end(
    colouring: Colouring, asked: list[list[str]], desk: Desk
) -> None:
    for number in range(10):
        colouring.choose("r", "b", f"#00000{number}")
    desk.until(lambda: colouring.kept)
    assert "--set=b=#000009" in asked[-1]
    assert len(asked) <= 3


@pytest.mark.usefixtures("asked")
def test_undo_and_redo_go_back_and_forth(colouring: Colouring, shown: list[dict[str, str]]) -> None:
    colouring.choose("r", "a", RED)
    colouring.undo()
    assert (shown[-1], colouring.can_undo, colouring.can_redo) == ({"a": BLUE}, False, True)
    colouring.redo()
    assert (shown[-1], colouring.can_undo, colouring.can_redo) == ({"a": RED}, True, False)


@pytest.mark.usefixtures("asked")
def test_the_same_colour_again_is_no_change(
    colouring: Colouring, shown: list[dict[str, str]]
) -> None:
    colouring.choose("r", "a", BLUE)
    assert not shown
    assert not colouring.can_undo


def test_a_run_that_is_not_in_the_store_yet_waits_until_it_is(
    colouring: Colouring, bench: Bench, asked: list[list[str]], desk: Desk
) -> None:
    listed, bench._shelf.runs = bench._shelf.runs, ()
    colouring.choose("r", "a", RED)
    desk.drain()
    assert not asked
    bench._shelf.runs = listed
    bench.runs_changed.emit(listed)
    desk.until(lambda: colouring.kept)
    assert len(asked) == 1


def test_a_store_that_refuses_is_told_and_the_next_choice_is_tried(
    colouring: Colouring, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        msg = "expected a store that can be written"
        raise StoreError(msg, "Write elsewhere.")

    monkeypatch.setattr("napari_tessera.jobs.errands.Errands.ask_child", refuse)
    told: list[tuple[str, str]] = []
    colouring.failed.connect(lambda message, hint: told.append((message, hint)))
    for colour in (RED, "#00ff00"):
        colouring.choose("r", "a", colour)
        desk.until(lambda: colouring.kept)
    assert told == [("expected a store that can be written", "Write elsewhere.")] * 2
