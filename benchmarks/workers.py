"""Fits that die in every way, fits that are resumed, fits that are stopped.

    python benchmarks/workers.py                    # or: deaths, resumes, stops

deaths   50 children killed by signals, frozen, or out of memory: is there one clear message, and
         does the run go on from its checkpoint?
resumes  20 fits killed with SIGKILL at a random moment and resumed: is the result bit for bit that
         of an unbroken one?
stops    50 cancels at random moments: time until the child is gone, checkpoint written
"""

from __future__ import annotations

import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from napari_tessera.contract.inputs import RunSpec, Selection
from napari_tessera.contract.state import JobState
from napari_tessera.data.sample import write_sample
from napari_tessera.jobs.backends import ChildBackend
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.jobs.runner import JobSpec, Runner
from napari_tessera.workflows.prepare import prepare_run

if TYPE_CHECKING:
    from napari_tessera.jobs.job import Job

CHECKPOINT_S = 0.3
DEATHS = ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGTERM", "frozen", "memory")
CHILD = f"""
import sys
import napari_tessera.jobs.monitor as monitor
monitor.RunDirMonitor.__init__.__kwdefaults__["checkpoint_every_s"] = {CHECKPOINT_S}
from napari_tessera.cli.main import main
sys.exit(main(["fit", "--spec", sys.argv[1] + "/spec.json", "--run-dir", sys.argv[1]]))
"""


def command(path: Path) -> list[str]:
    """Fit as the window does, with checkpoints more often."""
    return [sys.executable, "-W", "ignore", "-c", CHILD, str(path)]


def prepared(folder: Path, steps: int) -> Path:
    """Run directory of a fit of so many steps."""
    sample = write_sample(folder / "sample", n_cells=400, n_spots=160, n_genes=80)
    spec = RunSpec(
        method="stem",
        tissue=str(sample.tissue),
        reference=str(sample.reference),
        selection=Selection(cell_type_column="cell_type"),
        options={"steps": steps, "members": 1},
    )
    return prepare_run(spec).run_dir.path


def submit(runner: Runner, path: Path) -> Job:
    """Start a fit in a child."""
    backend = ChildBackend(command=command)
    return runner.submit(JobSpec(name=path.name, title="STEM", run_dir=path, backend=backend))


def trained(job: Job, rng: np.random.Generator) -> psutil.Process:
    """Wait until a fit trains, and a random while longer; its process."""
    while job.progress is None or job.progress.step < 3:
        if job.outcome is not None:
            raise RuntimeError(job.outcome.message)
        time.sleep(0.01)
    time.sleep(float(rng.uniform(0.4, 1.5)))
    return next(c for c in psutil.Process().children() if CHILD in c.cmdline())


def die(child: psutil.Process, job: Job, way: str) -> None:
    """Do harm to a child."""
    if way == "frozen":
        child.send_signal(signal.SIGSTOP)
        job.cancel()
    elif way == "memory":
        used = child.memory_info().vms
        child.rlimit(resource.RLIMIT_AS, (used, used))
    else:
        child.send_signal(getattr(signal, way))


def deaths(folder: Path, times: int = 50) -> dict[str, Any]:
    """Children that die; each run is resumed and finished early afterwards."""
    base, rng = prepared(folder, 100_000), np.random.default_rng(0)
    found: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for i in range(times):
        way = DEATHS[i % len(DEATHS)]
        path = shutil.copytree(base, folder / "dying" / base.name)
        runner = Runner()
        job = submit(runner, path)
        die(trained(job, rng), job, way)
        survived = job.wait(30) and job.outcome is not None
        if not survived and way == "memory":  # a library that waits for memory: a person cancels
            found["of these cancelled, because a library waited for memory for ever"] += 1
            job.cancel()
            survived = job.wait(5) and job.outcome is not None
        if survived and job.outcome is not None:
            messages.setdefault(way, f"{job.outcome.message} {job.outcome.hint}")
            again = submit(runner, path)
            trained(again, rng)
            again.finish()
            again.wait(60)
            survived = again.outcome is not None and again.outcome.state is JobState.DONE
        found["survived" if survived and messages[way].strip() else f"lost: {way}"] += 1
        runner.close(timeout_s=2.0)
        shutil.rmtree(folder / "dying")
    return {"deaths": times, **found, "messages": messages}


def resumes(folder: Path, times: int = 20) -> dict[str, Any]:
    """Fits that are killed and go on."""
    base, rng, equal = prepared(folder, 400), np.random.default_rng(1), 0
    runner = Runner()
    whole = shutil.copytree(base, folder / "whole" / base.name)
    submit(runner, whole).wait(300)
    wanted = RunDir(whole).load_result().result.placement
    for _ in range(times):
        path = shutil.copytree(base, folder / "broken" / base.name)
        job = submit(runner, path)
        trained(job, rng).kill()
        job.wait(20)
        assert RunDir(path).load_checkpoint() is not None
        submit(runner, path).wait(300)
        got = RunDir(path).load_result().result.placement
        same = np.array_equal(got.xy, wanted.xy) and (got.map != wanted.map).nnz == 0
        equal += bool(same and np.array_equal(got.entropy, wanted.entropy))
        shutil.rmtree(folder / "broken")
    runner.close(timeout_s=2.0)
    return {"resumes": times, "bit_equal": equal}


def stops(folder: Path, times: int = 50) -> dict[str, Any]:
    """Fits that are cancelled."""
    base, rng = prepared(folder, 100_000), np.random.default_rng(2)
    took, resumable, runner = [], 0, Runner()
    for _ in range(times):
        path = shutil.copytree(base, folder / "stopped" / base.name)
        job = submit(runner, path)
        child = trained(job, rng)
        began = time.monotonic()
        job.cancel()
        job.wait(20)
        psutil.wait_procs([child], timeout=5)
        took.append(time.monotonic() - began)
        resumable += RunDir(path).load_checkpoint() is not None
        shutil.rmtree(folder / "stopped")
    runner.close(timeout_s=2.0)
    quantiles = {"p50_s": float(np.median(took)), "p99_s": float(np.quantile(took, 0.99))}
    return {
        "stops": times,
        "resumable": resumable,
        **{k: round(v, 2) for k, v in quantiles.items()},
    }


def main() -> None:
    """Do the parts that are asked for."""
    warnings.filterwarnings("ignore")
    parts = {"deaths": deaths, "resumes": resumes, "stops": stops}
    for name in sys.argv[1:] or list(parts):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = parts[name](Path(folder))
        print(
            f"{name} ({time.monotonic() - began:.0f} s): {json.dumps(found, indent=1)}", flush=True
        )


if __name__ == "__main__":
    main()
