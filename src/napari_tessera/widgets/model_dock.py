"""Model dock: question, method, options, run, watch."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.imputing import WantedGenes
from napari_tessera.contract.method import Task
from napari_tessera.contract.sections import SeesPicture
from napari_tessera.methods import METHODS
from napari_tessera.widgets.composition_choice import CompositionChoice
from napari_tessera.widgets.loss_curve import LossCurve
from napari_tessera.widgets.one_paint import one_paint
from napari_tessera.widgets.options_form import OptionsForm
from napari_tessera.widgets.parts import combo, fill, scrolled, words
from napari_tessera.widgets.queue_list import QueueList
from napari_tessera.widgets.run_bar import RunBar, duration
from napari_tessera.widgets.section_choice import SectionChoice
from napari_tessera.workbench.checking import Asked
from napari_tessera.workbench.panel import Panel

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import RunSpec
    from napari_tessera.contract.method import Method
    from napari_tessera.contract.options import Options
    from napari_tessera.contract.report import Report
    from napari_tessera.workbench.bench import Bench

CHILD, HERE = "separate process", "this process"
PAPERS = {
    "hao2024stem": ("Hao et al. 2024, Communications Biology 7", "10.1038/s42003-023-05640-1")
}
"""Citation and DOI by bibliography key."""


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
        bench.job_changed.connect(self._hold)  # before any of its parts listens
        one_paint().painted.connect(bench.painted)
        self.panel = Panel(bench)
        self.question = combo("What you want to know", self._on_question)
        self.method = combo("How it is answered", self._on_method)
        self.place = combo(
            "Where to compute; a separate process cannot disturb the window", lambda _text: None
        )
        self.about = words()
        self.about.setOpenExternalLinks(True)
        self.cost = words(tip="Estimated from measured steps; a slower machine takes longer")
        self.form = OptionsForm(next(iter(METHODS.values())).options_type)
        self.composition = CompositionChoice(bench, self._on_options)
        self.section = SectionChoice(bench, self._on_options)
        self.message = words()
        self.message.hide()
        self.run_bar = RunBar(self.panel, self._run, self._resume)
        self.curve = LossCurve()
        self.queue = QueueList()
        self._form_place = QVBoxLayout()
        self._lay_out()
        self._fill()
        self._connect()

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
        column.addWidget(self.composition)
        column.addWidget(self.section)
        for widget in (self.cost, self.run_bar, self.message, self.queue):
            column.addWidget(widget)
        column.addWidget(self.curve, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inside))

    def _fill(self) -> None:
        asked = [t for t in Task if any(t in m.answers for m in METHODS.values())]
        fill(self.question, [str(t) for t in asked], str(Task.PLACE))
        fill(self.place, (CHILD, HERE), CHILD)
        self._on_question(str(Task.PLACE))
        for job in self._bench.jobs:
            self._on_job(job)

    def _connect(self) -> None:
        self._bench.checked.connect(self._on_report)
        self._bench.checking.connect(self._refresh_cost)
        self._bench.job_changed.connect(self._on_job)
        self._bench.job_ended.connect(self._on_ended)
        self._bench.failed.connect(self._on_failed)
        self._bench.said.connect(self._say)

    # -- what a person does --------------------------------------------------------------------

    def _on_question(self, text: str) -> None:
        task = Task(text)
        names = [name for name, method in METHODS.items() if task in method.answers]
        fill(self.method, names, names[0])
        for row, name in enumerate(names):
            self.method.setItemText(row, METHODS[name].title)
            self.method.setItemData(row, name)
        self._on_method()

    def set_recipe(self, spec: RunSpec) -> None:
        """Show question, method and options of a run that was made before.

        Parameters
        ----------
        spec : RunSpec
            Its recipe.
        """
        self.question.setCurrentText(spec.task)
        self._on_question(spec.task)
        self.method.setCurrentIndex(self.method.findData(spec.method))
        self._on_method()
        self.form.set_options(self._method().options_type.from_json(spec.options))
        self.composition.choose(spec.composition)
        self.section.choose(spec.source, spec.selection.label_column)
        self._on_options()

    def _on_method(self, _title: str = "") -> None:
        form = OptionsForm(self._method().options_type)
        form.changed.connect(self._on_options)
        self._form_place.replaceWidget(self.form, form)
        self.form.hide()
        self.form.deleteLater()
        self.form = form
        self.about.setText(_about(self._method()))
        self._on_options()

    def _on_options(self, *_: object) -> None:
        """Tell the bench what is to be prepared, and say what it would take."""
        genes: tuple[str, ...] = ()
        picture, sees = False, False
        with contextlib.suppress(OptionError):
            options = self.form.options()
            genes = options.wanted if isinstance(options, WantedGenes) else ()
            sees = isinstance(options, SeesPicture)
            picture = isinstance(options, SeesPicture) and options.picture
        self.composition.setVisible(sees)
        self.section.setVisible(sees)
        task = Task(self.question.currentText())
        self._bench.ask(
            Asked(
                task=Task.PLACE if task is Task.COMPOSE else task,  # one fit answers both
                method=self._method().name,
                genes=genes,
                picture=picture,
                composition=self.composition.chosen if sees else "",
                section=self.section.source if sees else "",
                label_column=self.section.column if sees else None,
            )
        )
        self._refresh_cost()

    def _run(self) -> None:
        options = self._options()
        if options is None:
            return
        self._say("")
        self._bench.run(self._method().name, options, in_process=self._here)

    def _resume(self) -> None:
        self._say("")
        self.panel.resume(in_process=self._here)

    @property
    def _here(self) -> bool:
        return bool(self.place.currentText() == HERE)

    def _method(self) -> Method[Any]:
        return METHODS[self.method.currentData()]

    def _options(self) -> Options | None:
        """Options as the form shows them; None, and a word about it, if one is out of bounds."""
        try:
            return self.form.options()
        except OptionError as error:
            self._say(str(error))
            return None

    # -- what the bench says -------------------------------------------------------------------

    def _on_report(self, _report: Report) -> None:
        self._refresh_cost()

    def _refresh_cost(self) -> None:
        """Say what the method would take for these data."""
        report = self._bench.report
        alone = not self._bench.question.needs_reference
        if report is None or not report.ok or not (report.n_cells or alone):
            wanted = "a tissue" if alone else "a tissue and a reference"
            self.cost.setText(f"Open {wanted} in the Tissue dock first.")
            there = self._bench.reference is not None or alone
            if self._bench.tissue is not None and there:
                waits = report is None
                self.cost.setText("Checking…" if waits else "The Tissue dock says what is wrong.")
            return
        try:
            options = self.form.options()
        except OptionError as error:
            self.cost.setText(str(error))
            return
        found = self._method().cost(report.n_cells, report.n_spots, report.n_genes, options)
        memory = found.memory_bytes / 2**30
        cells = "" if alone else f"{report.n_cells:,} cells, "
        self.cost.setText(
            f"About {duration(found.seconds)} and {memory:.1f} GiB on four cores for "
            f"{cells}{report.n_spots:,} spots, {report.n_genes:,} genes."
        )

    def _hold(self, _job: object) -> None:
        one_paint().hold(self)

    def _on_job(self, job: object) -> None:
        current = self.panel.job
        if current is not None and (job is current or current.outcome is not None):
            trace = self._bench.losses(current)
            self.curve.draw(trace)
            self.curve.plot.setVisible(bool(trace.terms) or current.outcome is None)
        self.queue.show_jobs(self._bench.jobs, current)

    def _on_ended(self, _job: object, _outcome: object) -> None:
        self.queue.show_jobs(self._bench.jobs, self.panel.job)

    def _on_failed(self, message: str, hint: str) -> None:
        self._say(f"{message} {hint}".strip())

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))


def _about(method: Method[Any]) -> str:
    """Title, plain sentence and paper."""
    text = f"<b>{method.title}</b>: {method.summary}"
    if method.reference in PAPERS:
        words_of, doi = PAPERS[method.reference]
        text += f' <a style="color: #56b4e9" href="https://doi.org/{doi}">{words_of}</a>'
    return text
