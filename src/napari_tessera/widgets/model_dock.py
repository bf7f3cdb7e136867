"""Model dock: question, method, options, run, watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.method import Task
from napari_tessera.methods import METHODS
from napari_tessera.widgets.loss_curve import LossCurve
from napari_tessera.widgets.options_form import OptionsForm
from napari_tessera.widgets.parts import combo, fill, scrolled, words
from napari_tessera.widgets.run_bar import RunBar

if TYPE_CHECKING:
    from napari_tessera.contract.report import Report
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.workbench.bench import Bench

CHILD, HERE = "separate process", "this process"


class ModelDock(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Choose a question and a method, run it in the background, watch it learn.

    Parameters
    ----------
    bench : Bench
        Does the work.
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.setObjectName("tesseraModel")
        self.setWindowTitle("Model")
        self._bench = bench
        self.question = combo("What you want to know", self._on_question)
        self.method = combo("How it is answered", self._on_method)
        self.place = combo(
            "Where to compute; a separate process cannot disturb the window", lambda _text: None
        )
        self.about = words()
        self.form = OptionsForm(next(iter(METHODS.values())).options_type)
        self.message = words()
        self.queue = words()
        self.run_bar = RunBar(self._run, self._resume)
        self.curve = LossCurve()
        self._form_place = QVBoxLayout()
        self._lay_out()
        asked = [t for t in Task if any(t in m.answers for m in METHODS.values())]
        fill(self.question, [str(t) for t in asked], str(Task.PLACE))
        fill(self.place, (CHILD, HERE), CHILD)
        self._on_question(str(Task.PLACE))
        bench.checked.connect(self._on_report)
        bench.checking.connect(self._refresh)
        bench.job_changed.connect(self._on_job)
        bench.job_ended.connect(self._on_ended)
        bench.failed.connect(self._on_failed)
        bench.said.connect(lambda text: self.message.setText(text))

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        top = QFormLayout()
        top.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, box in zip(
            ("Question", "Method", "Where"), (self.question, self.method, self.place), strict=True
        ):
            top.addRow(label, box)
        column.addLayout(top)
        column.addWidget(self.about)
        column.addLayout(self._form_place)
        self._form_place.addWidget(self.form)
        for widget in (self.run_bar, self.message, self.curve, self.queue):
            column.addWidget(widget)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))

    # -- what a person does --------------------------------------------------------------------

    def _on_question(self, text: str) -> None:
        task = Task(text)
        names = [name for name, method in METHODS.items() if task in method.answers]
        fill(self.method, names, names[0])
        self._on_method(names[0])

    def _on_method(self, name: str) -> None:
        form = OptionsForm(METHODS[name].options_type)
        self._form_place.replaceWidget(self.form, form)
        self.form.hide()
        self.form.deleteLater()
        self.form = form
        self._refresh()

    def _run(self) -> None:
        try:
            options = self.form.options()
        except OptionError as error:
            self.message.setText(str(error))
            return
        self.message.clear()
        here = self.place.currentText() == HERE
        self._bench.run(self.method.currentText(), options, in_process=here)

    def _resume(self) -> None:
        if self.run_bar.job is not None:
            here = self.place.currentText() == HERE
            self._bench.resume(self.run_bar.job, in_process=here)

    # -- what the bench says -------------------------------------------------------------------

    def _on_report(self, _report: Report) -> None:
        self._refresh()

    def _refresh(self) -> None:
        """Say what the method is, what it would cost, and whether it can be run."""
        method = METHODS[self.method.currentText()]
        report = self._bench.report
        cost = ""
        if report is not None and report.ok and report.n_genes:
            sizes = (report.n_cells, report.n_spots, report.n_genes)
            found = method.cost(*sizes, method.options_type())
            cost = f" About {found.seconds:.0f} s and {found.memory_bytes / 2**30:.1f} GiB here."
        source = f" [{method.reference}]" if method.reference else ""
        self.about.setText(f"<b>{method.title}</b>: {method.summary}{source}{cost}")
        self.run_bar.show_job(self.run_bar.job, can_run=self._bench.can_run)

    def _on_job(self, job: Job) -> None:
        current = self.run_bar.job
        waiting = [j for j in self._bench.jobs if not j.state.ended]
        if current is None or current.state.ended or current is job or not waiting:
            self.run_bar.show_job(job, can_run=self._bench.can_run)
            self.curve.draw(self._bench.losses(job))
        names = [f"{j.title} ({j.name})" for j in waiting if j is not self.run_bar.job]
        self.queue.setText("Queue: " + ", ".join(names) if names else "")

    def _on_ended(self, job: Job, outcome: Outcome) -> None:
        if outcome.message:
            self.message.setText(f"{job.name}: {outcome.message} {outcome.hint}")

    def _on_failed(self, message: str, hint: str) -> None:
        self.message.setText(f"{message} {hint}")
