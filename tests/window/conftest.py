"""A real napari window with the three docks on a small planted tissue."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from napari_tessera.data.sample import SamplePaths
from napari_tessera.widgets.demo import open_docks
from napari_tessera.widgets.model_dock import ModelDock
from napari_tessera.widgets.results import ResultsDock
from napari_tessera.widgets.tissue_dock import TissueDock
from napari_tessera.workflows.verbs import map_cells, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.jobs.job import Job
    from napari_tessera.widgets.session import Session
    from napari_tessera.workbench.bench import Bench

PATIENCE_MS = 90_000
"""How long a test waits for a child process on a busy machine."""


def content(store: Path) -> str:
    """Hash of every file of a store, names included."""
    digest = hashlib.sha256()
    for path in sorted(store.rglob("*")):
        digest.update(str(path.relative_to(store)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def ended(job: Job, qtbot: QtBot) -> Outcome:
    """Wait until a job is over; its outcome."""
    qtbot.waitUntil(lambda: job.outcome is not None, timeout=PATIENCE_MS)
    assert job.outcome is not None
    return job.outcome


@dataclass(frozen=True)
class Window:
    """A napari window at work.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    session : Session
        Its bench and canvas.
    sample : SamplePaths
        A copy of the planted sample.
    """

    viewer: Viewer
    session: Session
    sample: SamplePaths

    @property
    def bench(self) -> Bench:
        return self.session.bench

    @property
    def docks(self) -> tuple[TissueDock, ModelDock, ResultsDock]:
        """The three docks, as they stand in the window."""
        main = self.viewer.window._qt_window
        found = [main.findChild(kind) for kind in (TissueDock, ModelDock, ResultsDock)]
        tissue, model, results = found
        return tissue, model, results

    def open_both(self, qtbot: QtBot) -> None:
        """Open tissue and reference, and wait for the gate's word."""
        self.bench.open_tissue(self.sample.tissue)
        self.bench.open_reference(self.sample.reference)
        qtbot.waitUntil(lambda: self.bench.can_run, timeout=PATIENCE_MS)

    def shorten(self, steps: int) -> None:
        """Set the options in the dock as a person would."""
        rows = self.docks[1].form.rows
        rows["steps"].set_value(steps)
        rows["members"].set_value(1)

    def run_for_steps(self, qtbot: QtBot) -> Job:
        """Press Run, and wait until the network trains."""
        before = len(self.bench.jobs)
        self.docks[1].run_bar.run.click()
        qtbot.waitUntil(lambda: len(self.bench.jobs) > before, timeout=PATIENCE_MS)
        job = self.bench.jobs[-1]
        qtbot.waitUntil(
            lambda: job.progress is not None and job.progress.step > 3, timeout=PATIENCE_MS
        )
        return job

    def role(self, role: str) -> bool:
        """Whether a layer of that role is there."""
        return bool(self._with_role(role))

    def layer(self, role: str) -> Any:  # noqa: ANN401 - layers of all kinds
        """First layer of that role."""
        return self._with_role(role)[0]

    def _with_role(self, role: str) -> list[Any]:
        return [
            layer
            for layer in self.viewer.layers
            if layer.metadata.get("tessera", {}).get("role") == role
        ]


@pytest.fixture(scope="session")
def planted(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> SamplePaths:
    """Plant a small sample once."""
    folder = tmp_path_factory.mktemp("planted")
    return plant(folder, n_cells=200, n_spots=160, n_genes=60, seed=0)


@pytest.fixture(scope="session")
def mapped(planted: SamplePaths) -> Run:
    """Map the planted sample without training, once."""
    return map_cells(
        planted.tissue, planted.reference, cell_type_column="cell_type", method="baseline"
    )


@pytest.fixture
def sample(planted: SamplePaths, tmp_path: Path) -> SamplePaths:
    """Copy the sample: the store is written to."""
    tissue = shutil.copytree(planted.tissue, tmp_path / "tissue.zarr")
    reference = tmp_path / "reference.h5ad"
    shutil.copy2(planted.reference, reference)
    return SamplePaths(name="planted", tissue=tissue, reference=reference)


@pytest.fixture
def window(
    make_napari_viewer: Callable[..., Viewer], sample: SamplePaths, qtbot: QtBot
) -> Iterator[Window]:
    """Open napari with the docks; everything that runs is stopped in the end."""
    viewer = make_napari_viewer(show=True)
    session = open_docks(viewer)
    yield Window(viewer, session, sample)
    session.close()
    qtbot.wait(50)


@pytest.fixture(scope="session")
def stored(planted: SamplePaths, mapped: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store of the planted sample with its run; it is copied, never written to."""
    store = shutil.copytree(planted.tissue, tmp_path_factory.mktemp("stored") / "tissue.zarr")
    write(store, mapped)
    return store


@pytest.fixture
def results(window: Window, mapped: Run, stored: Path, qtbot: QtBot) -> ResultsDock:
    """Results dock of a tissue with one run, which is on the screen."""
    shutil.copytree(stored, window.sample.tissue, dirs_exist_ok=True)
    window.bench.open_tissue(window.sample.tissue)
    qtbot.waitUntil(lambda: len(window.bench.runs) == 1, timeout=PATIENCE_MS)
    dock = window.docks[2]
    dock.list.choose(mapped.name)
    dock.show_button.click()
    qtbot.waitUntil(lambda: window.role("cells"), timeout=PATIENCE_MS)
    return dock
