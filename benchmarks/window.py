"""How late the window is while a network trains, how fast a fit stops, how napari closes.

    NAPARI_TESSERA_DATA=... python benchmarks/window.py            # all; on a server: xvfb-run
    NAPARI_TESSERA_DATA=... python benchmarks/window.py lateness   # or: preview, cancels, closings

`lateness` opens breast tumour A1, presses Run with the default worker, and asks a Qt timer every
10 ms how late it is, from Run until the result is in the store and on the screen; and, before that,
while only napari's own turning sign in its activity area is shown. `preview` takes
the time from Run to the first placed cells for 10,000 cells x 1,000 spots. `cancels` and `closings`
stop twenty fits each and compare every file of the store with what it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.data.sample import SamplePaths
    from napari_tessera.jobs.job import Job

EVERY_MS = 10
TIMES = 20
STALL_S = 0.05


class Lateness:
    """A Qt timer that notes by how many milliseconds each tick is late.

    What the window's thread computed meanwhile is noted too: where other programs want the cores,
    ticks are late that nothing of ours held up. What the thread is doing in a stall longer than
    50 ms is noted by another thread.
    """

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self.late: list[float] = []
        self.busy: list[float] = []
        self.stalls: Counter[str] = Counter()
        self._last, self._used = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._over = threading.Event()
        self._main = threading.get_ident()

    def __enter__(self) -> Lateness:
        """Start."""
        self._last, self._used = time.perf_counter(), time.thread_time()
        self._timer.start(EVERY_MS)
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._timer.stop()
        self._over.set()

    def _tick(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        self.late.append(max(0.0, (now - self._last) * 1000 - EVERY_MS))
        self.busy.append((used - self._used) * 1000)
        self._last, self._used = now, used

    def _look(self) -> None:
        while not self._over.wait(0.02):
            if time.perf_counter() - self._last > STALL_S:
                frame = sys._current_frames().get(self._main)  # noqa: SLF001 - no public way
                stack = traceback.extract_stack(frame)
                ours = [s for s in stack if "napari_tessera" in s.filename][-2:]
                names = [f"{Path(s.filename).stem}.{s.name}:{s.lineno}" for s in (*ours, stack[-1])]
                self.stalls[" > ".join(names)] += 1

    def summary(self) -> dict[str, Any]:
        """Quantiles in milliseconds."""
        late = np.array(self.late)
        p50, p99 = np.quantile(late, (0.5, 0.99))
        busy = np.array(self.busy)
        return {
            "ticks": late.size,
            "p50_ms": round(float(p50), 1),
            "p99_ms": round(float(p99), 1),
            "max_ms": round(float(late.max()), 1),
            "later_than_16.7_ms": f"{(late > 16.7).mean():.2%}",
            "busy_p99_ms": round(float(np.quantile(busy, 0.99)), 1),
            "busy_max_ms": round(float(busy.max()), 1),
        }


def content(store: Path) -> str:
    """Hash of every file of a store."""
    digest = hashlib.sha256()
    for path in sorted(store.rglob("*")):
        digest.update(str(path.relative_to(store)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def live_until(over: Callable[[], bool], longest_s: float = 300.0) -> bool:
    """Let Qt live until something holds; whether it did."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, until = QEventLoop(), time.monotonic() + longest_s
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if over() or time.monotonic() > until else None)
    timer.start(5)
    loop.exec()
    return over()


def open_window(sample: SamplePaths) -> tuple[Any, Any]:
    """Viewer and bench with a tissue that is ready to run."""
    import napari

    from napari_tessera.widgets.demo import open_docks

    viewer = napari.Viewer(show=True)
    bench = open_docks(viewer).bench
    bench.open_tissue(sample.tissue)
    bench.open_reference(sample.reference)
    live_until(lambda: bench.can_run)
    live_until(lambda: False, 1.0)
    return viewer, bench


def start(bench: Any, **options: Any) -> Job:  # noqa: ANN401 - options of the method
    """Run STEM in the default worker."""
    from napari_tessera.methods import get_method

    method = get_method("stem")
    bench.run("stem", method.options_type(**options))
    live_until(lambda: bool(bench.jobs))
    return bench.jobs[-1]


def briefly(folder: Path) -> dict[str, Any]:
    """Lateness with a short fit, as the suite asks for it."""
    from napari_tessera.data.sample import find_sample

    sample = find_sample(folder)
    return {"sample": sample.name, **during_a_fit(*open_window(sample), steps=50, members=2)}


