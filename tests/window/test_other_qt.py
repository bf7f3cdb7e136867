"""The window on the other Qt binding, in a process of its own; short, for PySide6 leaks on 3.11."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from napari_tessera.data.sample import SamplePaths

OPEN_AND_RUN = """
import json, sys, time
from pathlib import Path

import napari
import qtpy
from qtpy.QtWidgets import QApplication

from napari_tessera.methods import get_method
from napari_tessera.widgets.demo import open_docks

viewer = napari.Viewer()
bench = open_docks(viewer).bench

def until(holds):
    end = time.monotonic() + 90
    while not holds() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)

bench.open_tissue(Path(sys.argv[1]))
bench.open_reference(Path(sys.argv[2]))
until(lambda: bench.can_run)
bench.run("baseline", get_method("baseline").options_type())
until(lambda: bench.shown is not None and len(viewer.layers) > 2)
until(lambda: bench.runs)
found = {"qt": qtpy.API_NAME, "layers": [x.name for x in viewer.layers]}
found["runs"] = [run.name for run in bench.runs]
viewer.close()
print(json.dumps(found))
"""


@pytest.mark.window
def test_a_run_is_made_shown_and_kept_on_the_other_binding(sample: SamplePaths) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPEN_AND_RUN, sample.tissue, sample.reference],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
        env={**os.environ, "QT_API": "pyside6"},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["qt"].lower() == "pyside6"
    assert len(found["runs"]) == 1
    assert f"{found['runs'][0]} cells" in found["layers"]
