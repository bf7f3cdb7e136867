"""The Model dock offers runs whose composition domains can go by, and passes the chosen one on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from napari_tessera.contract.inputs import RunSpec
from napari_tessera.contract.method import Task
from napari_tessera.data.write import RunSummary

if TYPE_CHECKING:
    from napari_tessera.widgets.model_dock import ModelDock
    from napari_tessera.workbench.bench import Bench

PLACED = RunSummary(
    name="stem_1a2b3c4d", method="stem", created="", n_cells=9, n_spots=9, scores={}, baseline={},
    answers=("placement", "composition"),
)  # fmt: skip
DOMAINS = dataclasses.replace(PLACED, name="transst_1a2b3c4d", answers=("domains",))


@pytest.fixture
def dock(domains_dock: ModelDock, bench: Bench) -> ModelDock:
    """Ask for domains in a tissue with two runs."""
    bench.runs_changed.emit((DOMAINS, PLACED))
    return domains_dock


def choose(dock: ModelDock, name: str) -> None:
    """Choose a run as a person does."""
    dock.composition.choose(name)
    dock.composition.box.textActivated.emit(name)


def test_runs_that_composed_spots_are_offered_and_none_is_chosen(dock: ModelDock) -> None:
    box = dock.composition.box
    assert [box.itemText(i) for i in range(box.count())] == ["not used", PLACED.name]
    assert dock.composition.chosen == ""


def test_the_chosen_run_is_prepared(dock: ModelDock, bench: Bench) -> None:
    choose(dock, PLACED.name)
    assert bench.question.composition == PLACED.name


def test_a_chosen_run_that_is_deleted_is_chosen_no_more(dock: ModelDock, bench: Bench) -> None:
    choose(dock, PLACED.name)
    bench.runs_changed.emit((DOMAINS,))
    assert bench.question.composition == ""
    assert not dock.composition.box.isEnabled()


def test_a_chosen_run_stays_when_another_one_comes(dock: ModelDock, bench: Bench) -> None:
    choose(dock, PLACED.name)
    bench.runs_changed.emit((DOMAINS, dataclasses.replace(PLACED, name="stem_2"), PLACED))
    assert bench.question.composition == PLACED.name


def test_another_question_hides_the_choice_and_prepares_without(
    dock: ModelDock, bench: Bench
) -> None:
    choose(dock, PLACED.name)
    assert dock.composition.isVisible()
    dock.question.setCurrentText(str(Task.PLACE))
    dock.question.textActivated.emit(str(Task.PLACE))
    assert not dock.composition.isVisible()
    assert bench.question.composition == ""


def test_the_settings_of_a_run_bring_its_composition_back(dock: ModelDock, bench: Bench) -> None:
    dock.set_recipe(RunSpec(method="transst", task=str(Task.CLUSTER), composition=PLACED.name))
    assert bench.question.composition == PLACED.name


def test_the_picture_that_is_ticked_is_prepared(dock: ModelDock, bench: Bench) -> None:
    dock.form.rows["picture"].set_value(True)
    assert bench.question.picture
