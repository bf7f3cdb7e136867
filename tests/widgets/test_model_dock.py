"""The Model dock: question, method, options, run, watch, and what it says when things go wrong."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtWidgets import QPushButton

from napari_tessera.contract.method import Task
from napari_tessera.contract.progress import Progress
from napari_tessera.contract.report import Report
from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.job import Job
from napari_tessera.methods import METHODS
from napari_tessera.widgets.legible import clipped_words
from napari_tessera.widgets.model_dock import HERE, ModelDock
from napari_tessera.widgets.run_bar import duration, progress_words
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.options import Options

REPORT = Report(n_cells=1564, n_spots=346, n_genes=13339)


class Asked(Bench):
    """A bench that starts nothing, and notes what it was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(lambda work: work())
        self.folder = folder
        self.asked: list[tuple[str, Any, bool]] = []
        self.resumed: list[Job] = []
        self.made: tuple[Job, ...] = ()
        self.may_run = False

    @property
    def can_run(self) -> bool:
        return self.may_run

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self.made

    def run(
        self, method: str, options: Options, *, in_process: bool = False, again: bool = False
    ) -> Job | None:
        assert not again
        self.asked.append((method, options, in_process))
        return self.add(f"{method}_{len(self.asked)}")

    def resume(self, job: Job, *, in_process: bool = False) -> Job:
        assert not in_process
        self.resumed.append(job)
        return job

    def add(self, name: str) -> Job:
        """Add a job that waits."""
        job = Job(name, "STEM", self.folder)
        self.made = (*self.made, job)
        self.job_changed.emit(job)
        return job

    def agree(self) -> None:
        """Let the gate agree."""
        self.report, self.may_run = REPORT, True
        self.checked.emit(REPORT)

    def tell(self, job: Job, **progress: Any) -> None:  # noqa: ANN401 - fields of Progress
        """Let a job say how it stands."""
        if job.state is JobState.QUEUED:
            job.start(lambda _command: None)
        told = Progress(**{"stage": "fitting", "n_steps": 100, **progress})
        job.advance(told)
        self.losses(job).take(told)
        self.job_changed.emit(job)

    def end(self, job: Job, state: JobState, *, resumable: bool = False) -> None:
        """Let a job end."""
        job.end(Outcome(state=state, message="It broke.", hint="Mend it.", resumable=resumable))
        self.job_changed.emit(job)
        assert job.outcome is not None
        self.job_ended.emit(job, job.outcome)


