"""Undo and redo of values."""

from __future__ import annotations

from napari_tessera.workbench.history import DEEPEST, History


def test_changes_are_taken_back_and_made_again_in_order() -> None:
    steps: History[str] = History()
    steps.add("a", "b")
    steps.add("b", "c")
    assert (steps.undo(), steps.undo(), steps.undo()) == ("b", "a", None)
    assert not steps.can_undo
    assert (steps.redo(), steps.redo(), steps.redo()) == ("b", "c", None)
    assert not steps.can_redo


def test_a_new_change_forgets_what_was_taken_back() -> None:
    steps: History[str] = History()
    steps.add("a", "b")
    steps.undo()
    steps.add("a", "c")
    assert not steps.can_redo
    assert steps.undo() == "a"


def test_a_merged_change_is_one_step() -> None:
    steps: History[int] = History()
    steps.add(1, 2)
    steps.merge(3)
    assert steps.former == 1
    assert steps.undo() == 1
    assert not steps.can_undo
    assert steps.redo() == 3


def test_only_so_many_changes_are_kept_and_all_can_be_forgotten() -> None:
    steps: History[int] = History()
    for i in range(DEEPEST + 5):
        steps.add(i, i + 1)
    taken = 0
    while steps.can_undo:
        steps.undo()
        taken += 1
    assert taken == DEEPEST
    steps.clear()
    assert not steps.can_redo
    assert steps.former is None
