"""A bench without a window: answers wait in a queue until a test takes them."""

from __future__ import annotations

import queue
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import napari_tessera as nt
from napari_tessera.contract.progress import Progress
from napari_tessera.contract.state import JobState, Outcome
from napari_tessera.jobs.job import Job
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.jobs.runner import JobSpec


class Desk:
    """Takes what threads post, and does it when a test waits for something."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, work: Callable[[], None]) -> None:
        self._waiting.put(work)

    def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Do what was posted until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it never came"
            self.once()

    def once(self) -> None:
        """Do what was posted next, if anything."""
        try:
            work = self._waiting.get(timeout=0.02)
        except queue.Empty:
            return
        work()

    def drain(self) -> None:
        """Do all that was posted so far."""
        while not self._waiting.empty():
            self._waiting.get()()


class FakeRunner:
    """Stands for the runner; a test says how its jobs fare."""

    def __init__(self) -> None:
        self.specs: list[JobSpec] = []
        self.made: list[Job] = []
        self.closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(self.made)

    def submit(self, spec: JobSpec) -> Job:
        job = Job(spec.name, spec.title, spec.run_dir)
        self.specs.append(spec)
        self.made.append(job)
        return job

    def close(self, timeout_s: float = 2.0) -> bool:
        self.closed = timeout_s > 0
        return True


def begin(job: Job, *, step: int = 1, **losses: float) -> None:
    """Let a job begin and say one thing."""
    if job.state is JobState.QUEUED:
        job.start(lambda _command: None)
    job.advance(Progress(stage="fitting", step=step, n_steps=10, losses=losses, fraction=step / 10))


def end(job: Job, state: JobState, *, resumable: bool = False) -> None:
    """Let a job end."""
    job.end(Outcome(state=state, message="why", hint="do this", resumable=resumable))


@dataclass(frozen=True)
class Sample:
    """Files of a planted sample."""

    tissue: Path
    reference: Path


@pytest.fixture(scope="session")
def planted_files(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Plant a small sample once."""
    folder = tmp_path_factory.mktemp("planted")
    plant(folder, n_cells=120, n_spots=80, n_genes=40, seed=0)
    return folder


@pytest.fixture
def sample(planted_files: Path, tmp_path: Path) -> Sample:
    """Copy the planted sample, as long as nobody has worked in it."""
    assert not list(planted_files.glob("*.tessera"))
    shutil.copytree(planted_files, tmp_path / "sample")
    return Sample(tmp_path / "sample" / "tissue.zarr", tmp_path / "sample" / "reference.h5ad")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def bench(desk: Desk, runner: FakeRunner) -> Iterator[Bench]:
    made = Bench(desk.post, runner)  # type: ignore[arg-type]  # the fake has what is needed
    yield made
    made.close(1.0)


@pytest.fixture(scope="session")
def mapped(planted_files: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Map the planted tissue once; give the folder, which nobody writes to, and the run's name."""
    folder = tmp_path_factory.mktemp("mapped") / "sample"
    shutil.copytree(planted_files, folder)
    tissue = folder / "tissue.zarr"
    run = nt.map_cells(tissue, folder / "reference.h5ad", method="baseline", out=tissue)
    return folder, run.name


@pytest.fixture
def mapped_sample(mapped: tuple[Path, str], tmp_path: Path) -> Sample:
    """Copy the tissue with its run, the run's directory and the reference."""
    copy = shutil.copytree(mapped[0], tmp_path / "sample")
    return Sample(copy / "tissue.zarr", copy / "reference.h5ad")
