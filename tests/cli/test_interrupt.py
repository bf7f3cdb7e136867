"""Ctrl-C: exit code 130 within a second, a checkpoint, a sentence how to go on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from napari_tessera.cli.main import main
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from tests.cli.conftest import Sample

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as posix does")


def interrupted(sample: Sample, number: int) -> tuple[int, float, str]:
    """Start a long fit, stop it by a signal; exit code, seconds until it left, what it said."""
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
        return code, time.monotonic() - began, said + child.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_within_a_second_and_leaves_a_run_that_can_be_resumed(
    sample: Sample, number: int
) -> None:
    before = sample.content()
    code, seconds, said = interrupted(sample, number)
    assert code == 130, said
    assert seconds < 1.5
    assert "Traceback" not in said
    assert sample.content() == before
    found = re.search(r"napari-tessera resume (.+)", said)
    assert found is not None
    assert RunDir(found[1]).load_checkpoint() is not None


def test_a_cancelled_run_is_resumed_by_the_same_command(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    _, _, said = interrupted(sample, signal.SIGINT)
    found = re.search(r"napari-tessera resume (.+)", said)
    assert found is not None
    run_dir = RunDir(Path(found[1]))
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
