"""Harm at every point of every write, and what is left afterwards.

    make faults                                      # all parts, with shares of the points
    python benchmarks/faults.py --share 0.1          # a tenth of the points
    python benchmarks/faults.py kills stock          # some parts

kills        SIGKILL at every file-system call of six operations; then a plain reader, a recovery,
             a retry, and a comparison of every file that is not ours
errors       ENOSPC, EIO and EACCES at such calls, and a disk that stays full
stock        the same kills at spatialdata's own delete and write, for comparison
concurrent   4 writers x 50 commits with 2 readers x 500 reads
corruptions  every file of a run deleted, cut, flipped; is it noticed when the run is read?
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import spatialdata
from spatialdata.models import Labels2DModel

from napari_tessera.contract.errors import TesseraError
from napari_tessera.data.commit import commit_elements, recover
from napari_tessera.data.convert import import_tissue
from napari_tessera.data.keys import WORK
from napari_tessera.data.runs import run_places
from napari_tessera.data.sample import write_sample
from napari_tessera.data.write import delete_run, list_runs, read_run, write_run
from napari_tessera.testing.faults import (
    RAISED,
    REFUSED,
    Damage,
    Fault,
    Harm,
    count_calls,
    damage,
    strike,
)  # fmt: skip
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

RUN, OTHER = "truth_00000000", "truth_11111111"
LABELS = "labels/truth_22222222_labels"
Work = Callable[[Path], object]
Point, Result = tuple[str, int], tuple[str, int, int, str]


def runs() -> tuple[Any, Any]:
    """Two runs of the small planted tissue."""
    planted = planted_tissue(n_cells=40, n_spots=30, n_genes=20, seed=0)
    return planted_run(planted, name=RUN), planted_run(planted, name=OTHER)


FIRST, SECOND = runs()


def add_run(store: Path) -> None:
    """Add a run: circles and two tables."""
    write_run(store, SECOND)


def delete(store: Path) -> None:
    """Delete the run that is there."""
    delete_run(store, RUN)


def replace(store: Path) -> None:
    """Put a run in the place of the one that is there, in one commit."""
    from napari_tessera.data.elements import run_elements

    elements = run_elements(spatialdata.read_zarr(store), FIRST)
    commit_elements(store, elements, remove=run_places(store, RUN))


def add_labels(store: Path) -> None:
    """Add a picture of labels."""
    made = Labels2DModel.parse(np.arange(64 * 64, dtype=np.int32).reshape(64, 64), dims=("y", "x"))
    commit_elements(store, {LABELS: made})


def add_and_remove(store: Path) -> None:
    """Add a run and remove another at once."""
    from napari_tessera.data.elements import run_elements

    elements = run_elements(spatialdata.read_zarr(store), SECOND)
    commit_elements(store, elements, remove=run_places(store, RUN))


def import_it(store: Path) -> None:
    """Make a new store of a file."""
    import_tissue(store.parent / "spots.h5ad", store.parent / "new.zarr")


def stock(store: Path) -> None:
    """Replace a table as spatialdata itself offers it."""
    sdata = spatialdata.read_zarr(store)
    name = f"{RUN}_cell_table"
    table = sdata.tables[name].copy()
    sdata.delete_element_from_disk(name)
    sdata.write_element(name)
    del table


OPERATIONS: dict[str, Work] = {
    "add a run": add_run, "delete a run": delete, "replace a run": replace,
    "add labels": add_labels, "add and remove": add_and_remove, "import": import_it,
}  # fmt: skip


def theirs(store: Path) -> dict[str, str]:
    """Hash of every file of the elements that are not ours."""
    found = {}
    for top in ("images", "points", "shapes", "tables"):
        for path in (p for p in (store / top).rglob("*") if p.is_file()):
            place = path.relative_to(store).as_posix()
            if "truth_" not in place and place.count("/") > 1:
                found[place] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def seen(store: Path) -> frozenset[str]:
    """Elements that a plain reader reads, tables and circles with all their values."""
    if not store.exists():
        return frozenset()
    sdata = spatialdata.read_zarr(store)
    for kind, _, element in sdata.gen_elements():
        if kind == "labels":
            np.asarray(element.data)
    return frozenset(name for _, name, _ in sdata.gen_elements())


def inspect(store: Path, work: Work, known: dict[str, Any]) -> None:
    """All that must hold after harm; raises where it does not."""
    target = store.parent / "new.zarr" if work is import_it else store
    found = seen(target)
    assert found in (known["before"], known["after"]), f"reader sees {sorted(found)}"
    recover(store)
    assert not (store / WORK).exists(), "debris of the commit"
    left = [p.name for p in store.parent.iterdir() if ".partial" in p.name]
    assert work is import_it or not left, f"debris: {left}"
    assert theirs(store) == known["theirs"], "a user's element has changed"
    if seen(target) != known["after"] or work is replace:
        work(store)
    assert seen(target) == known["after"], "the retry did not give the result"
    for summary in list_runs(store):
        read_run(store, summary.name)


def try_points(
    arguments: tuple[str, str, list[tuple[str, int]]],
) -> list[tuple[str, int, int, str]]:
    """Harm at some points of one operation, in a warm process that forks for each."""
    name, base, points = arguments
    work = stock if name == "stock" else OPERATIONS[name]
    folder = Path(tempfile.mkdtemp(prefix="faults_", dir=base))
    known = json.loads((Path(base) / "known.json").read_text())[name]
    known = {k: frozenset(v) if isinstance(v, list) else v for k, v in known.items()}
    found = []
    for harm, at in points:
        shutil.copytree(Path(base) / "store", folder / "at")
        store = folder / "at" / "tissue.zarr"
        ended, _ = strike(lambda s=store: work(s), Fault(Harm(harm), at), (TesseraError, OSError))
        judged, said = strike(lambda s=store: inspect(s, work, known), Fault(Harm.COUNT))
        found.append((harm, at, ended, "" if judged == 0 else said))
        shutil.rmtree(folder / "at")
    shutil.rmtree(folder)
    return found


def prepare(folder: Path) -> dict[str, int]:
    """Make the store that is harmed, and note what each operation does to it; calls by name."""
    base = folder / "store"
    base.mkdir()

    def make() -> None:
        sample = write_sample(base, n_cells=40, n_spots=30, n_genes=20, seed=0)
        write_run(sample.tissue, FIRST)
        table = spatialdata.read_zarr(sample.tissue).tables["table"]
        plain = anndata.AnnData(table.X, obs=table.obs[[]], var=table.var[[]])
        plain.obsm["spatial"] = np.random.default_rng(0).uniform(size=(table.n_obs, 2)) * 100
        plain.write_h5ad(base / "spots.h5ad")

    in_fork(make)
    warm(base)
    calls, known = {}, {}
    for name, work in {**OPERATIONS, "stock": stock}.items():
        trial = folder / "trial"
        shutil.copytree(base, trial)
        store = trial / "tissue.zarr"
        target = trial / "new.zarr" if work is import_it else store
        note: dict[str, Any] = {"theirs": in_fork(lambda s=store: theirs(s))}
        note["before"] = in_fork(lambda t=target: sorted(seen(t)))
        calls[name] = count_calls(lambda w=work, s=store: w(s))
        note["after"] = in_fork(lambda t=target: sorted(seen(t)))
        known[name] = note
        shutil.rmtree(trial)
    (folder / "known.json").write_text(json.dumps(known))
    return calls


def warm(base: Path) -> None:
    """Import here whatever the operations import, so that no fork has to; no thread is started."""

    def names() -> list[str]:
        shutil.copytree(base, base.parent / "warm")
        store = base.parent / "warm" / "tissue.zarr"
        seen(store)
        list_runs(store)
        read_run(store, RUN)
        for work in (import_it, add_run):
            work(store)
        return sorted(sys.modules)

    for name in in_fork(names):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    shutil.rmtree(base.parent / "warm")


def in_fork(work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Do something in a forked process, so that this one never starts zarr's threads."""
    answer = Path(tempfile.mkstemp(suffix=".json")[1])
    ended, said = strike(lambda: answer.write_text(json.dumps(work())), Fault(Harm.COUNT))
    assert ended == 0, said
    found = json.loads(answer.read_text())
    answer.unlink()
    return found


