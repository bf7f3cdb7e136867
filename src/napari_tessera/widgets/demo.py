"""The demo: sample tissue, reference, STEM in the background, cells over the H&E."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari import Viewer

    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.widgets.session import Session

SIZE = (1900, 1050)
LONGEST_S = 400.0


def run_demo(*, headless: bool = False, screenshot: Path | None = None) -> int:
    """Open the sample, map its reference with STEM, show the cells.

    Parameters
    ----------
    headless : bool
        Close when the cells are shown; where there is no display, run on a virtual one.
    screenshot : Path, optional
        Picture of the whole window.

    Returns
    -------
    int
        Exit code.
    """
    if _needs_display():
        return _on_virtual_display(screenshot)
    import napari

    from napari_tessera.data.sample import find_sample

    sample = find_sample()
    _say(f"Sample: {sample.name}")
    viewer = napari.Viewer(title="napari-tessera demo", show=True)
    session = open_docks(viewer)
    ending: list[str] = []
    _play(session, sample, ending)
    if headless or screenshot is not None:
        _wait(viewer, ending)
        if screenshot is not None:
            viewer.screenshot(str(screenshot), canvas_only=False, flash=False)
            _say(f"Wrote {screenshot}")
        viewer.close()
        shutil.rmtree(sample.tissue.parent, ignore_errors=True)
        return 0 if ending == ["shown"] else 1
    napari.run()
    return 0


def open_docks(viewer: Viewer) -> Session:
    """Open the three docks so that all can be read; give the session."""
    from qtpy.QtCore import Qt

    from napari_tessera.widgets.contributions import model_dock, results_dock, tissue_dock
    from napari_tessera.widgets.parts import DOCK_WIDTH
    from napari_tessera.widgets.session import session_of

    docks: list[Any] = []
    for make, name, area in (
        (tissue_dock, "Tissue", "right"),
        (results_dock, "Results", "right"),
        (model_dock, "Model", "right"),
    ):
        docks.append(viewer.window.add_dock_widget(make(viewer), name=name, area=area))
    window = docks[0].window()
    window.resize(*SIZE)
    tissue, results, model = docks
    window.splitDockWidget(tissue, model, Qt.Orientation.Horizontal)
    window.splitDockWidget(tissue, results, Qt.Orientation.Vertical)
    window.resizeDocks([tissue, model], [DOCK_WIDTH, DOCK_WIDTH], Qt.Orientation.Horizontal)
    window.resizeDocks([tissue, results], [5, 4], Qt.Orientation.Vertical)
    return session_of(viewer)


def _play(session: Session, sample: SamplePaths, ending: list[str]) -> None:
    """Open, run when the gate agrees, and note when the cells are shown."""
    from napari_tessera.methods import METHODS

    bench = session.bench
    method = next(iter(METHODS))

    def run_once(report: Any) -> None:  # noqa: ANN401 - a report
        if bench.reference is not None and report.ok and not bench.jobs:
            bench.run(method, METHODS[method].options_type())

    def on_ended(job: Any, outcome: Any) -> None:  # noqa: ANN401 - job and outcome
        if outcome.state != "done":
            ending.append(f"{job.name}: {outcome.message} {outcome.hint}")
            _say(ending[-1])

    def on_runs(runs: Any) -> None:  # noqa: ANN401 - summaries
        if runs and bench.shown is not None and not ending:
            provenance = bench.shown.provenance
            _say(
                f"{runs[0].name}: held-out distance {_score(provenance.scores)}, "
                f"baseline {_score(provenance.baseline)}"
            )
            ending.append("shown")

    bench.checked.connect(run_once)
    bench.job_ended.connect(on_ended)
    bench.runs_changed.connect(on_runs)
    bench.failed.connect(lambda message, hint: _say(f"{message} {hint}"))
    bench.open_tissue(sample.tissue)
    bench.open_reference(sample.reference)


def _score(scores: Any) -> str:  # noqa: ANN401 - a mapping
    """Held-out distance as text."""
    value = scores.get("held_out_distance")
    return "none" if value is None else f"{value:.4g}"


def _wait(viewer: Viewer, ending: list[str]) -> None:
    """Let the window live until the run is shown, and a moment longer."""
    from qtpy.QtWidgets import QApplication

    until = time.monotonic() + LONGEST_S
    while not ending and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)
    viewer.reset_view()
    settle = time.monotonic() + 2.0
    while time.monotonic() < settle:
        QApplication.processEvents()
        time.sleep(0.01)


def _needs_display() -> bool:
    """Whether this is a Linux machine without any display."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform.startswith("linux") and not shown


def _on_virtual_display(screenshot: Path | None) -> int:
    """Run the demo again under Xvfb."""
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        _say("No display, and no xvfb-run: install xvfb, or start the demo on a desktop.")
        return 2
    target = Path("demo.png") if screenshot is None else screenshot
    command = [
        xvfb, "-a", "-s", f"-screen 0 {SIZE[0]}x{SIZE[1]}x24",
        sys.executable, "-m", "napari_tessera", "demo", "--headless", "--screenshot", str(target),
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


def _say(text: str) -> None:
    """Tell the person at the shell."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
