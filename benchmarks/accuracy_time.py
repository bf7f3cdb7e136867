"""How long STEM takes to place cells as well as scSTEM does in the end.

    python benchmarks/accuracy_time.py planted [--peers PYTHON] [--threads 4]
    NAPARI_TESSERA_DATA=... python benchmarks/accuracy_time.py embryo

scSTEM takes the 300 steps of its authors' notebook, with the distances of its alignment term by a
matrix product, and places all cells every 20 steps, which is not counted; of the released form,
whose steps are the same numbers at another price, five steps are timed. Ours is one network, for
rising numbers of steps: from the counts until every cell has its place, its spread and its disc,
trial on held-out spots included. Judged are cells that no spot holds. Every program runs in a
process of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cases import Case

STEPS, LOOK_EVERY, RELEASED_STEPS = 300, 20, 5
OURS = (10, 20, 30, 40, 50, 75, 100, 200, 300)
NEAR = 1.02
"""Accuracy counts as reached within this factor of the best."""

ASKED = 2000
"""Cells whose neighbours are looked up for the hits, at most."""

PLANTED = (10_000, 919, 300)
"""Cells, spots and genes of the planted tissue."""


def case_of(tissue: str) -> Case:
    """Read or plant what is to be placed."""
    from cases import Case, embryo
    from napari_tessera.testing.planted import planted_tissue

    if tissue == "embryo":
        return embryo(everyone=True)
    n_cells, n_spots, n_genes = PLANTED
    made = planted_tissue(n_cells=n_cells, n_spots=n_spots, n_genes=n_genes)
    everyone = np.ones(n_cells, dtype=np.bool_)
    return Case(
        name=tissue, title=tissue, paired=made.paired, truth_xy=made.truth_xy, judged=everyone
    )


def keep(folder: Path, program: str, n: int, xy: np.ndarray) -> None:
    """Write down where a program placed the cells after so many steps."""
    np.save(folder / f"{program} {n}.npy", xy)


def theirs(folder: Path, program: str) -> dict[str, Any]:
    """Train scSTEM and place the cells at every look; as released, only time its steps."""
    import torch

    from peer_worker import normalised, stem_model

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what scSTEM draws from
    data = np.load(folder / "data.npz")
    repaired = program != "scSTEM"
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
            keep(folder, program, i + 1, shares.double().numpy() @ data["xy"])
            looks.append((i + 1, took))
    return {"step_s": took / n_steps, "looks": looks}


def ours(folder: Path, program: str, tissue: str, n_threads: int) -> dict[str, Any]:
    """Fit and place with rising numbers of steps; without types nothing is composed."""
    import torch

    from napari_tessera.contract.progress import SilentMonitor
    from napari_tessera.methods import get_method

    torch.set_num_threads(n_threads)
    paired = case_of(tissue).paired
    untyped = dataclasses.replace(paired, cell_types=None)
    chosen, looks = get_method(program), []
    for n in OURS if program == "stem" else (0,):
        given = {"steps": n, "members": 1} if program == "stem" else {}
        began = time.monotonic()
        fitted = chosen.fit(paired, chosen.options_type(**given), SilentMonitor())
        placement = chosen.predict(fitted, untyped).placement
        looks.append((n, time.monotonic() - began))
        assert placement is not None
        keep(folder, program, n, placement.xy)
    return {"looks": looks}


def save(case: Case, folder: Path) -> None:
    """Keep a tissue as dense arrays: what scSTEM reads."""
    cells, spots = (
        e.values.toarray().astype(np.float32) for e in (case.paired.cells, case.paired.spots)
    )
    xy, pitch = case.paired.spot_xy, case.paired.pitch
    np.savez(folder / "data.npz", cells=cells, spots=spots, xy=xy, pitch=pitch)


def run(python: str, folder: Path, program: str, given: argparse.Namespace) -> dict[str, Any]:
    """One program in a process of its own."""
    words = [python, "-W", "ignore", __file__, given.tissue, "--work", str(folder), program]
    threads = {k: str(given.threads) for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    words += ["--threads", str(given.threads)]
    done = subprocess.run(
        words, env=os.environ | threads, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def scored(folder: Path, case: Case, program: str, found: dict[str, Any]) -> dict[str, Any]:
    """Score the places of every look."""
    from napari_tessera.numerics.scores import hit_number

    assert case.truth_xy is not None
    assert case.judged is not None
    rows, looks = np.flatnonzero(case.judged), []
    asked = np.random.default_rng(0).choice(rows, min(ASKED, rows.size), replace=False)
    for n, took in found["looks"]:
        xy = np.load(folder / f"{program} {n}.npy")
        off = np.linalg.norm(xy - case.truth_xy, axis=1)[rows] / case.paired.pitch
        hits = hit_number(xy, case.truth_xy, 50, asked)
        looks.append([n, *(round(v, 2) for v in (took, off.mean(), (off**2).mean(), hits))])
    print(program, json.dumps(found | {"looks": looks}), flush=True)
    return found | {"looks": looks}


def compare(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How many times sooner cells lie as well as after its whole schedule, and as at its best."""
    looks, step_s = found["scSTEM, MMD repaired"]["looks"], found["scSTEM"]["step_s"]
    best = min(look[2] for look in looks)
    near_best = next(look for look in looks if look[2] <= NEAR * best)
    said: dict[str, Any] = {}
    for words, theirs_at, wanted in (("end", looks[-1], looks[-1][2]), ("best", near_best, best)):
        seconds = {"repaired": theirs_at[1], "released": theirs_at[0] * step_s}
        said[words] = {"scSTEM": theirs_at, "released, s": round(seconds["released"], 1)}
        for program in ("stem", "baseline"):
            at = next((look for look in found[program]["looks"] if look[2] <= wanted), None)
            times = {k: round(s / at[1], 1) for k, s in seconds.items()} if at else {}
            said[words] |= {program: at, f"{program}, times": times}
    equal = next(look for look in found["stem"]["looks"] if look[0] >= STEPS)
    return said | {"equal steps, times": round(looks[-1][1] / equal[1], 1)}


def main() -> None:
    """Run all programs, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tissue", choices=("planted", "embryo"))
    parser.add_argument("--peers", help="interpreter that has the peers already")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--work", nargs=2, metavar=("DATA", "PROGRAM"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        folder, program = Path(given.work[0]), given.work[1]
        if program.startswith("scSTEM"):
            print(json.dumps(theirs(folder, program)))
        else:
            print(json.dumps(ours(folder, program, given.tissue, given.threads)))
        return
    from bench import peers_python

    peers, case = given.peers or peers_python(), case_of(given.tissue)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        save(case, folder)
        programs = {"stem": sys.executable, "baseline": sys.executable}
        programs |= {"scSTEM, MMD repaired": peers, "scSTEM": peers}
        found = {
            p: scored(folder, case, p, run(python, folder, p, given))
            for p, python in programs.items()
        }
    print(json.dumps(compare(found), indent=1))


if __name__ == "__main__":
    main()