def spread(n_calls: int, share: float) -> list[int]:
    """Points among the calls: all of them, or an even share with the last forty whole."""
    if share >= 1:
        return list(range(1, n_calls + 1))
    even = np.linspace(1, n_calls, max(2, round(share * n_calls))).astype(int).tolist()
    return sorted({*even, *range(max(1, n_calls - round(40 * share * 4)), n_calls + 1)})


def run_points(folder: Path, asked: dict[str, list[tuple[str, int]]], workers: int) -> Any:  # noqa: ANN401
    """Share the points out over warm processes."""
    pieces = [(name, str(folder), points[i::8]) for name, points in asked.items() for i in range(8)]
    context = multiprocessing.get_context("fork")
    with context.Pool(workers) as pool:
        found: dict[str, list[Any]] = {}
        for piece, results in zip(pieces, pool.map(try_points, pieces, chunksize=1), strict=True):
            found.setdefault(piece[0], []).extend(results)
    return found


def kills(folder: Path, calls: dict[str, int], share: float, workers: int) -> dict[str, Any]:
    """SIGKILL at every call."""
    asked = {n: [("kill", at) for at in spread(calls[n], share)] for n in OPERATIONS}
    return tell("kills", run_points(folder, asked, workers))


def errors(folder: Path, calls: dict[str, int], share: float, workers: int) -> dict[str, Any]:
    """One error of three kinds at a third of the calls each, and a disk that stays full."""
    asked = {}
    for name in OPERATIONS:
        points = spread(calls[name], share)
        kinds = ("ENOSPC", "EIO", "EACCES", "full")
        asked[name] = [(kinds[i % 4], at) for i, at in enumerate(points)]
        asked[name] += [(kinds[(i + 2) % 4], at) for i, at in enumerate(points[::2])]
    return tell("errors", run_points(folder, asked, workers))


