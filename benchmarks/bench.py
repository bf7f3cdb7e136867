"""Steps of STEM beside scSTEM and Tangram as their authors released them, on the same input.

    python benchmarks/bench.py [--peers PYTHON] [--threads 4] [--steps 3] [--docs docs]

The peers are installed from the package index into an environment of their own, ``.venv-peers``;
scSTEM is under the GPL: it is measured, never used. Every program runs in a process of its own on
the same planted tissue, with its own default settings. Writes the tables of ``docs/speed.md``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np

from napari_tessera.testing.planted import planted_tissue

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("scSTEM==0.0.2", "tangram-sc==1.0.4")
OURS, THEIRS = "stem, all cells", ("scSTEM", "scSTEM, MMD repaired", "Tangram")
N_GENES = 300
SIZES = ((10_000, 919), (10_000, 1_879), (20_000, 1_879))
"""Cells and spots."""

AS_RELEASED_UP_TO = 1_000
"""Spots up to which scSTEM runs as released: its memory is (spots + 1,000)^2 x 2 KiB."""

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

Row = dict[str, Any]


def peers_python() -> str:
    """Interpreter of the peers' environment, made when it is not there."""
    folder = ROOT / ".venv-peers"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([str(python), *words, *PEERS, "psutil"], check=True)
    return str(python)


def save_tissue(n_cells: int, n_spots: int, folder: Path) -> Path:
    """Plant a tissue and keep it dense: what the peers read."""
    path = folder / f"{n_cells}x{n_spots}.npz"
    paired = planted_tissue(n_cells=n_cells, n_spots=n_spots, n_genes=N_GENES).paired
    cells, spots = (e.values.toarray().astype(np.float32) for e in (paired.cells, paired.spots))
    np.savez(path, cells=cells, spots=spots, xy=paired.spot_xy, pitch=paired.pitch)
    return path


def measure(python: str, program: str, data: Path, given: argparse.Namespace) -> Row:
    """One program on one input, in a process of its own."""
    worker = str(ROOT / "benchmarks" / "peer_worker.py")
    words = [
        python,
        "-W",
        "ignore",
        worker,
        str(data),
        program,
        str(given.steps),
        str(given.threads),
    ]
    threads = {k: str(given.threads) for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env=os.environ | threads
    )
    n_cells, n_spots = (int(n) for n in data.stem.split("x"))
    row: Row = {"program": program, "cells": n_cells, "spots": n_spots}
    if done.returncode:
        return row | {"failed": (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]}
    return row | json.loads(done.stdout.strip().splitlines()[-1])


def exponent(rows: list[Row], program: str) -> float | None:
    """Growth of the CPU time with the spots, at the same number of cells."""
    mine = [
        r for r in rows if r["program"] == program and r["cells"] == SIZES[0][0] and "cpu_s" in r
    ]
    if len(mine) < 2:
        return None
    first, last = mine[0], mine[-1]
    return math.log(last["cpu_s"] / first["cpu_s"]) / math.log(last["spots"] / first["spots"])


def table(rows: list[Row], given: argparse.Namespace) -> list[str]:
    """Markdown of all rows, each beside ours of the same size."""
    lines = [
        f"Median of {given.steps} steps, threads: {given.threads}, {N_GENES} genes; load average "
        f"{os.getloadavg()[0]:.1f} at the end.",
        "",
        "| program | cells, spots | wall s per step | CPU s per step | GiB above the data | "
        "CPU time over ours |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        size = f"{row['cells']:,}, {row['spots']:,}"
        if "failed" in row:
            lines.append(f"| {row['program']} | {size} | failed: {row['failed']} | | | |")
            continue
        same = [r for r in rows if r["program"] == OURS and r["spots"] == row["spots"]]
        ours = [r["cpu_s"] for r in same if r["cells"] == row["cells"] and "cpu_s" in r]
        ratio = f"{row['cpu_s'] / ours[0]:.1f}" if ours else ""
        figures = f"{row['wall_s']:.3f} | {row['cpu_s']:.3f} | {row['peak_gib']:.2f} | {ratio}"
        lines.append(f"| {row['program']} | {size} | {figures} |")
    for program in dict.fromkeys(r["program"] for r in rows):
        found = exponent(rows, program)
        if found is not None:
            lines += ["", f"`{program}`: CPU time grows with the spots to the power {found:.2f}."]
    return lines


def write(lines: list[str], page: Path) -> None:
    """Put the table between the marks of the page."""
    text = page.read_text(encoding="utf-8")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    page.write_text(head + "\n".join([BEGIN, "", *lines, "", END]) + tail, encoding="utf-8")


def main() -> None:
    """Measure every program on every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter that has the peers already")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--largest", type=int, default=len(SIZES), help="how many sizes")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    given = parser.parse_args()
    peers, rows = given.peers or peers_python(), []
    with tempfile.TemporaryDirectory() as folder:
        for n_cells, n_spots in SIZES[: given.largest]:
            data = save_tissue(n_cells, n_spots, Path(folder))
            for program in (OURS, "stem, 512 cells", *THEIRS):
                if program == "scSTEM" and n_spots > AS_RELEASED_UP_TO:
                    continue
                python = peers if program in THEIRS else sys.executable
                rows.append(measure(python, program, data, given))
                print(rows[-1], flush=True)
    write(table(rows, given), given.docs / "speed.md")


if __name__ == "__main__":
    main()