@pytest.fixture
def bench(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


@pytest.fixture
def dock(qtbot: QtBot, bench: Asked) -> ModelDock:
    dock = ModelDock(bench)
    qtbot.addWidget(dock)
    dock.resize(340, 800)
    dock.show()
    return dock


def test_nothing_can_be_run_before_the_gate_agrees(dock: ModelDock) -> None:
    assert not dock.run_bar.run.isEnabled()


def test_run_is_free_once_the_gate_agrees(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    assert dock.run_bar.run.isEnabled()


def test_questions_are_those_that_a_method_answers(dock: ModelDock) -> None:
    asked = [dock.question.itemText(i) for i in range(dock.question.count())]
    answered = {str(task) for method in METHODS.values() for task in method.answers}
    assert asked == [str(task) for task in Task if str(task) in answered]


def test_the_default_method_comes_first_and_is_explained(dock: ModelDock) -> None:
    first = next(iter(METHODS.values()))
    assert dock.method.currentText() == first.title
    assert first.summary in dock.about.text()


def test_a_published_method_leads_to_its_paper(dock: ModelDock) -> None:
    assert "https://doi.org/10.1038/s42003-023-05640-1" in dock.about.text()


def test_the_cost_is_said_for_these_data(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    assert "1,564 cells, 346 spots" in dock.cost.text()


def test_the_cost_follows_the_options(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    before = dock.cost.text()
    dock.form.rows["steps"].set_value(50_000)
    assert dock.cost.text() != before


def test_another_method_brings_its_own_options(dock: ModelDock) -> None:
    dock.method.setCurrentIndex(1)
    dock.method.textActivated.emit(dock.method.currentText())
    assert set(dock.form.rows) == {
        field.name for field in dataclasses.fields(METHODS["baseline"].options_type)
    }


def test_run_passes_the_options_on(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    dock.form.rows["members"].set_value(2)
    dock.run_bar.run.click()
    assert bench.asked == [("stem", METHODS["stem"].options_type(members=2), False)]


def test_this_process_is_the_second_choice(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    dock.place.setCurrentText(HERE)
    dock.run_bar.run.click()
    assert bench.asked[0][2] is True


def test_an_option_out_of_bounds_starts_nothing_and_is_named(dock: ModelDock, bench: Asked) -> None:
    bench.agree()
    dock.form.rows["learning_rate"].editor.value = "0"
    dock.run_bar.run.click()
    assert bench.asked == []
    assert "learning_rate" in dock.message.text()


def test_progress_says_stage_step_and_time_left(dock: ModelDock, bench: Asked) -> None:
    bench.tell(bench.add("stem_1"), step=25, fraction=0.25, elapsed_s=10.0)
    assert dock.run_bar.story.text() == "STEM: fitting 25 of 100, about 30 s left"
    assert dock.run_bar.bar.value() == 250


def test_curves_have_one_line_per_term(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    for step in (1, 2, 3):
        bench.tell(job, step=step, losses={"extraction": 3.0 / step, "total": 4.0 / step})
    assert set(dock.curve.lines) == {"extraction", "total"}
    _, values = dock.curve.lines["total"].getData()
    assert values.tolist() == [4.0, 2.0, 4.0 / 3]


def test_curves_are_named(dock: ModelDock, bench: Asked) -> None:
    bench.tell(bench.add("stem_1"), step=1, losses={"extraction": 3.0, "total": 4.0})
    assert {label.text for _, label in dock.curve.legend.items} == {"extraction", "total"}


def test_cancel_asks_the_job_once(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, step=1)
    dock.run_bar.cancel.click()
    assert job.cancel_asked
    assert not dock.run_bar.cancel.isEnabled()
    assert "stopping" in dock.run_bar.story.text()


def test_a_cancelled_job_can_be_resumed(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, step=1)
    bench.end(job, JobState.CANCELLED, resumable=True)
    dock.run_bar.resume.click()
    assert bench.resumed == [job]


def test_a_failure_is_said_once_with_its_remedy(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, step=1)
    bench.end(job, JobState.FAILED)
    failure = dock.run_bar.failure
    assert (failure.message.text(), failure.hint.text()) == ("It broke.", "Mend it.")
    assert "It broke." not in dock.message.text() + dock.run_bar.story.text()


def test_a_failure_goes_when_it_is_dismissed(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, step=1)
    bench.end(job, JobState.FAILED)
    dock.run_bar.failure.put_away.click()
    assert not dock.run_bar.failure.isVisible()


def test_the_last_word_of_a_done_job_stays(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, stage="done", fraction=1.0, message="Held-out distance 13; 17.")
    bench.end(job, JobState.DONE)
    assert dock.run_bar.story.text() == "STEM is done. Held-out distance 13; 17."


def test_jobs_that_wait_are_listed_and_can_be_taken_out(dock: ModelDock, bench: Asked) -> None:
    bench.tell(bench.add("stem_1"), step=1)
    waiting = bench.add("stem_2")
    assert dock.queue.jobs == (waiting,)
    (remove,) = dock.queue.findChildren(QPushButton)
    remove.click()
    assert waiting.cancel_asked


def test_an_empty_queue_takes_no_room(dock: ModelDock, bench: Asked) -> None:
    job = bench.add("stem_1")
    bench.tell(job, step=1)
    waiting = bench.add("stem_2")
    bench.end(job, JobState.DONE)
    bench.tell(waiting, step=1)
    assert not dock.queue.isVisible()


def test_a_dock_that_is_opened_late_shows_the_job(qtbot: QtBot, bench: Asked) -> None:
    bench.tell(bench.add("stem_1"), step=25, fraction=0.25, losses={"total": 1.0})
    late = ModelDock(bench)
    qtbot.addWidget(late)
    assert late.run_bar.bar.value() == 250
    assert set(late.curve.lines) == {"total"}


def test_times_are_said_in_the_unit_that_suits_them() -> None:
    assert [duration(s) for s in (0.2, 45, 600, 7200)] == ["1 s", "45 s", "10 min", "2.0 h"]


def test_progress_without_an_estimate_says_none() -> None:
    assert progress_words(Progress(stage="reading")) == "reading"


@pytest.mark.parametrize("width", [300, 340, 420])
def test_nothing_is_clipped(dock: ModelDock, bench: Asked, qtbot: QtBot, width: int) -> None:
    bench.agree()
    bench.tell(bench.add("stem_1"), step=25, fraction=0.25, elapsed_s=100.0)
    bench.add("stem_1a2b3c4d")
    dock.form.fold.expand(animate=False)
    dock.resize(width, 800)
    qtbot.wait(30)
    assert clipped_words(dock) == []
