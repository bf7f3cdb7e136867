"""The demo: sample tissue, reference, STEM in the background, cells over the H&E."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari import Viewer

    from napari_tessera.contract.report import Report
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.state import Outcome
    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.jobs.job import Job
    from napari_tessera.widgets.session import Session
    from napari_tessera.workbench.bench import Bench

SIZE = (1600, 1000)
"""Width and height of the window in pixels."""

LONGEST_S = 900.0
SETTLE_S = 1.5


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
    from napari_tessera.data.sample import find_sample

    folder = Path(tempfile.mkdtemp(prefix="tessera_demo_"))
    try:
        sample = find_sample(folder)
        _say(f"Sample: {sample.name}")
        return _show(sample, headless=headless, screenshot=screenshot)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(sample: SamplePaths, *, headless: bool, screenshot: Path | None) -> int:
    """Open the window and play; with a picture to take, leave afterwards."""
    import napari

    viewer = napari.Viewer(title="napari-tessera", show=True)
    session = open_docks(viewer)
    play = Play(session.bench, sample)
    if not headless and screenshot is None:
        napari.run()
        return 0
    _live_until(lambda: play.ended, LONGEST_S)
    _live_until(lambda: False, SETTLE_S)
    if screenshot is not None:
        viewer.screenshot(str(screenshot), canvas_only=False, flash=False)
        _say(f"Wrote {screenshot}")
    viewer.close()
    return 0 if play.shown else 1


def open_docks(viewer: Viewer) -> Session:
    """Open the docks so that all can be read, in a window as large as the screen has room for.

    Parameters
    ----------
    viewer : napari.Viewer
        A viewer with a window.

    Returns
    -------
    Session
        Bench and canvas of the viewer.
    """
    from napari_tessera.widgets.docks import arrange
    from napari_tessera.widgets.session import session_of

    window: Any = viewer.window._qt_window  # noqa: SLF001 - napari has no other way
    room = window.screen().availableSize()
    window.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
    arrange(viewer)
    return session_of(viewer)


class Play:
    """Opens the sample, runs the default method when the gate agrees, and notes the end.

    Parameters
    ----------
    bench : Bench
        Of the window.
    sample : SamplePaths
        What to open.

    Attributes
    ----------
    ended, shown : bool
        Whether it is over, and whether the cells are on the canvas and in the store.
    """

    def __init__(self, bench: Bench, sample: SamplePaths) -> None:
        self.ended = self.shown = False
        self._bench = bench
        bench.checked.connect(self._on_checked)
        bench.job_ended.connect(self._on_job_ended)
        bench.run_loaded.connect(self._on_run)
        bench.runs_changed.connect(self._on_runs)
        bench.failed.connect(self._on_failed)
        bench.open_tissue(sample.tissue)
        bench.open_reference(sample.reference)

    def _on_checked(self, report: Report) -> None:
        from napari_tessera.methods import METHODS

        if self._bench.can_run and not self._bench.jobs:
            _say(f"{report.n_cells} cells, {report.n_spots} spots, {report.n_genes} shared genes")
            method = next(iter(METHODS.values()))
            self._bench.run(method.name, method.options_type())
        elif not report.ok:
            self._on_failed(str(report.refusals[0]), "")

    def _on_job_ended(self, job: Job, outcome: Outcome) -> None:
        if outcome.state != "done":
            self._on_failed(f"{job.title}: {outcome.message}", outcome.hint)

    def _on_run(self, run: Run) -> None:
        provenance = run.provenance
        _say(
            f"{run.name}: held-out distance {_score(provenance.scores)}, "
            f"baseline {_score(provenance.baseline)}"
        )

    def _on_runs(self, runs: tuple[Any, ...]) -> None:
        if runs and self._bench.shown is not None:
            self.ended = self.shown = True

    def _on_failed(self, message: str, hint: str) -> None:
        _say(f"{message} {hint}".strip())
        self.ended = True


def _score(scores: Any) -> str:  # noqa: ANN401 - a mapping with other things in it
    """Write the held-out distance."""
    value = scores.get("held_out_distance")
    return "none" if value is None else f"{value:.4g}"


def _live_until(over: Any, longest_s: float) -> None:  # noqa: ANN401 - a predicate
    """Let the window live until something holds, or the time is up."""
    from qtpy.QtWidgets import QApplication

    until = time.monotonic() + longest_s
    while not over() and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def _needs_display() -> bool:
    """Whether this is a Linux machine without any display."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    return sys.platform.startswith("linux") and not shown and not platform


def _on_virtual_display(screenshot: Path | None) -> int:
    """Run the demo again under Xvfb."""
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        _say("No display, and no xvfb-run: install xvfb, or start the demo on a desktop.")
        return 2
    target = Path("demo.png") if screenshot is None else screenshot
    command = [
        xvfb, "-a", "-s", f"-screen 0 {SIZE[0]}x{SIZE[1]}x24 -nolisten tcp",
        sys.executable, "-m", "napari_tessera", "demo", "--headless", "--screenshot", str(target),
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


def _say(text: str) -> None:
    """Tell the person at the shell."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
