"""Napari is closed during a fit: it ends by itself, soon, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.window.conftest import content

from napari_tessera.data.sample import DATA_VARIABLE
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from napari_tessera.data.sample import SamplePaths

BUSY_P99_MS, BUSY_MAX_MS = 30, 150
"""What the window's own thread may compute between two ticks of 10 ms: three times what the
benchmark's idle machine may show. A test shares its machine, whose other programs make ticks late;
they add nothing to this."""

LATE_P99_MS = 300
"""Waiting, for a lock or a disk, is not computing: so much is too much on any machine."""

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "window.py"


@pytest.mark.window
def test_napari_closes_during_a_fit_with_code_0_and_the_run_goes_on_later(
    sample: SamplePaths,
) -> None:
    before = content(sample.tissue)
    command = [sys.executable, "-W", "ignore", str(BENCHMARK), "closing", str(sample.tissue.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as napari:
        assert napari.stdout is not None
        line = next(line for line in napari.stdout if line.startswith("{"))
        closed = time.monotonic()
        assert napari.wait(timeout=60) == 0
        assert time.monotonic() - closed < 6.0
    assert content(sample.tissue) == before
    assert RunDir(json.loads(line)["run_dir"]).resumable


def lateness() -> dict[str, float]:
    """Lateness of a 10 ms timer on the planted tissue, from Run to Done."""
    command = [sys.executable, "-W", "ignore", str(BENCHMARK), "briefly"]
    planted = {k: v for k, v in os.environ.items() if k != DATA_VARIABLE}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=planted)
    return dict(json.loads(done.stdout.partition(" ")[2]))


@pytest.mark.window
def test_the_window_is_seldom_late_while_a_network_trains() -> None:
    found = lateness()
    if found["busy_max_ms"] > BUSY_MAX_MS:  # a core that is shared computes more slowly, too
        found = lateness()
    assert found["ticks"] > 500
    assert found["busy_p99_ms"] <= BUSY_P99_MS
    assert found["busy_max_ms"] <= BUSY_MAX_MS
    assert found["p99_ms"] <= LATE_P99_MS
