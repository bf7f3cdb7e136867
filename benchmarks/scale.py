"""Many cells and many spots: time, memory and accuracy of a whole fit and prediction.

    python benchmarks/scale.py [--cells 100000 --spots 20000] [--threads 4] [--steps N]

Plants the tissue in one process and fits in another, whose memory is watched. `--steps` ends every
stage after so many steps: time per step and memory without the hour.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from safetensors.numpy import load_file, save_file

GIB = 2**30


def plant(n_cells: int, n_spots: int, folder: Path) -> None:
    """Keep a planted tissue as files."""
    from napari_tessera.testing.planted import planted_tissue

    tissue = planted_tissue(n_cells=n_cells, n_spots=n_spots, n_genes=300)
    state = tissue.paired.to_state()
    save_file({k: np.ascontiguousarray(a) for k, a in state.arrays.items()}, folder / "paired")
    (folder / "paired.json").write_text(json.dumps(dict(state.values)), encoding="utf-8")
    np.save(folder / "truth.npy", tissue.truth_xy)


def fit(method_name: str, folder: Path, n_steps: int, n_threads: int) -> dict[str, float]:
    """Fit and predict; what it took and how far cells are off."""
    import torch

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import SilentMonitor
    from napari_tessera.contract.state import State
    from napari_tessera.methods import get_method

    torch.set_num_threads(n_threads)
    paired = PairedData.from_state(
        State(
            arrays=load_file(folder / "paired"),
            values=json.loads((folder / "paired.json").read_text(encoding="utf-8")),
        )
    )
    process = psutil.Process()
    start, peak, done = process.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], process.memory_info().rss)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    method, clock, cpu = get_method(method_name), time.monotonic(), time.process_time()
    options = method.options_type(
        **({"steps": n_steps} if n_steps and method_name == "stem" else {})
    )
    fitted = method.fit(paired, options, SilentMonitor())
    fit_s = time.monotonic() - clock
    placement = method.predict(fitted, paired).placement
    done.set()
    thread.join()
    assert placement is not None
    off = np.linalg.norm(placement.xy - np.load(folder / "truth.npy"), axis=1) / paired.pitch
    assert placement.radius is not None
    return {
        "fit_s": fit_s,
        "whole_s": time.monotonic() - clock,
        "cpu_s": time.process_time() - cpu,
        "peak_gib": peak[0] / GIB,
        "above_data_gib": (peak[0] - start) / GIB,
        "mean_pitch": float(off.mean()),
        "median_pitch": float(np.median(off)),
        "coverage": float((off * paired.pitch <= placement.radius).mean()),
        "map_residual": float(placement.map_residual.mean()),
    }


def main() -> None:
    """Plant, then fit each method in a new process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--spots", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--steps", type=int, default=0, help="steps of every stage; 0 chooses them")
    parser.add_argument("--methods", nargs="*", default=["baseline", "stem"])
    parser.add_argument("--work", nargs=2, metavar=("METHOD", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        method, folder = given.work
        if method == "plant":
            plant(given.cells, given.spots, Path(folder))
        else:
            print(json.dumps(fit(method, Path(folder), given.steps, given.threads)))
        return
    sizes = ["--cells", str(given.cells), "--spots", str(given.spots), "--steps", str(given.steps)]
    with tempfile.TemporaryDirectory() as made:
        for what in ("plant", *given.methods):
            words = [*sizes, "--threads", str(given.threads), "--work", what, made]
            print(what, flush=True)
            subprocess.run([sys.executable, "-W", "ignore", __file__, *words], check=True)


if __name__ == "__main__":
    main()
