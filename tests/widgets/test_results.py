"""The Results dock: what it lists, what it asks for, and that all of it can be read."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QMessageBox, QWidget

from napari_tessera.contract.results import RunResult
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.placement import CellColour
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.results import ResultsDock, story_of
from napari_tessera.widgets.results_choices import ShowingForm
from napari_tessera.widgets.results_list import run_text, run_tip
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run

PLANTED = planted_tissue(n_cells=60, n_spots=20, n_genes=10)


def _summary(name: str, method: str = "stem") -> Any:  # noqa: ANN401 - stands for a RunSummary
    return SimpleNamespace(
        name=name,
        method=method,
        created="2026-03-05T10:11:12",
        n_cells=60,
        n_spots=20,
        scores={"held_out_distance": 61.234},
        baseline={"method": "baseline", "held_out_distance": 81.2},
    )


@pytest.fixture
def run() -> Run:
    return planted_run(PLANTED, name="stem_1a2b3c4d")


@pytest.fixture
def bench() -> Bench:
    return Bench(lambda work: work())


@pytest.fixture
def canvas(qtbot: QtBot, bench: Bench) -> Canvas:  # noqa: ARG001 - timers need an application
    canvas = Canvas(ViewerModel(), bench)
    bench.tissue_opened.emit(planted_view(PLANTED))
    return canvas


@pytest.fixture
def dock(qtbot: QtBot, bench: Bench, canvas: Canvas) -> ResultsDock:
    dock = ResultsDock(bench, canvas)
    qtbot.addWidget(dock)
    dock.resize(320, 600)
    dock.show()
    return dock


def _fill(bench: Bench, *names: str) -> None:
    bench.runs_changed.emit(tuple(_summary(name) for name in names))


def test_a_tissue_without_runs_says_what_to_do(dock: ResultsDock) -> None:
    assert dock.empty.isVisible()
    assert not dock.show_button.isEnabled()


def test_runs_are_listed_in_the_order_given(dock: ResultsDock, bench: Bench) -> None:
    _fill(bench, "stem_2", "stem_1")
    assert [dock.list.item(i).text().split()[0] for i in range(2)] == ["stem_2", "stem_1"]
    assert dock.list.name == "stem_2"


def test_a_chosen_run_stays_chosen_when_another_comes(dock: ResultsDock, bench: Bench) -> None:
    _fill(bench, "stem_1")
    _fill(bench, "stem_2", "stem_1")
    assert dock.list.name == "stem_1"


def test_a_line_tells_the_score_beside_the_baselines() -> None:
    assert run_text(_summary("stem_1")) == (
        "stem_1   2026-03-05 10:11\nstem: held-out 61.2, baseline 81.2"
    )


def test_a_distance_is_told_in_spot_distances_where_they_are_known() -> None:
    summary = _summary("stem_1")
    summary.scores["held_out_distance_pitch"] = 6.91
    summary.baseline["held_out_distance_pitch"] = 8.82
    assert run_text(summary).endswith("stem: held-out 6.91, baseline 8.82 spot distances")


def test_the_baseline_is_not_compared_with_itself() -> None:
    assert "baseline 8" not in run_text(_summary("baseline_1", method="baseline"))


def test_a_run_without_a_score_has_a_line_too() -> None:
    summary = _summary("stem_1")
    summary.scores = {}
    assert run_text(summary).endswith("\nstem")


def test_the_tooltip_explains_the_score() -> None:
    assert "kept out" in run_tip(_summary("stem_1"))


def test_show_asks_the_bench_for_a_run_that_is_not_loaded(
    dock: ResultsDock, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bench, "show_run", asked.append)
    _fill(bench, "stem_1")
    dock.show_button.click()
    assert asked == ["stem_1"]


def test_a_loaded_run_is_chosen_and_can_be_changed(
    dock: ResultsDock, bench: Bench, run: Run
) -> None:
    _fill(bench, "stem_9", run.name)
    assert not dock.form.isEnabled()
    bench.run_loaded.emit(run)
    assert dock.list.name == run.name
    assert dock.form.isEnabled()


def test_a_run_that_is_drawn_before_it_is_listed_is_chosen_once_it_is(
    dock: ResultsDock, bench: Bench, run: Run
) -> None:
    _fill(bench, "stem_9")
    bench.run_loaded.emit(run)
    _fill(bench, run.name, "stem_9")
    assert dock.list.name == run.name


def test_the_form_changes_what_is_drawn(
    dock: ResultsDock, bench: Bench, canvas: Canvas, run: Run
) -> None:
    _fill(bench, run.name)
    bench.run_loaded.emit(run)
    dock.form.fade.click()
    dock.form.density.click()
    showing = canvas.runs[run.name].showing
    assert (showing.fade, showing.density) == (True, True)


def test_choosing_how_to_colour_spots_shows_them(
    dock: ResultsDock, bench: Bench, canvas: Canvas, run: Run
) -> None:
    _fill(bench, run.name)
    bench.run_loaded.emit(run)
    box = dock.form.spot_colour
    box.setCurrentIndex(box.findData(SpotColour.ENTROPY))
    box.activated.emit(box.currentIndex())
    showing = canvas.runs[run.name].showing
    assert (showing.spots, showing.spot_colour) == (True, SpotColour.ENTROPY)
    assert dock.form.spots.isChecked()


def test_the_form_follows_what_others_change(
    dock: ResultsDock, bench: Bench, canvas: Canvas, run: Run
) -> None:
    _fill(bench, run.name)
    bench.run_loaded.emit(run)
    canvas.show(run.name, cell_colour=CellColour.SPREAD, cells=False)
    assert dock.form.cell_colour.currentData() is CellColour.SPREAD
    assert not dock.form.cells.isChecked()


def test_what_a_run_does_not_answer_cannot_be_chosen(
    dock: ResultsDock, bench: Bench, run: Run
) -> None:
    part = dataclasses.replace(run, result=RunResult(composition=run.result.composition))
    _fill(bench, run.name)
    bench.run_loaded.emit(part)
    assert not dock.form.cells.isEnabled()
    assert not dock.form.density.isEnabled()
    assert dock.form.spots.isChecked()


def test_remove_layers_leaves_the_run_in_the_list(
    dock: ResultsDock, bench: Bench, canvas: Canvas, run: Run
) -> None:
    _fill(bench, run.name)
    bench.run_loaded.emit(run)
    dock.remove_button.click()
    assert canvas.runs == {}
    assert dock.list.count() == 1
    assert not dock.remove_button.isEnabled()


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [(QMessageBox.StandardButton.Yes, ["stem_1"]), (QMessageBox.StandardButton.No, [])],
)
def test_a_run_is_deleted_only_after_a_yes(
    dock: ResultsDock,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    answer: QMessageBox.StandardButton,
    deleted: list[str],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bench, "delete_run", asked.append)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer)
    _fill(bench, "stem_1")
    dock.delete_button.click()
    assert asked == deleted


def test_the_story_tells_device_time_and_warnings(run: Run) -> None:
    told = dataclasses.replace(
        run.provenance, seconds=12.34, ending="finished early", warnings=("few genes",)
    )
    story = story_of(dataclasses.replace(run, provenance=told))
    assert story == "truth on cpu, 12.3 s, finished early.\nNote: few genes"


def test_every_control_has_a_tooltip(dock: ResultsDock) -> None:
    controls = dock.findChildren(QAbstractButton) + dock.findChildren(QComboBox)
    ours = {dock.form, dock.form.parent(), dock.show_button.parent()}
    own = [c for c in controls if c.parent() in ours]
    assert len(own) >= 11
    assert [c for c in own if not c.toolTip()] == []


def test_nothing_is_clipped_at_320_pixels(
    dock: ResultsDock, bench: Bench, run: Run, qtbot: QtBot
) -> None:
    _fill(bench, run.name, "baseline_1a2b3c4d")
    bench.run_loaded.emit(run)
    dock.resize(320, 640)
    qtbot.wait(30)
    assert dock.width() == 320
    clipped = [_text(w) for w in dock.findChildren(QWidget) if w.isVisible() and _is_clipped(w)]
    assert clipped == []


def _text(widget: QWidget) -> str:
    return str(widget.text()) if hasattr(widget, "text") else type(widget).__name__


def _is_clipped(widget: QWidget) -> bool:
    if not isinstance(widget, QLabel | QAbstractButton | QComboBox):
        return False
    wraps = isinstance(widget, QLabel) and widget.wordWrap()
    wanted = widget.minimumSizeHint() if wraps else widget.sizeHint()
    narrow = not isinstance(widget, QComboBox) and widget.width() < wanted.width()
    return bool(narrow or widget.height() < widget.minimumSizeHint().height())


def test_an_empty_form_has_no_list_of_genes_or_of_types_to_blend(qtbot: QtBot) -> None:
    form = ShowingForm()
    qtbot.addWidget(form)
    assert form.gene.isHidden()
    assert form.blend.isHidden()