def lateness(folder: Path) -> dict[str, Any]:
    """A1 from Run to Done."""
    from napari.utils import progress

    from napari_tessera.data.sample import find_sample

    sample = find_sample(folder)
    viewer, bench = open_window(sample)
    sign = progress(total=100, desc="nothing")
    with Lateness() as alone:
        live_until(lambda: False, 5.0)
    sign.close()
    found = during_a_fit(viewer, bench)
    return {"sample": sample.name, **found, "sign_alone_p99_ms": alone.summary()["p99_ms"]}


def during_a_fit(viewer: Any, bench: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of napari and of the method
    """Lateness from Run to Done; the window is closed then."""
    with Lateness() as late:
        start(bench, **options)
        live_until(lambda: bool(bench.runs) and bench.shown is not None)
        live_until(lambda: False, 1.0)
    viewer.close()
    return {**late.summary(), "stalls": dict(late.stalls.most_common(12))}


def preview(folder: Path) -> dict[str, Any]:
    """10,000 cells x 1,000 spots: seconds from Run to the first placed cells."""
    from napari_tessera.data.sample import write_sample

    sample = write_sample(folder, n_cells=10_000, n_spots=1_000, n_genes=300)
    viewer, bench = open_window(sample)
    seen: list[float] = []
    bench.previewed.connect(lambda _job, _xy: seen.append(time.monotonic()))
    began = time.monotonic()
    job = start(bench)
    live_until(lambda: bool(seen))
    job.cancel()
    live_until(lambda: job.outcome is not None)
    viewer.close()
    return {"first_preview_s": round(seen[0] - began, 1)}


def cancels(folder: Path) -> dict[str, Any]:
    """Twenty fits cancelled at random moments."""
    from napari_tessera.data.sample import write_sample

    sample = write_sample(folder, n_cells=400, n_spots=160, n_genes=80)
    viewer, bench = open_window(sample)
    before, rng, took = content(sample.tissue), np.random.default_rng(0), []
    resumable = 0
    for i in range(TIMES):
        job = start(bench, seed=i, steps=100_000, members=1)
        live_until(lambda j=job: j.progress is not None and j.progress.step > 2)
        live_until(lambda: False, float(rng.uniform(0, 1.0)))
        began = time.monotonic()
        job.cancel()
        live_until(lambda j=job: j.outcome is not None)
        took.append(time.monotonic() - began)
        resumable += bool(job.outcome and job.outcome.resumable)
    viewer.close()
    same = content(sample.tissue) == before
    return {
        "cancels": TIMES,
        "longest_s": round(max(took), 2),
        "resumable": resumable,
        "same": same,
    }


def closing(folder: Path) -> None:
    """Child: open, run, and close the window from within while the fit goes on."""
    import napari
    from qtpy.QtCore import QTimer

    from napari_tessera.data.sample import SamplePaths

    sample = SamplePaths(
        name="", tissue=folder / "tissue.zarr", reference=folder / "reference.h5ad"
    )
    viewer, bench = open_window(sample)
    job = start(bench, steps=100_000, members=1)
    live_until(lambda: job.progress is not None and job.progress.step > 2)
    print(json.dumps({"run_dir": str(job.run_dir)}), flush=True)
    QTimer.singleShot(0, viewer.close)
    napari.run()


def closings(folder: Path) -> dict[str, Any]:
    """Twenty napari processes closed during a fit."""
    from napari_tessera.data.sample import write_sample
    from napari_tessera.jobs.run_dir import RunDir

    sample = write_sample(folder, n_cells=400, n_spots=160, n_genes=80)
    before, took, codes, resumable = content(sample.tissue), [], [], 0
    for _ in range(TIMES):
        command = [sys.executable, __file__, "closing", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            line = next(line for line in child.stdout or () if line.startswith("{"))
            began = time.monotonic()
            codes.append(child.wait(timeout=60))
            took.append(time.monotonic() - began)
        run_dir = Path(json.loads(line)["run_dir"])
        resumable += RunDir(run_dir).load_checkpoint() is not None
        shutil.rmtree(run_dir)
    same = content(sample.tissue) == before
    found = {"closings": TIMES, "longest_s": round(max(took), 2), "exit_codes": sorted(set(codes))}
    return {**found, "resumable": resumable, "same": same}


def main() -> None:
    """Measure what is asked for, each in a process of its own."""
    parts = {"lateness": lateness, "preview": preview, "cancels": cancels, "closings": closings}
    asked = sys.argv[1:] or list(parts)
    if asked[0] == "closing":
        closing(Path(asked[1]))
        return
    parts["briefly"] = briefly
    if len(asked) > 1 or not sys.argv[1:]:
        for name in asked:
            subprocess.run([sys.executable, __file__, name], check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = parts[asked[0]](Path(folder))
    print(asked[0], json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
