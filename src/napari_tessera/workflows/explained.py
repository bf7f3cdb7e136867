"""Explanations for a parent process: asked by a file, answered by a file. Loads no torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.explanation import Explanation
from napari_tessera.contract.regions import Region
from napari_tessera.contract.state import State
from napari_tessera.explain.options import ExplainOptions
from napari_tessera.jobs.checkpoint import load_state
from napari_tessera.jobs.run_dir import RunDir, run_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.progress import Monitor

REQUEST, ANSWER = "request", "answer"
"""Notes in the folder of such a job."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: exactly one of the first four.

    Parameters
    ----------
    region, path : str or None
        Name of a drawn region or path.
    cell_type : str or None
        A cell type of the reference.
    domain : str or None
        Label of spots in `column`.
    within : str or None
        Cell type to compare within; ``all`` for cells of every type; None picks the commonest type
        of the region or domain.
    against : str or None
        A second region, type or domain to compare with; None compares with the rest.
    column : str
        Column of the spots' tables that holds domains.
    """

    region: str | None = None
    path: str | None = None
    cell_type: str | None = None
    domain: str | None = None
    within: str | None = None
    against: str | None = None
    column: str = "domain"

    @property
    def kind(self) -> str:
        """Which of the four.

        Raises
        ------
        InputError
            If it is none or several.
        """
        kinds = ("region", "path", "cell_type", "domain")
        asked = [name for name in kinds if getattr(self, name)]
        if len(asked) != 1:
            msg = f"Question: expected a region, path, cell type or domain, found {len(asked)}."
            raise InputError(msg, "Give exactly one of region, path, cell_type and domain.")
        return asked[0]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One explanation to be made.

    Parameters
    ----------
    store : str
        Path of the store.
    run : str
        Run that is explained.
    question : Question
        What is asked.
    options : ExplainOptions
        How.
    regions : tuple of Region
        What is drawn, in the coordinates of the run; what the store holds counts after it.
    """

    store: str
    run: str
    question: Question
    options: ExplainOptions
    regions: tuple[Region, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return {
            "store": self.store,
            "run": self.run,
            "question": dataclasses.asdict(self.question),
            "options": self.options.to_json(),
            "regions": [region.to_json() for region in self.regions],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            store=values["store"],
            run=values["run"],
            question=Question(**values["question"]),
            options=ExplainOptions.from_json(values["options"]),
            regions=tuple(Region.from_json(region) for region in values["regions"]),
        )


def prepare_request(request: Request, folder: Path) -> RunDir:
    """Write what is asked into a folder, from which a child does it.

    Parameters
    ----------
    request : Request
        What to do.
    folder : Path
        Folder of the job; made anew.
    """
    job = RunDir(folder)
    (folder / f"{ANSWER}.json").unlink(missing_ok=True)
    job.write_note(REQUEST, request.to_json())
    return job


def answer_request(job: RunDir, monitor: Monitor) -> None:
    """Do what lies in a folder, and leave the name of the ranking there.

    Parameters
    ----------
    job : RunDir
        Folder of the job.
    monitor : Monitor
        Who watches.

    Raises
    ------
    InputError
        If nothing was asked, or what was asked for is not there.
    FitCancelled
        If the monitor says so; nothing was written.
    """
    from napari_tessera.workflows.explain import explain, keep
    from napari_tessera.workflows.question import compare
    from napari_tessera.workflows.subject import open_subject

    note = job.read_note(REQUEST)
    if note is None:
        msg = f"{job.path}: expected {REQUEST}.json, found none."
        raise InputError(msg, "Ask through the window or the command explain.")
    request = Request.from_json(note)
    options = request.options
    subject = open_subject(request.store, request.run, options.device)
    subject = dataclasses.replace(subject, given=request.regions)
    compared = compare(subject, request.question, options)
    found = keep(subject, explain(subject, compared, options, monitor))
    job.write_note(ANSWER, {"ranking": found.name})


def read_answer(job: RunDir) -> Explanation:
    """Read what a finished job has left.

    Parameters
    ----------
    job : RunDir
        Folder of the job.

    Raises
    ------
    InputError, StoreError
        If there is no answer, or it cannot be read.
    """
    note, request = job.read_note(ANSWER), job.read_note(REQUEST)
    if note is None or request is None:
        msg = f"{job.path}: expected an explanation that was finished, found none."
        raise InputError(msg, "Explain again.")
    return read_explanation(Path(request["store"]), str(note["ranking"]))


def read_explanation(store: Path | str, name: str) -> Explanation:
    """Read an explanation back: the ranking from the store, the values from the run directory.

    Parameters
    ----------
    store : path
        Store on disk.
    name : str
        Table of the ranking, such as ``stem_1a2b3c4d_genes_1``.

    Raises
    ------
    RunNotFoundError
        If there is no ranking of that name.
    StoreError
        If the run directory has lost what belongs to it.
    """
    from napari_tessera.data.genes import read_ranking

    ranking = read_ranking(Path(store), name)
    kept = load_state(explanation_path(Path(store), name))
    found = Explanation.from_state(State(arrays=kept.arrays, values=kept.values))
    return dataclasses.replace(found, ranking=ranking, name=name)


def explanation_path(store: Path | None, name: str) -> Path:
    """Where the values behind a ranking lie, without the suffix."""
    run, _, number = name.rpartition("_genes_")
    return run_root(store) / run / f"genes_{number}"
