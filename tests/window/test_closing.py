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

P99_MS, MAX_MS = 60, 300
"""Far above what an idle machine shows (the benchmark says how much): a test shares its machine,
has two cores perhaps, and no graphics card."""

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
    command = [sys.executable, "-W", "ignore", str(BENCHMARK), "lateness"]
    planted = {k: v for k, v in os.environ.items() if k != DATA_VARIABLE}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=planted)
    return dict(json.loads(done.stdout.partition(" ")[2]))


@pytest.mark.window
def test_the_window_is_seldom_late_while_a_network_trains() -> None:
    found = lateness()
    if found["p99_ms"] > P99_MS or found["max_ms"] > MAX_MS:  # another program was at work
        found = lateness()
    assert found["ticks"] > 500
    assert found["p99_ms"] <= P99_MS
    assert found["max_ms"] <= MAX_MS
