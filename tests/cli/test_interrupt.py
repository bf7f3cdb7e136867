"""Ctrl-C: exit code 130 within a second, a checkpoint, a sentence how to go on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.conftest import Sample

from napari_tessera.cli.main import main
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.data.sample import SamplePaths

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as posix does")


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """What a long fit that was stopped by a signal left behind."""

    code: int
    seconds: float
    said: str
    run_dir: RunDir
    resumable: bool
    same_store: bool


def interrupted(sample: Sample, number: int) -> Interrupted:
    """Start a long fit, and stop it by a signal."""
    before = sample.content()
    command = [sys.executable, "-m", "napari_tessera", *sample.map("--steps", "90000", "--json")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stderr is not None
        said = ""
        for line in child.stderr:
            said += line
            if line.startswith(("choosing", "fitting")):
                break
        time.sleep(0.3)
        began = time.monotonic()
        child.send_signal(number)
        code = child.wait(30)
        seconds = time.monotonic() - began
        said += child.stderr.read()
    found = re.search(r"napari-tessera resume (.+)", said)
    assert found is not None, said
    run_dir = RunDir(Path(found[1]))
    return Interrupted(
        code=code,
        seconds=seconds,
        said=said,
        run_dir=run_dir,
        resumable=run_dir.load_checkpoint() is not None,
        same_store=sample.content() == before,
    )


@pytest.fixture(scope="module")
def by_ctrl_c(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> Interrupted:
    """Stop a fit as Ctrl-C does, once."""
    paths = plant(tmp_path_factory.mktemp("stopped"), n_cells=200, n_spots=160, n_genes=60, seed=0)
    assert paths.truth is not None
    return interrupted(Sample(paths.tissue, paths.reference, paths.truth), signal.SIGINT)


def assert_left_in_order(left: Interrupted) -> None:
    """See that the command left soon, and that what it had done can be taken up again."""
    assert left.code == 130, left.said
    assert left.seconds < 1.5
    assert "Traceback" not in left.said
    assert left.same_store
    assert left.resumable


def test_ctrl_c_cancels_within_a_second_and_leaves_a_run_that_can_be_resumed(
    by_ctrl_c: Interrupted,
) -> None:
    assert_left_in_order(by_ctrl_c)


def test_a_request_to_end_cancels_within_a_second_and_leaves_a_run_that_can_be_resumed(
    sample: Sample,
) -> None:
    assert_left_in_order(interrupted(sample, signal.SIGTERM))


def test_a_cancelled_run_is_resumed_by_the_same_command(
    by_ctrl_c: Interrupted, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = by_ctrl_c.run_dir
    name = run_dir.run_name
    _shorten(run_dir)
    assert main(["resume", str(run_dir.path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["run"] == name


def _shorten(run_dir: RunDir) -> None:
    """Make the rest of the run short."""
    import dataclasses

    spec = run_dir.spec
    options = {**spec.options, "steps": 12}
    run_dir.write_spec(dataclasses.replace(spec, options=options))
    for path in run_dir.path.glob("checkpoint_*"):
        path.unlink()
