"""Commits: a kill or a full disk at any call leaves a store as it was, or with all that is new."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pandas as pd
import pytest
import spatialdata
from spatialdata.models import TableModel

from napari_tessera.contract.errors import StoreBusyError, StoreError
from napari_tessera.data import lock
from napari_tessera.data.commit import commit_elements, recover, store_version
from napari_tessera.data.keys import WORK
from napari_tessera.data.manifest import check_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.data.sample import SamplePaths

OLD, NEW = "tables/old_0_cell_table", "tables/new_1_cell_table"

FAULTY = Path(__file__).with_name("faulty_commit.py")
STORE_ERROR = 3


def table(seed: int) -> anndata.AnnData:
    """Make a small table with a matrix, a category and free text."""
    rng = np.random.default_rng(seed)
    obs = pd.DataFrame(
        {"kind": pd.Categorical(rng.choice(["a", "b"], 40)), "score": rng.random(40)},
        index=[f"c{i}" for i in range(40)],
    )
    made = anndata.AnnData(obs=obs)
    made.obsm["place"] = rng.random((40, 2))
    made.uns["tessera"] = {"provenance": json.dumps({"seed": seed})}
    return TableModel.parse(made)


@pytest.fixture(scope="session")
def plain(plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store with one element of ours; it is never written to."""
    folder = tmp_path_factory.mktemp("plain")
    made = spatialdata.read_zarr(plant(folder, n_cells=20, n_spots=20, n_genes=12, seed=1).tissue)
    parts = {"shapes": {"spots": made["spots"]}, "tables": {"table": made["table"]}}
    spatialdata.SpatialData(**parts).write(folder / "plain.zarr")
    commit_elements(folder / "plain.zarr", {OLD: table(0)})
    return folder / "plain.zarr"


@pytest.fixture
def small(plain: Path, tmp_path: Path) -> Path:
    """Copy it, to be written to."""
    return shutil.copytree(plain, tmp_path / "small.zarr")


def contents(store: Path) -> dict[str, str]:
    """Hash of every file of a store."""
    files = (path for path in store.rglob("*") if path.is_file())
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def names(store: Path) -> set[str]:
    """Elements that a plain reader sees; every one of them is read."""
    return {name for _, name, _ in spatialdata.read_zarr(store).gen_elements()}


BEFORE, AFTER = {"spots", "table", "old_0_cell_table"}, {"spots", "table", "new_1_cell_table"}
BOTH = BEFORE | AFTER


KILLS, FULL = 32, 12


