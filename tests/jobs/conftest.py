"""Fixtures for jobs: a prepared run directory, and children that misbehave."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData, RunSpec
from napari_tessera.jobs.backends import ChildBackend
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.jobs.runner import JobSpec, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def small_pair() -> PairedData:
    """Three cells and two spots over two genes."""

    def expression(what: str, values: list[list[float]]) -> Expression:
        return Expression(
            values=sparse.csr_matrix(np.asarray(values, dtype=np.float32)),
            obs_names=np.asarray([f"{what}{i}" for i in range(len(values))]),
            gene_names=np.asarray(["a/b", "ü"]),
            scale=ExpressionScale.COUNTS,
        )

    return PairedData(
        cells=expression("cell", [[1, 0], [0, 2], [3, 1]]),
        spots=expression("spot", [[4, 0], [1, 5]]),
        spot_xy=np.asarray([[0.0, 0.0], [1.0, 0.5]]),
        unit="unit",
        pitch=1.0,
        cell_types=np.asarray(["x", "y", "x"]),
    )


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """Prepare a run directory."""
    prepared = RunDir(tmp_path / "stem_00000000")
    prepared.save_inputs(small_pair())
    prepared.write_spec(RunSpec(method="stem"))
    return prepared


@pytest.fixture
def runner() -> Iterator[Runner]:
    """Make a runner that is closed when the test ends."""
    made = Runner()
    yield made
    assert made.close(timeout_s=5.0)


_WORKING_CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from napari_tessera.contract.progress import Progress, Verdict
from napari_tessera.contract.state import State
from napari_tessera.jobs.child import run_child
from napari_tessera.jobs.run_dir import RunDir

def work(run_dir, monitor):
    print("chatter of a library", flush=True)
    for step in range({n_steps}):
        time.sleep(0.02)
        monitor.preview(lambda: np.full((3, 2), float(step)))
        monitor.checkpoint(lambda: State(values={{"step": step}}))
        verdict = monitor.report(Progress(stage="fitting", step=step, fraction=step / {n_steps}))
        if verdict is Verdict.FINISH:
            run_dir.write_note("finished_at", {{"step": step}})
            return

sys.exit(run_child(RunDir(Path(sys.argv[1])), work))
"""
"""A child that obeys: steps of 20 ms, each offering a checkpoint and a preview."""


@pytest.fixture
def child_of(run_dir: RunDir) -> Callable[[str], JobSpec]:
    """Make a job whose child runs the given Python code; ``sys.argv[1]`` is the run directory."""

    def make(code: str) -> JobSpec:
        backend = ChildBackend(command=lambda path: [sys.executable, "-c", code, str(path)])
        return JobSpec(name="stem_00000000", title="STEM", run_dir=run_dir.path, backend=backend)

    return make


@pytest.fixture
def obedient(child_of: Callable[[str], JobSpec]) -> Callable[[int], JobSpec]:
    """Make a job whose child takes so many steps of 20 ms and obeys."""
    return lambda n_steps: child_of(_WORKING_CHILD.format(n_steps=n_steps))
