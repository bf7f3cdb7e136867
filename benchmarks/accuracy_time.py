"""How long STEM takes to place cells as well as scSTEM does in the end, on the mouse embryo.

    NAPARI_TESSERA_DATA=... python benchmarks/accuracy_time.py [--peers PYTHON] [--threads 4]

scSTEM takes the 300 steps of its authors' notebook, with the distances of its alignment term by a
matrix product, and cells that no spot holds are placed every 20 steps; of the released form, whose
steps are the same numbers at another price, five steps are timed. Ours is one network, fitted and
predicted from the counts on, trial on held-out spots included, for rising numbers of steps. Every
program runs in a process of its own; what judging takes is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

STEPS, LOOK_EVERY, RELEASED_STEPS = 300, 20, 5
OURS = (10, 20, 30, 50, 100, 200, 300)
NEAR = 1.02
"""Accuracy counts as reached within this factor of the best."""


def error(data: Any, xy: np.ndarray) -> float:  # noqa: ANN401 - an npz file
    """Mean distance of the judged cells from their places."""
    off = np.linalg.norm(xy - data["truth"], axis=1)
    return float(off[data["judged"]].mean())


def theirs(path: Path, *, repaired: bool) -> dict[str, Any]:
    """Train scSTEM; seconds and error at every look, or the seconds of a step as released."""
    import torch

    from peer_worker import normalised, stem_model

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what scSTEM draws from
    data = np.load(path)
    model = stem_model(data, repaired=repaired)
    cells, spots = normalised(data["cells"]), normalised(data["spots"])
    n_steps, took, looks = STEPS if repaired else RELEASED_STEPS, 0.0, []
    for i in range(n_steps):
        began = time.monotonic()
        model.train_onestep(spots, cells, data["xy"], max((i - 50) / (STEPS - 50), 0.0))
        model.lr_scheduler.step()
        took += time.monotonic() - began
        if repaired and (i + 1) % LOOK_EVERY == 0:
            model.netE.eval()
            with torch.no_grad():
                shares = (model.netE(cells) @ model.netE(spots).T).softmax(dim=1)
            model.netE.train()
            looks.append((i + 1, took, error(data, shares.double().numpy() @ data["xy"])))
    return {"step_s": took / n_steps, "looks": looks}


def ours(path: Path, method: str, n_threads: int) -> dict[str, Any]:
    """Fit and predict with rising numbers of steps; seconds and error of each."""
    import torch

    from cases import embryo
    from napari_tessera.contract.progress import SilentMonitor
    from napari_tessera.methods import get_method

    torch.set_num_threads(n_threads)
    data, paired = np.load(path), embryo(everyone=True).paired
    chosen, looks = get_method(method), []
    for n in OURS if method == "stem" else (0,):
        given = {"steps": n, "members": 1} if method == "stem" else {}
        began = time.monotonic()
        fitted = chosen.fit(paired, chosen.options_type(**given), SilentMonitor())
        placement = chosen.predict(fitted, paired).placement
        took = time.monotonic() - began
        assert placement is not None
        looks.append((n, took, error(data, placement.xy)))
    return {"looks": looks}


def save(folder: Path) -> Path:
    """Keep the embryo as dense arrays: what scSTEM reads."""
    from cases import embryo

    case, path = embryo(everyone=True), folder / "embryo.npz"
    cells, spots = (
        e.values.toarray().astype(np.float32) for e in (case.paired.cells, case.paired.spots)
    )
    assert case.truth_xy is not None
    assert case.judged is not None
    np.savez(
        path, cells=cells, spots=spots, xy=case.paired.spot_xy, pitch=case.paired.pitch,
        truth=case.truth_xy, judged=case.judged,
    )  # fmt: skip
    return path


def run(python: str, path: Path, program: str, n_threads: int) -> dict[str, Any]:
    """One program in a process of its own."""
    words = [python, "-W", "ignore", __file__, "--work", str(path), program]
    threads = {k: str(n_threads) for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    words += ["--threads", str(n_threads)]
    done = subprocess.run(
        words, env=os.environ | threads, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(program, json.dumps(found), flush=True)
    return found


def compare(found: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Seconds to the accuracy that scSTEM reaches, and at equal steps."""
    looks = found["scSTEM, MMD repaired"]["looks"]
    best = min(off for _, _, off in looks)
    n, repaired_s, _ = next(look for look in looks if look[2] <= NEAR * best)
    released_s = n * found["scSTEM"]["step_s"]
    mine = found["stem"]["looks"]
    own_n, own_s, own_off = next(look for look in mine if look[2] <= best)
    equal_s = next(took for steps, took, _ in mine if steps >= STEPS)
    return {
        "its error": best, "its steps": n, "repaired s": repaired_s, "released s": released_s,
        "our error": own_off, "our steps": own_n, "our s": own_s,
        "repaired over ours": repaired_s / own_s, "released over ours": released_s / own_s,
        "equal steps, repaired over ours": looks[-1][1] / equal_s,
    }  # fmt: skip


def main() -> None:
    """Run all programs, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter that has the peers already")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--work", nargs=2, metavar=("DATA", "PROGRAM"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        path, program = Path(given.work[0]), given.work[1]
        if program.startswith("scSTEM"):
            print(json.dumps(theirs(path, repaired=program != "scSTEM")))
        else:
            print(json.dumps(ours(path, program, given.threads)))
        return
    from bench import peers_python

    peers = given.peers or peers_python()
    with tempfile.TemporaryDirectory() as folder:
        path = save(Path(folder))
        programs = {"stem": sys.executable, "baseline": sys.executable}
        programs |= {"scSTEM, MMD repaired": peers, "scSTEM": peers}
        found = {p: run(python, path, p, given.threads) for p, python in programs.items()}
    print(json.dumps({k: round(v, 3) for k, v in compare(found).items()}, indent=1))


if __name__ == "__main__":
    main()
