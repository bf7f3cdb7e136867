"""Asking the gate about a selection, off the window's thread; a good one is prepared as well."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.contract.method import Task
from napari_tessera.contract.report import Report
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.methods import METHODS

if TYPE_CHECKING:
    from napari_tessera.data.read import Tissue
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.workbench.reading import Origin

DEBOUNCE_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person wants to know, as far as the preparation depends on it.

    Parameters
    ----------
    task : Task
        Question.
    method : str
        Name in ``METHODS``.
    genes : tuple of str
        Genes to predict beside the shared ones.
    picture : bool
        Whether the picture around the spots is looked at too.
    composition : str
        Run whose composition is looked at too; empty for none.
    section : str
        Path of a labelled section; empty for none.
    label_column : str or None
        Its column with the labels.
    """

    task: Task = Task.PLACE
    method: str = next(iter(METHODS))
    genes: tuple[str, ...] = ()
    picture: bool = False
    composition: str = ""
    section: str = ""
    label_column: str | None = None

    def prepared_like(self, other: Asked) -> bool:
        """Whether the same preparation serves both."""
        mine, its = METHODS[self.method], METHODS[other.method]
        cluster = Task.CLUSTER
        return (
            (self.task is cluster) == (other.task is cluster)
            and self.imputed == other.imputed
            and self._beside == other._beside
            and (mine.accepts, mine.needs) == (its.accepts, its.needs)
        )

    @property
    def _beside(self) -> tuple[object, ...]:
        """What is read beside the spots' counts."""
        return self.picture, self.composition, self.section, self.label_column

    @property
    def imputed(self) -> tuple[str, ...] | None:
        """Genes to predict, as a selection says it."""
        return self.genes if self.task is Task.IMPUTE else None

    @property
    def needs_reference(self) -> bool:
        """Whether the question is about reference cells."""
        return self.task is not Task.CLUSTER


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be judged.

    Parameters
    ----------
    tissue : Tissue
        The open tissue.
    origin : Origin
        Paths that a child process reads it from.
    reference : Path, AnnData or None
        The reference.
    selection : Selection
        What is chosen.
    asked : Asked
        What it is chosen for.
    """

    tissue: Tissue
    origin: Origin
    reference: Any
    selection: Selection
    asked: Asked = field(default_factory=Asked)

    @property
    def on_disk(self) -> bool:
        """Whether a child process can read all of it."""
        has_cells = isinstance(self.reference, str | Path) or not self.asked.needs_reference
        return bool(self.origin.source) and has_cells

    @property
    def spec(self) -> RunSpec:
        """Recipe with the method in question, whose needs are prepared."""
        reference = str(self.reference) if isinstance(self.reference, str | Path) else ""
        return RunSpec(
            method=self.asked.method,
            options={"picture": True} if self.asked.picture else {},
            task=str(self.asked.task),
            selection=replace(
                self.selection,
                imputed_genes=self.asked.imputed,
                label_column=self.asked.label_column,
            ),
            tissue=self.origin.source,
            reference=reference,
            image=self.origin.image,
            image_scale=self.origin.image_scale,
            composition=self.asked.composition,
            source=self.asked.section,
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gate says, and the prepared run where it has nothing against one.

    Parameters
    ----------
    report : Report
        Problems and sizes.
    stage : RunDir or None
        Prepared directory to start runs from.
    fingerprint : str
        Hash of what was read.
    root : Path or None
        Folder in which the runs of this tissue lie.
    """

    report: Report
    stage: RunDir | None = None
    fingerprint: str = ""
    root: Path | None = None


NOTHING_CHECKED = Answer(report=Report())
"""Stands for the answer while there is none."""


class Checker:
    """Judges selections one after another; only the newest question is answered.

    Parameters
    ----------
    errands : Errands
        Starts the child process that reads and prepares.
    """

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._number = 0
        self._folder: Path | None = None

    def ask(self, question: Question) -> Answer | None:
        """Judge a selection; call it from a thread.

        Parameters
        ----------
        question : Question
            What to judge.

        Returns
        -------
        Answer or None
            None if another question was asked meanwhile.
        """
        self._number += 1
        number = self._number
        if self._errands.wait(DEBOUNCE_S) or number != self._number:
            return None
        if question.reference is None and question.asked.needs_reference:
            return Answer(report=_without_reference(question))
        self._drop_folder()
        self._folder = Path(tempfile.mkdtemp(prefix="tessera_check_"))
        stage = RunDir(self._folder / "stage")
        if not question.on_disk:
            return _ask_here(question, stage)
        return self._ask_child(question.spec, stage, number)

    def _ask_child(self, spec: RunSpec, stage: RunDir, number: int) -> Answer | None:
        """Have a child process read, judge and prepare: that would stall a window."""
        recipe = RunDir(stage.path.parent)
        recipe.write_spec(spec)
        found = self._errands.ask_child(
            ["check", "--spec", str(recipe.path / "spec.json"), "--run-dir", str(stage.path)],
            stale=lambda: number != self._number,
        )
        if number != self._number:
            return None
        report = Report.from_json(found["report"])
        if not report.ok or "place" not in found:
            return Answer(report=report)
        return Answer(
            report=report,
            stage=stage,
            fingerprint=found["fingerprint"],
            root=Path(found["place"]).parent,
        )

    def _drop_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def close(self) -> None:
        """Remove what was prepared and never run."""
        self._number += 1
        self._drop_folder()


def _without_reference(question: Question) -> Report:
    """Judge the tissue alone."""
    from napari_tessera.data.gate import check_inputs

    return check_inputs(question.tissue, None, question.selection)


def _ask_here(question: Question, stage: RunDir) -> Answer:
    """Read, judge and prepare data that live in this process only."""
    from napari_tessera.workflows.prepare import read_pair, root_of, write_run_dir

    try:
        pair = read_pair(question.spec, tissue=question.tissue, reference=question.reference)
    except RefusedError as error:
        return Answer(report=error.report)
    prepared = write_run_dir(stage, pair, stage.path.name)
    return Answer(
        report=prepared.report,
        stage=stage,
        fingerprint=prepared.fingerprint,
        root=root_of(pair.spec, question.tissue),
    )
