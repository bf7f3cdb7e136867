"""The scoreboard: methods x tissues x seeds, with the same default options everywhere.

    NAPARI_TESSERA_DATA=... python benchmarks/scoreboard.py [--cases embryo pdac] [--seeds 3]

Writes ``docs/scoreboard.csv`` run by run, and goes on where it was stopped; then
``docs/_static/scoreboard.png`` and the tables between the marks of ``docs/scoreboard.md``. Beside
our figures stand those that the authors of a method printed, and those that were measured for
their code on the same files.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cases import CASES
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.scores import (
    composition_pcc,
    composition_rmse,
    distances,
    hit_number,
    jensen_shannon,
    pearson,
)
from scoreboard_report import draw, write_tables

if TYPE_CHECKING:
    from cases import Case
    from napari_tessera.contract.results import RunResult

DOCS = Path(__file__).resolve().parents[1] / "docs"

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("baseline", {}),
    "stem": ("stem", {}),
    "stem, one network": ("stem", {"members": 1}),
}
"""What is compared: name of the method and options that differ from the default."""

ONE_NETWORK_ON = {"embryo_all", "embryo"}
"""Cases on which a single network is run too."""

FIELDS = (
    "case", "method", "seed", "mean_pitch", "low_pitch", "high_pitch", "median_pitch", "mean",
    "hit_50", "hit_200", "chance_50", "composition_pcc", "composition_rmse", "composition_jsd",
    "marker_pcc", "held_out_pitch", "seconds",
)  # fmt: skip

ASKED, DRAWS = 1500, 1000
"""Cells asked for their neighbours, and bootstrap draws of an interval."""

Row = dict[str, Any]


def score_places(case: Case, result: RunResult) -> Row:
    """Errors in pitches with their 95 % interval over cells, and hit numbers."""
    if case.truth_xy is None or case.judged is None or result.placement is None:
        return {}
    placed, rows = result.placement.xy, np.flatnonzero(case.judged)
    rng = np.random.default_rng(0)
    off = distances(placed, case.truth_xy)[rows]
    means = [off[rng.integers(0, off.size, off.size)].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975]) / case.paired.pitch
    asked = rows if rows.size <= ASKED else rng.choice(rows, ASKED, replace=False)
    return {
        "mean": off.mean(),
        "mean_pitch": off.mean() / case.paired.pitch,
        "low_pitch": low,
        "high_pitch": high,
        "median_pitch": np.median(off) / case.paired.pitch,
        "hit_50": hit_number(placed, case.truth_xy, 50, asked),
        "hit_200": hit_number(placed, case.truth_xy, 200, asked),
        "chance_50": 50**2 / (len(placed) - 1),
    }


def score_shares(case: Case, result: RunResult) -> Row:
    """Composition against the truth, and against markers that no method was shown."""
    composed = result.composition
    if composed is None:
        return {}
    row: Row = {}
    if case.shares is not None:
        row["composition_pcc"] = composition_pcc(composed.values, case.shares)[0]
        row["composition_rmse"] = composition_rmse(composed.values, case.shares)
        row["composition_jsd"] = jensen_shannon(composed.values, case.shares)
    if case.markers:
        found = []
        for kind, expression in case.markers.items():
            mine = [i for i, t in enumerate(composed.types.tolist()) if str(t).startswith(kind)]
            found.append(pearson(composed.values[:, mine].sum(axis=1), expression))
        row["marker_pcc"] = float(np.mean(found))
    return row


def run(case: Case, name: str, seed: int) -> Row:
    """One fit with default options, scored."""
    method_name, options = METHODS[name]
    method = get_method(method_name)
    start = time.monotonic()
    chosen = method.options_type(seed=seed, **options)
    fitted = method.fit(case.paired, chosen, SilentMonitor())
    result = method.predict(fitted, case.paired)
    row = {"case": case.name, "method": name, "seed": seed, "seconds": time.monotonic() - start}
    row["held_out_pitch"] = fitted.scores.get("held_out_distance_pitch")
    return row | score_places(case, result) | score_shares(case, result)


def read_rows(path: Path) -> list[Row]:
    """Read the runs that were made before."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def add_row(path: Path, row: Row) -> None:
    """Append one run."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if is_new:
            writer.writeheader()
        plain = {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
        writer.writerow(plain)


def main() -> None:
    """Run what is not there yet, then write table and figure."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--docs", type=Path, default=DOCS)
    given = parser.parse_args()
    path = given.docs / "scoreboard.csv"
    done = {(r["case"], r["method"], str(r["seed"])) for r in read_rows(path)}
    made: dict[str, Case] = {}
    for seed in range(given.seeds):  # all tissues once, then again: it may be stopped at any time
        for case_name in given.cases:
            for name in METHODS:
                single = name not in {"baseline", "stem"}
                if (case_name, name, str(seed)) in done or (
                    single and case_name not in ONE_NETWORK_ON
                ):
                    continue
                case = made.setdefault(case_name, CASES[case_name]())
                row = run(case, name, seed)
                add_row(path, row)
                print({k: f"{v:.3g}" if isinstance(v, float) else v for k, v in row.items()})
    rows = read_rows(path)
    write_tables(rows, given.docs / "scoreboard.md")
    draw(rows, given.docs / "_static" / "scoreboard.png")


if __name__ == "__main__":
    main()
