"""Journals: those of a crash are completed, those of a stranger refused; nothing goes missing."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
import spatialdata
from spatialdata.models import TableModel

from napari_tessera.contract.errors import StoreError
from napari_tessera.data import commit
from napari_tessera.data.commit import commit_elements, recover
from napari_tessera.data.disk import exchange, flush_folder
from napari_tessera.data.keys import WORK
from napari_tessera.data.manifest import check_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths

OLD = "tables/old_0_cell_table"
BEFORE = {"spots", "table", "old_0_cell_table"}


class CrashError(BaseException):
    """Stands for a process that dies: nothing catches it, so nothing is undone."""


def table(seed: int) -> anndata.AnnData:
    """Make a small table of ours that says its seed."""
    made = anndata.AnnData(np.random.default_rng(seed).random((9, 2)).astype(np.float32))
    made.uns["tessera"] = {"provenance": json.dumps({"seed": seed})}
    return TableModel.parse(made)


def seed_of(store: Path) -> int:
    """Which of the tables lies in the place of the old one."""
    return int(json.loads(anndata.read_zarr(store / OLD).uns["tessera"]["provenance"])["seed"])


@pytest.fixture(scope="module")
def plain(plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store with one element of ours; it is never written to."""
    folder = tmp_path_factory.mktemp("journal")
    sample = plant(folder, n_cells=20, n_spots=20, n_genes=12, seed=1)
    made = spatialdata.read_zarr(sample.tissue)
    parts = {"shapes": {"spots": made["spots"]}, "tables": {"table": made["table"]}}
    spatialdata.SpatialData(**parts).write(folder / "plain.zarr")
    commit_elements(folder / "plain.zarr", {OLD: table(0)})
    return folder / "plain.zarr"


@pytest.fixture
def small(plain: Path, tmp_path: Path) -> Path:
    """Copy it, to be written to."""
    return shutil.copytree(plain, tmp_path / "small.zarr")


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def names(store: Path) -> set[str]:
    """Elements that a plain reader sees; every one of them is read."""
    return {name for _, name, _ in spatialdata.read_zarr(store).gen_elements()}


def plant(store: Path, journal: str) -> None:
    """Leave a journal in a store, as whoever made the store could."""
    (store / WORK).mkdir()
    (store / WORK / "journal.json").write_text(journal)


@pytest.mark.parametrize(
    "journal",
    [
        json.dumps({"add": {}, "remove": ["../precious"]}),
        json.dumps({"add": {}, "remove": ["tables/.."]}),
        json.dumps({"add": {}, "remove": ["tables/../../precious"]}),
        json.dumps({"add": {}, "remove": ["tables/table"]}),
        json.dumps({"add": {}, "remove": ["shapes/spots"]}),
        json.dumps({"add": {"tables/table": 0}, "remove": []}),
        json.dumps({"add": {"../precious": 0}, "remove": []}),
        json.dumps({"add": ["tables/new"], "remove": []}),
        json.dumps({"add": {"tables/new": "x"}, "remove": []}),
        "{",
        "[]",
        "{}",
        "null",
    ],
)
def test_a_journal_that_is_not_of_ours_moves_nothing(journal: str, small: Path) -> None:
    (small.parent / "precious").mkdir()
    (small.parent / "precious" / "thesis.txt").write_text("years of work")
    plant(small, journal)
    before = contents(small.parent)
    with pytest.raises(StoreError, match="Nothing was touched"):
        recover(small)
    assert contents(small.parent) == before


@pytest.mark.parametrize("linked", ["", "stage", "trash", "stage/tables", "trash/tables"])
def test_a_work_folder_that_leads_elsewhere_is_refused(linked: str, small: Path) -> None:
    elsewhere = small.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("years of work")
    place = small / WORK / linked if linked else small / WORK
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(elsewhere)
    before = contents(elsewhere)
    with pytest.raises(StoreError, match="is a link"):
        recover(small)
    assert contents(elsewhere) == before


def test_a_write_into_a_store_with_a_strange_journal_is_refused(small: Path) -> None:
    plant(small, json.dumps({"add": {}, "remove": ["../precious"]}))
    before = contents(small)
    with pytest.raises(StoreError, match="Nothing was touched"):
        commit_elements(small, {"tables/new_1_cell_table": table(1)})
    assert contents(small) == before


def dying(*, after: bool) -> Callable[[Path, Path], bool]:
    """Make an exchange during which the process dies."""

    def act(one: Path, other: Path) -> bool:
        if after:
            exchange(one, other)
        raise CrashError

    return act


@pytest.mark.parametrize("after", [False, True])
def test_a_store_can_be_read_when_replacing_is_cut_off_at_the_exchange(
    after: bool,  # noqa: FBT001 - a parameter of a test
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit, "exchange", dying(after=after))
    with pytest.raises(CrashError):
        commit_elements(small, {OLD: table(1)}, remove=[OLD])
    monkeypatch.undo()
    assert names(small) == BEFORE
    assert seed_of(small) == int(after)
    check_files(small / OLD)


@pytest.mark.parametrize("after", [False, True])
def test_replacing_that_was_cut_off_is_completed(
    after: bool,  # noqa: FBT001 - a parameter of a test
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit, "exchange", dying(after=after))
    with pytest.raises(CrashError):
        commit_elements(small, {OLD: table(1)}, remove=[OLD])
    monkeypatch.undo()
    assert recover(small) == ("An interrupted write was completed.",)
    assert seed_of(small) == 1
    assert not (small / WORK).exists()


def test_replacing_works_where_nothing_can_be_exchanged(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "exchange", lambda *_: False)
    commit_elements(small, {OLD: table(1)}, remove=[OLD])
    assert names(small) == BEFORE
    assert seed_of(small) == 1


@pytest.mark.parametrize("can", [True, False])
def test_replacing_that_fails_at_the_list_brings_the_old_element_back(
    can: bool,  # noqa: FBT001 - a parameter of a test
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, real = contents(small), type(small).replace

    def failing(self: Path, target: Path) -> Path:
        if self.name == commit.LISTING:
            raise OSError(5, "Input/output error")
        return real(self, target)

    if not can:
        monkeypatch.setattr(commit, "exchange", lambda *_: False)
    monkeypatch.setattr(type(small), "replace", failing)
    with pytest.raises(StoreError, match="as it was"):
        commit_elements(small, {OLD: table(1)}, remove=[OLD])
    monkeypatch.undo()
    assert contents(small) == before


def test_a_disk_that_fails_after_the_list_does_not_take_the_elements_back(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = flush_folder

    def failing(folder: Path) -> None:
        if (
            folder == small
            and (small / OLD).is_dir()
            and "new_1" in (small / "zarr.json").read_text()
        ):
            raise OSError(5, "Input/output error")
        real(folder)

    monkeypatch.setattr(commit, "flush_folder", failing)
    commit_elements(small, {"tables/new_1_cell_table": table(1)}, remove=[OLD])
    monkeypatch.undo()
    assert names(small) == {"spots", "table", "new_1_cell_table"}
    recover(small)
    assert not (small / OLD).exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux exchanges")
def test_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "other").is_file()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux exchanges")
def test_an_exchange_with_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "none")
