"""What is done in a window becomes steps, in order, and a script."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.regions import Region
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.explaining import Explaining
from napari_tessera.workbench.recorder import Recorder
from napari_tessera.workflows.steps import (
    Computed,
    Deleted,
    Drawn,
    Exported,
    Opened,
    Ranked,
    Referred,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.workbench.conftest import Desk, Sample

    from napari_tessera.workflows.steps import Step

SQUARE = np.array([[-1e4, -1e4], [1000.0, -1e4], [1000, 1e4], [-1e4, 1e4]])
LEFT = Region.area("left", SQUARE)


@dataclasses.dataclass(frozen=True)
class Room:
    """Bench, explaining and recorder at work on a tissue with one run of the baseline."""

    bench: Bench
    explaining: Explaining
    recorder: Recorder
    desk: Desk
    run: str

    def kinds(self) -> list[type]:
        return [type(step) for step in self.recorder.steps]

    def draw(self) -> None:
        self.explaining.draw([LEFT])
        self.desk.until(lambda: not self.explaining._tasks.what)

    def write(self, path: Path) -> str:
        """Have the script written, and read it."""
        heard: list[object] = []
        self.recorder.wrote.connect(heard.append)
        self.recorder.failed.connect(lambda *words: heard.append(words))
        self.recorder.write(path)
        self.desk.until(lambda: heard)
        assert heard == [path]
        return path.read_text()


@pytest.fixture
def room(desk: Desk, mapped_sample: Sample, mapped: tuple[Path, str]) -> Iterator[Room]:
    """Open a tissue that has a run already."""
    bench = Bench(desk.post)
    explaining = Explaining(bench, desk.post)
    recorder = Recorder(bench, explaining, desk.post)
    bench.open_tissue(mapped_sample.tissue)
    desk.until(lambda: bench.runs and not bench.busy)
    yield Room(bench, explaining, recorder, desk, mapped[1])
    recorder.close()
    explaining.close()
    bench.close(1.0)


def test_opening_tissue_and_reference_are_steps(room: Room, mapped_sample: Sample) -> None:
    room.bench.open_reference(mapped_sample.reference)
    room.desk.until(lambda: room.bench.reference_choices)
    assert room.recorder.steps == (
        Opened(source=str(mapped_sample.tissue)),
        Referred(source=str(mapped_sample.reference)),
    )


def test_drawing_is_a_step_with_the_place_it_is_stored_in(room: Room) -> None:
    room.draw()
    drawn = room.recorder.steps[-1]
    assert isinstance(drawn, Drawn)
    assert [region.name for region in drawn.regions] == ["left"]
    assert (drawn.coordinate_system, drawn.element) == ("global", "spots")


@pytest.mark.usefixtures("quick_errands")
def test_a_fit_is_a_step_with_its_whole_recipe(room: Room, mapped_sample: Sample) -> None:
    room.bench.open_reference(mapped_sample.reference)
    room.desk.until(lambda: room.bench.can_run)
    job = room.bench.run("baseline", nt.BaselineOptions(seed=5), in_process=True)
    assert job is not None
    room.desk.until(lambda: Computed in room.kinds())
    (computed,) = [step for step in room.recorder.steps if isinstance(step, Computed)]
    assert computed.spec == RunDir(run_root(mapped_sample.tissue) / job.name).spec
    assert computed.spec.options["seed"] == 5
    room.desk.until(lambda: len(room.bench.runs) == 2)


def test_a_question_about_a_region_is_a_step(room: Room) -> None:
    rank(room)
    (ranked,) = [step for step in room.recorder.steps if isinstance(step, Ranked)]
    assert (ranked.run, ranked.question.region, ranked.options.draws) == (room.run, "left", 39)


def rank(room: Room) -> None:
    """Ask which genes set the left half apart."""
    from napari_tessera.workflows.explained import Question

    room.draw()
    options = nt.ExplainOptions(draws=39)
    question = Question(region="left", within="all")
    room.explaining.ask(room.run, question, options, in_process=True)
    room.desk.until(lambda: room.explaining.explanation)


def test_a_run_that_was_there_before_is_made_again_before_it_is_asked_about(
    room: Room, tmp_path: Path
) -> None:
    rank(room)
    text = room.write(tmp_path / "s.py")
    assert text.index("nt.map_cells(") < text.index("nt.explain_region(")
    compile(text, "s.py", "exec")


def test_a_run_that_is_shown_is_in_the_script(room: Room, tmp_path: Path) -> None:
    assert "nt.map_cells(" not in room.write(tmp_path / "before.py")
    room.bench.show_run(room.run)
    room.desk.until(lambda: room.bench.shown)
    assert f"recorded as {room.run}" in room.write(tmp_path / "after.py")


def test_deleting_a_run_is_a_step(room: Room) -> None:
    room.bench.delete_run(room.run)
    room.desk.until(lambda: Deleted in room.kinds())
    assert room.recorder.steps[-1] == Deleted(run=room.run)


def test_tables_of_a_run_are_written_and_that_is_a_step(room: Room, tmp_path: Path) -> None:
    room.recorder.write_tables(room.run, tmp_path / "run.csv")
    room.desk.until(lambda: Exported in room.kinds())
    assert (tmp_path / "run_cells.csv").read_text().startswith("cell,x,y")
    assert "nt.write_tables(run_1" in room.write(tmp_path / "s.py")


def test_genes_of_domains_are_written_and_that_is_a_step(
    room: Room, mapped_sample: Sample, tmp_path: Path
) -> None:
    options = nt.SmoothedMixtureOptions(n_domains=2)
    run = nt.find_domains(
        mapped_sample.tissue, method="baseline", options=options, out=mapped_sample.tissue
    )
    room.recorder.write_domain_genes(run.name, tmp_path / "genes.csv")
    room.desk.until(lambda: Exported in room.kinds())
    assert (tmp_path / "genes.csv").read_text().startswith("domain,gene,auc")
    assert "nt.write_domain_genes(OUT, run_1" in room.write(tmp_path / "s.py")


def test_a_run_without_domains_has_no_genes_of_them(room: Room, tmp_path: Path) -> None:
    said: list[str] = []
    room.recorder.failed.connect(lambda message, _hint: said.append(message))
    room.recorder.write_domain_genes(room.run, tmp_path / "genes.csv")
    room.desk.until(lambda: said)
    assert "expected domains, found none" in said[0]


def test_the_settings_of_a_run_are_handed_out(room: Room, mapped_sample: Sample) -> None:
    room.recorder.want(room.run)
    room.desk.until(lambda: room.recorder.settings)
    assert room.recorder.settings == RunDir(run_root(mapped_sample.tissue) / room.run).spec


def test_opening_the_same_tissue_again_is_no_step(room: Room, mapped_sample: Sample) -> None:
    seen: list[object] = []
    room.bench.tissue_opened.connect(seen.append)
    room.bench.open_tissue(mapped_sample.tissue)
    room.desk.until(lambda: seen)
    assert room.kinds() == [Opened]


def test_an_ending_that_is_not_known_is_said(room: Room, tmp_path: Path) -> None:
    said: list[str] = []
    room.recorder.failed.connect(lambda message, _hint: said.append(message))
    room.recorder.write(tmp_path / "script.txt")
    room.desk.until(lambda: said)
    assert "ends in .py or .ipynb" in said[0]


@pytest.mark.usefixtures("quick_errands")
def test_nothing_is_recorded_of_a_fit_that_was_cancelled(room: Room, mapped_sample: Sample) -> None:
    room.bench.open_reference(mapped_sample.reference)
    room.desk.until(lambda: room.bench.can_run)
    job = room.bench.run("stem", nt.StemOptions(steps=2000), in_process=True)
    assert job is not None
    job.cancel()
    ended: list[Step | object] = []
    room.bench.job_ended.connect(lambda _job, outcome: ended.append(outcome))
    room.desk.until(lambda: ended)
    assert Computed not in room.kinds()
