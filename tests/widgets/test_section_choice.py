"""The Model dock takes a labelled section for domains to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from anndata import AnnData

from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.contract.method import Task
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.widgets.model_dock import ModelDock

COLUMNS = {"batch": ["one", "two"], "layer": ["inner", "outer"]}


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    """Answers come to the window's thread, as in the window."""
    thread = MainThread()
    made = Bench(thread.post)
    yield made
    made.close()
    qtbot.wait(20)


@pytest.fixture
def dock(domains_dock: ModelDock) -> ModelDock:
    return domains_dock


def section(folder: Path, columns: dict[str, list[str]]) -> str:
    """Write a section of 30 spots; columns repeat their values."""
    rng = np.random.default_rng(0)
    spots = AnnData(rng.poisson(2, (30, 8)).astype(np.float32))
    spots.obsm["spatial"] = np.stack(np.divmod(np.arange(30.0), 6), axis=1)
    for name, values in columns.items():
        spots.obs[name] = np.resize(values, 30)
    path = folder / "labelled.h5ad"
    spots.write_h5ad(path)
    return str(path)


def choose(dock: ModelDock, path: str, qtbot: QtBot) -> None:
    """Choose a section, and wait for its columns."""
    dock.section.choose(path, "")
    qtbot.waitUntil(lambda: dock.section.source == path)


def test_without_a_section_none_is_prepared(dock: ModelDock, bench: Bench) -> None:
    assert (bench.question.section, bench.question.label_column) == ("", None)
    assert not dock.section.labels.isVisible()


def test_the_most_likely_column_is_prepared(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    path = section(tmp_path, COLUMNS)
    choose(dock, path, qtbot)
    assert (bench.question.section, bench.question.label_column) == (path, "layer")
    assert "labelled.h5ad" in dock.section.said.text()


def test_another_column_can_be_chosen(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dock, section(tmp_path, COLUMNS), qtbot)
    dock.section.labels.setCurrentText("batch")
    dock.section.labels.textActivated.emit("batch")
    assert bench.question.label_column == "batch"


def test_a_section_that_is_cleared_is_prepared_no_more(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dock, section(tmp_path, COLUMNS), qtbot)
    dock.section.clear.click()
    assert bench.question.section == ""
    assert not dock.section.labels.isVisible()


def test_a_section_without_labels_is_refused_in_words(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(bench.failed, timeout=20_000) as said:
        dock.section.choose(section(tmp_path, {}), "")
    assert "expected a column with labels" in said.args[0]
    assert bench.question.section == ""


def test_another_question_asks_for_no_section(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dock, section(tmp_path, COLUMNS), qtbot)
    dock.question.setCurrentText(str(Task.PLACE))
    dock.question.textActivated.emit(str(Task.PLACE))
    assert bench.question.section == ""
    assert not dock.section.isVisible()


def test_same_settings_bring_the_section_back(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    path = section(tmp_path, COLUMNS)
    selection = Selection(label_column="batch")
    task = str(Task.CLUSTER)
    recipe = RunSpec(method="transst", task=task, source=path, selection=selection, tissue="t")
    dock.set_recipe(recipe)
    qtbot.waitUntil(lambda: bench.question.section == path)
    assert bench.question.label_column == "batch"


def test_a_section_that_is_cleared_while_it_is_read_does_not_come_back(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    dock.section.choose(section(tmp_path, COLUMNS), "")
    dock.section.clear.click()
    qtbot.waitUntil(lambda: not bench.busy)
    assert not dock.section.labels.isVisible()
    assert bench.question.section == ""


def test_another_section_takes_the_first_out_at_once(
    dock: ModelDock, bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dock, section(tmp_path, COLUMNS), qtbot)
    dock.section.choose(str(tmp_path / "absent.h5ad"), "")
    assert bench.question.section == ""