@pytest.fixture(scope="session")
def struck(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, int]]:
    """Commit under every fault, each on a copy; gives the copy and how the process ended."""
    folder = tmp_path_factory.mktemp("struck")
    whole = shutil.copytree(plain, folder / "count.zarr")
    assert strike([(whole, "count", 0)]) == [0]
    n_calls = int(whole.with_suffix(".calls").read_text())
    # two thirds of the kills meet the last fifth of the calls, where things are renamed
    early = np.linspace(1, 0.8 * n_calls, KILLS // 3)
    late = np.linspace(0.8 * n_calls + 1, n_calls, KILLS - KILLS // 3)
    full = np.linspace(1, n_calls, FULL)
    faults = [("kill", int(at)) for at in np.concatenate([early, late])]
    faults += [("full", int(at)) for at in full]
    stores = [shutil.copytree(plain, folder / f"{i}.zarr") for i in range(len(faults))]
    ends = strike([(store, *fault) for store, fault in zip(stores, faults, strict=True)])
    keys = [f"kill {i}" for i in range(KILLS)] + [f"full {i}" for i in range(FULL)]
    return dict(zip(keys, zip(stores, ends, strict=True), strict=True))


def strike(faults: list[tuple[Path, str, int]]) -> list[int]:
    """Add NEW and remove OLD in a process per fault; gives what each exited with."""
    asked = json.dumps([[str(store), fault, at] for store, fault, at in faults])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(FAULTY)],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return [int(code) for code in json.loads(done.stdout)]


@pytest.mark.parametrize("nth", range(KILLS))
def test_a_kill_leaves_all_or_nothing_and_a_store_that_others_can_read(
    nth: int, struck: dict[str, tuple[Path, int]], plain: Path
) -> None:
    store, ended = struck[f"kill {nth}"]
    assert ended == -signal.SIGKILL
    assert names(store) in (BEFORE, AFTER)
    recover(store)
    assert not (store / WORK).exists()
    if names(store) == BEFORE:
        assert contents(store) == contents(plain)
        commit_elements(store, {NEW: table(1)}, remove=[OLD])
    assert names(store) == AFTER
    assert not (store / OLD).exists()
    check_files(store / NEW)


@pytest.mark.parametrize("nth", range(FULL))
def test_a_full_disk_leaves_all_or_nothing(
    nth: int, struck: dict[str, tuple[Path, int]], plain: Path
) -> None:
    store, ended = struck[f"full {nth}"]
    if ended == STORE_ERROR:
        assert contents(store) == contents(plain)
    else:
        assert ended == 0
        recover(store)
        assert names(store) == AFTER


def test_a_kill_in_a_store_without_consolidated_metadata_is_mended(
    struck: dict[str, tuple[Path, int]], plain: Path, tmp_path: Path
) -> None:
    n_calls = int((struck["kill 0"][0].parent / "count.calls").read_text())
    stores = [shutil.copytree(plain, tmp_path / f"{i}.zarr") for i in range(6)]
    for store in stores:
        take_off_consolidated(store)
    before = contents(stores[0])
    strike([(store, "kill", n_calls - 8 + i) for i, store in enumerate(stores)])
    for store in stores:
        recover(store)
        assert names(store) == AFTER or contents(store) == before


def take_off_consolidated(store: Path) -> None:
    """Make a store as spatialdata writes it without consolidated metadata."""
    root = json.loads((store / "zarr.json").read_text())
    del root["consolidated_metadata"]
    (store / "zarr.json").write_text(json.dumps(root))


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_rename_that_fails_is_undone(
    nth: int, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real, seen = contents(small), Path.rename, [0]

    def failing(self: Path, target: Path) -> Path:
        seen[0] += 1
        if seen[0] == nth:
            raise OSError(13, "Permission denied")
        return real(self, target)

    circles = spatialdata.read_zarr(small)["spots"]
    monkeypatch.setattr(Path, "rename", failing)
    elements = {NEW: table(1), "shapes/new_1_cells": circles, "tables/new_1_spot_table": table(2)}
    with pytest.raises(StoreError, match="as it was"):
        commit_elements(small, elements)
    monkeypatch.undo()
    assert contents(small) == before


def test_a_new_kind_of_element_gets_its_group(small: Path, tmp_path: Path) -> None:
    circles, bare = spatialdata.read_zarr(small)["spots"], tmp_path / "bare.zarr"
    spatialdata.SpatialData(tables={"lone": table(3)}).write(bare)
    commit_elements(bare, {"shapes/new_1_cells": circles, NEW: table(1)})
    assert names(bare) == {"lone", "new_1_cells", "new_1_cell_table"}


def test_a_store_without_consolidated_metadata_stays_without(small: Path) -> None:
    take_off_consolidated(small)
    before = (small / "zarr.json").read_bytes()
    commit_elements(small, {NEW: table(1)})
    assert names(small) == BOTH
    assert (small / "zarr.json").read_bytes() == before


def test_what_a_crash_of_others_left_is_not_brought_to_light(small: Path) -> None:
    zombie = small / "tables" / "half_written"
    shutil.copytree(small / "tables" / "table" / "obs", zombie / "obs")
    shutil.copy(small / "tables" / "table" / "zarr.json", zombie / "zarr.json")
    commit_elements(small, {NEW: table(1)})
    assert names(small) == BOTH
    assert zombie.exists()


@pytest.mark.parametrize("taken", ["table", "Table", "spots"])
def test_elements_that_exist_are_refused_across_kinds_and_whatever_the_case(
    taken: str, small: Path
) -> None:
    before = contents(small)
    with pytest.raises(StoreError, match="exists already"):
        commit_elements(small, {f"tables/{taken}": table(1)})
    assert contents(small) == before


@pytest.mark.parametrize("place", ["tables/table", "shapes/spots"])
def test_elements_of_the_user_are_not_removed(place: str, small: Path) -> None:
    before = contents(small)
    with pytest.raises(StoreError, match="Only results of runs"):
        commit_elements(small, {}, remove=[place])
    assert contents(small) == before


def test_an_element_of_ours_can_be_replaced(small: Path) -> None:
    commit_elements(small, {OLD: table(5)}, remove=[OLD])
    found = spatialdata.read_zarr(small).tables["old_0_cell_table"]
    np.testing.assert_array_equal(found.obsm["place"], table(5).obsm["place"])
    assert names(small) == BEFORE


def test_a_table_that_cannot_be_written_leaves_the_store_as_it_was(small: Path) -> None:
    before, odd = contents(small), table(1)
    odd.uns["thing"] = object()
    with pytest.raises(StoreError, match="as it was"):
        commit_elements(small, {NEW: odd})
    assert contents(small) == before


def test_a_read_only_store_says_where_else_to_write(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="--out") as caught:
        commit_elements(small, {NEW: table(1)})
    assert "read-only" in caught.value.message


def test_a_link_to_a_store_is_refused(small: Path, tmp_path: Path) -> None:
    (tmp_path / "link.zarr").symlink_to(small)
    with pytest.raises(StoreError, match=str(small)):
        commit_elements(tmp_path / "link.zarr", {NEW: table(1)})


def test_a_store_whose_tables_lie_elsewhere_is_refused(small: Path, tmp_path: Path) -> None:
    shutil.move(small / "tables", tmp_path / "elsewhere")
    (small / "tables").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is a link"):
        commit_elements(small, {NEW: table(1)})


def test_an_older_zarr_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".zgroup").write_text("{}")
    with pytest.raises(StoreError, match="older zarr format"):
        commit_elements(tmp_path, {NEW: table(1)})


def test_a_second_writer_waits_for_the_first(small: Path) -> None:
    started = time.monotonic()
    done: list[float] = []

    def write() -> None:
        commit_elements(small, {NEW: table(1)})
        done.append(time.monotonic() - started)

    with lock.store_lock(small):
        second = threading.Thread(target=write)
        second.start()
        time.sleep(0.4)
        assert not done
    second.join()
    assert names(small) == BOTH


def test_a_writer_that_waits_too_long_is_told(small: Path) -> None:
    with (
        lock.store_lock(small),
        pytest.raises(StoreBusyError, match="another process"),
        lock.store_lock(small, wait_s=0.1),
    ):
        pass


def test_recovery_leaves_a_store_alone_that_is_being_written(small: Path) -> None:
    (small / WORK).mkdir()
    with lock.store_lock(small):
        assert recover(small) == ()
        assert (small / WORK).exists()
    assert recover(small) != ()
    assert not (small / WORK).exists()


@pytest.mark.parametrize(("age_s", "busy"), [(0.0, True), (1e5, False)])
def test_a_lease_of_another_machine_counts_until_it_is_old(
    age_s: float, *, busy: bool, small: Path
) -> None:
    (small / WORK).mkdir()
    lease = small / WORK / lock.LEASE
    lease.write_text(json.dumps({"host": "another", "pid": 1, "since": 0}))
    os.utime(lease, (time.time() - age_s, time.time() - age_s))
    assert (recover(small) == ()) is busy


def test_four_writers_lose_nothing(small: Path) -> None:
    def write(writer: int) -> None:
        for i in range(3):
            commit_elements(small, {f"tables/w{writer}_{i}_cell_table": table(i)})

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert names(small) == BEFORE | {f"w{n}_{i}_cell_table" for n in range(4) for i in range(3)}


def test_the_version_of_a_store_changes_with_every_commit(small: Path) -> None:
    first = store_version(small)
    commit_elements(small, {NEW: table(1)})
    second = store_version(small)
    commit_elements(small, {}, remove=[NEW])
    assert len({first, second, store_version(small)}) == 3


def _delete(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_delete, _cut, _flip])
def test_damage_to_any_file_of_an_element_is_found_and_named(
    damage: Callable[[Path], None], small: Path
) -> None:
    files = [p for p in (small / OLD).rglob("*") if p.is_file() and p.parent != small / OLD]
    assert len(files) > 20
    for path in files:
        whole = path.read_bytes()
        damage(path)
        with pytest.raises(StoreError, match=path.relative_to(small / OLD).as_posix()):
            check_files(small / OLD)
        path.write_bytes(whole)
    check_files(small / OLD)