def stock_kills(folder: Path, calls: dict[str, int], share: float, workers: int) -> dict[str, Any]:
    """Compare: what a kill does to spatialdata's own delete and write."""
    asked = {"stock": [("kill", at) for at in spread(calls["stock"], min(share, 0.25))]}
    return tell("stock", run_points(folder, asked, workers))


def tell(part: str, found: dict[str, list[Any]]) -> dict[str, Any]:
    """Count by operation, and print what went wrong."""
    rows = {}
    for name, results in found.items():
        bad = [r for r in results if r[3] or r[2] == RAISED]
        for harm, at, ended, said in bad[:2]:
            print(f"{part}, {name}: {harm} at {at} ended {ended}: {said.strip()[-400:]}")
        refused = sum(r[2] == REFUSED for r in results)
        rows[name] = {"points": len(results), "survived": len(results) - len(bad)}
        if part == "errors":
            rows[name]["refused"] = refused
    return rows


def write_often(store: str, number: int, times: int) -> int:
    """Replace one element again and again; gives how often it worked."""
    from napari_tessera.data.journal import is_ours

    done = 0
    for i in range(times):
        place = f"labels/truth_{number:08d}_labels"
        values = np.full((32, 32), i + 1, dtype=np.int32)
        remove = [place] if is_ours(Path(store), place) else []
        made = Labels2DModel.parse(values, dims=("y", "x"))
        commit_elements(Path(store), {place: made}, remove=remove)
        done += 1
    return done


def read_often(store: str, times: int) -> Counter[str]:
    """Read as a plain reader does; every labels element must hold one value only."""
    found: Counter[str] = Counter()
    for _ in range(times):
        try:
            sdata = spatialdata.read_zarr(store)
            mixed = [n for n, e in sdata.labels.items() if len(np.unique(np.asarray(e.data))) != 1]
            found["mixed" if mixed else "good"] += 1
        except Exception as error:  # noqa: BLE001 - every kind is counted
            found[type(error).__name__] += 1
    return found


def concurrent(folder: Path, share: float) -> dict[str, Any]:
    """Writers and readers at once."""
    shutil.copytree(folder / "store", folder / "both")
    store = str(folder / "both" / "tissue.zarr")
    n_commits, n_reads = max(2, round(50 * share)), max(5, round(500 * share))
    context = multiprocessing.get_context("spawn")
    with context.Pool(6) as pool:
        writers = [pool.apply_async(write_often, (store, i, n_commits)) for i in range(4)]
        readers = [pool.apply_async(read_often, (store, n_reads)) for _ in range(2)]
        done = [w.get() for w in writers]
        reads = sum((r.get() for r in readers), Counter())
    there = in_fork(lambda: sorted(n for n in seen(Path(store)) if n.endswith("_labels")))
    return {"commits": sum(done), "of": 4 * n_commits, "present": len(there), "reads": dict(reads)}


def corruptions(folder: Path, share: float) -> dict[str, Any]:
    """Damage every file of a run in turn."""
    rng, found = np.random.default_rng(0), Counter()
    times = {Damage.DELETED: 1, Damage.CUT: 1, Damage.FLIPPED: max(1, round(4 * share))}
    unseen = []
    for place in run_places(folder / "store" / "tissue.zarr", RUN):
        base = folder / "store" / "tissue.zarr" / place
        for path in (p for p in sorted(base.rglob("*")) if p.is_file()):
            for how, n_times in times.items():
                for _ in range(n_times):
                    kept = path.read_bytes()
                    damage(path, how, rng)
                    try:
                        read_run(folder / "store" / "tissue.zarr", RUN)
                        unseen.append(f"{how} {path.relative_to(base.parent)}")
                    except TesseraError:
                        found["detected"] += 1
                    path.write_bytes(kept)
    return {"damaged": found["detected"] + len(unseen), **found, "unnoticed": unseen[:5]}


def main() -> None:
    """Do the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", action="append", help="such as 'replace a run'")
    given = parser.parse_args()
    for name in set(OPERATIONS) - set(given.only or OPERATIONS):
        del OPERATIONS[name]
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(dir=os.environ.get("FAULTS_DIR")) as name:
        folder = Path(name)
        calls = prepare(folder)
        print("calls:", json.dumps(calls), flush=True)
        points = {"kills": kills, "errors": errors, "stock": stock_kills}
        for part in given.parts or ["kills", "errors", "stock", "concurrent", "corruptions"]:
            began = time.monotonic()
            if part in points:
                found = points[part](folder, calls, given.share, given.workers)
            else:
                found = {"concurrent": concurrent, "corruptions": corruptions}[part](
                    folder, given.share
                )
            seconds = round(time.monotonic() - began)
            print(f"{part} ({seconds} s): {json.dumps(found, indent=1)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
