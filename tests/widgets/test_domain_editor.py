"""The editor of domains in the Results dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.widgets.domain_editor import DomainEditor, position_of, smoothness_at
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.domain_editing import DomainEditing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from napari_tessera.widgets.canvas import Canvas

N = 60


class Easel:
    """Remembers what was drawn."""

    def __init__(self) -> None:
        self.drawn: list[Run] = []

    def amend(self, run: Run) -> None:
        self.drawn.append(run)

    def names(self) -> list[str]:
        """Domains that were drawn last."""
        domains = self.drawn[-1].result.domains
        assert domains is not None
        return [str(name) for name in domains.names]


def found() -> Run:
    """Make a run with three domains of twenty spots."""
    soft = np.eye(3, dtype=np.float32)[np.repeat([0, 1, 2], N // 3)]
    domains = Domains(
        spot_names=np.array([f"s{i}" for i in range(N)]), names=np.array(["a", "b", "c"]),
        probability=soft, embedding=np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32),
    )  # fmt: skip
    return Run(name="transst_1", result=RunResult(domains=domains),
               provenance=Provenance(method="transst"))  # fmt: skip


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[tuple[DomainEditor, DomainEditing, Easel]]:
    """Open the editor on a run."""
    post = MainThread()
    bench, easel = Bench(post.post), Easel()
    editing = DomainEditing(bench, post.post)
    editor = DomainEditor(editing, cast("Canvas", cast("Any", easel)))
    qtbot.addWidget(editor)
    editor.resize(300, 400)
    editor.show()
    editing.open(found())
    yield editor, editing, easel
    editing.close()
    bench.close()


def choose(editor: DomainEditor, *rows: int) -> None:
    """Choose rows of the list."""
    editor.list.clearSelection()
    for row in rows:
        editor.list.item(row).setSelected(True)


Desk = tuple[DomainEditor, DomainEditing, Easel]


def test_domains_are_listed_and_nothing_can_be_undone_yet(desk: Desk) -> None:
    editor, _, _ = desk
    assert [editor.list.item(i).text() for i in range(editor.list.count())] == ["a", "b", "c"]
    assert not editor.undo.isEnabled()
    assert not editor.save.isEnabled()


def test_chosen_domains_are_merged_and_drawn(desk: Desk) -> None:
    editor, _, easel = desk
    choose(editor, 0, 2)
    editor.merge.click()
    assert easel.names() == ["a", "b"]


def test_writing_over_a_name_renames_the_domain(desk: Desk) -> None:
    editor, _, easel = desk
    editor.list.item(1).setText("duct")
    assert easel.names() == ["a", "duct", "c"]


def test_a_name_that_is_taken_is_put_back_with_the_reason(desk: Desk) -> None:
    editor, _, easel = desk
    editor.list.item(1).setText("a")
    assert editor.list.item(1).text() == "b"
    assert "taken" in editor.story.text()
    assert not easel.drawn


def test_undo_and_redo_go_back_and_forth(desk: Desk) -> None:
    editor, _, easel = desk
    choose(editor, 0, 1)
    editor.merge.click()
    editor.undo.click()
    assert easel.names() == ["a", "b", "c"]
    editor.redo.click()
    assert easel.names() == ["a", "c"]


def test_a_split_comes_from_the_background(desk: Desk, qtbot: QtBot) -> None:
    editor, _, easel = desk
    choose(editor, 2)
    editor.split.click()
    qtbot.waitUntil(lambda: bool(easel.drawn), timeout=20_000)
    assert easel.names() == ["a", "b", "ca", "cb"]


def test_what_is_done_during_a_split_is_kept(desk: Desk, qtbot: QtBot) -> None:
    editor, editing, easel = desk
    choose(editor, 2)
    editor.split.click()
    editor.list.item(0).setText("first")
    qtbot.waitUntil(lambda: len(easel.drawn) > 1, timeout=20_000)
    assert easel.names() == ["first", "b", "ca", "cb"]
    assert editing.stand is not None
    assert len(editing.stand.edits) == 2


def test_a_run_that_cannot_be_smoothed_has_no_slider(desk: Desk) -> None:
    editor, _, _ = desk
    assert not editor.slider.isEnabled()


def test_a_run_without_domains_has_no_editor(desk: Desk) -> None:
    editor, editing, _ = desk
    editing.open(Run(name="x", result=RunResult(), provenance=Provenance(method="stem")))
    assert not editor.isVisible()


@pytest.mark.parametrize("smoothness", [0.0, 4.0, 25.0, 100.0])
def test_every_smoothness_has_its_place_on_the_slider(smoothness: float) -> None:
    assert smoothness_at(position_of(smoothness)) == pytest.approx(smoothness)
