"""Runs in a store: round trip, plain readers, nothing of the user's touched, crashes."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
import spatialdata

from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.results import Provenance, Run
from napari_tessera.data import commit
from napari_tessera.data.prepare import prepare_pair
from napari_tessera.data.read import open_tissue, read_reference
from napari_tessera.data.write import delete_run, list_runs, read_run, write_run
from napari_tessera.methods import get_method

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths


@pytest.fixture(scope="module")
def run(planted: SamplePaths) -> Run:
    tissue, cells = open_tissue(planted.tissue), read_reference(planted.reference)
    paired, _ = prepare_pair(tissue, cells, Selection())
    method = get_method("baseline")
    fitted = method.fit(paired, method.options_type(), SilentMonitor())
    provenance = Provenance(
        method="baseline",
        origin=paired.origin,
        scores=fitted.scores,
        history={"step": (0.0, 1.0), "total": (2.0, 1.0)},
        created="2026-01-01T00:00:00+00:00",
    )
    return Run(
        name="baseline_00c0ffee", result=method.predict(fitted, paired), provenance=provenance
    )


def hashes(folder: Path) -> dict[str, str]:
    kinds = ("images", "shapes/spots", "tables/table")
    files = [f for kind in kinds for f in sorted((folder / kind).rglob("*")) if f.is_file()]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_a_run_comes_back_as_it_was_written(store: Path, run: Run) -> None:
    write_run(store, run)
    back = read_run(store, run.name)
    assert back.provenance == run.provenance
    was, now = run.result.placement, back.result.placement
    assert was is not None
    assert now is not None
    for name in ("xy", "mean_xy", "covariance", "entropy", "confidence", "modal_spot"):
        np.testing.assert_array_equal(getattr(now, name), getattr(was, name))
    np.testing.assert_array_equal(now.map.toarray(), was.map.toarray())
    assert back.result.composition is not None
    assert run.result.composition is not None
    np.testing.assert_array_equal(back.result.composition.values, run.result.composition.values)


def test_nothing_of_the_users_is_changed(store: Path, run: Run) -> None:
    before = hashes(store)
    write_run(store, run)
    assert hashes(store) == before


def test_plain_spatialdata_and_anndata_read_it(store: Path, run: Run) -> None:
    write_run(store, run)
    sdata = spatialdata.read_zarr(store)
    assert f"{run.name}_cells" in sdata.shapes
    table = anndata.read_zarr(store / "tables" / f"{run.name}_cell_table")
    assert {"cell_type", "confidence", "modal_spot", "map_residual"} <= set(table.obs.columns)
    assert {"spatial", "spatial_sd", "map"} <= set(table.obsm)


def test_circles_lie_where_the_cells_were_placed(store: Path, run: Run) -> None:
    write_run(store, run)
    sdata = spatialdata.read_zarr(store)
    moved = spatialdata.transform(sdata.shapes[f"{run.name}_cells"], to_coordinate_system="global")
    placement = run.result.placement
    assert placement is not None
    xy = np.column_stack([moved.geometry.x, moved.geometry.y])
    np.testing.assert_allclose(xy, placement.xy, atol=1e-3)


def test_a_name_that_is_taken_is_refused(store: Path, run: Run) -> None:
    write_run(store, run)
    with pytest.raises(StoreError, match="exists"):
        write_run(store, run)


def test_listed_then_deleted_leaves_the_store_as_it_was(store: Path, run: Run) -> None:
    before = hashes(store)
    write_run(store, run)
    assert [s.name for s in list_runs(store)] == [run.name]
    delete_run(store, run.name)
    assert list_runs(store) == ()
    assert hashes(store) == before
    with pytest.raises(RunNotFoundError):
        read_run(store, run.name)


def test_elements_of_the_user_cannot_be_removed(store: Path) -> None:
    with pytest.raises(StoreError, match="that a run made"):
        commit.commit_elements(store, {}, remove=["tables/table"])


@pytest.mark.parametrize("nth", [1, 7, 40, 90])
def test_a_full_disk_leaves_the_store_as_it_was(
    nth: int, store: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = hashes(store), [0]
    real = os.fsync

    def failing(fd: int) -> None:
        seen[0] += 1
        if seen[0] == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreError, match="No space left"):
        write_run(store, run)
    monkeypatch.undo()
    assert hashes(store) == before
    assert list_runs(store) == ()
    write_run(store, run)
    assert [s.name for s in list_runs(store)] == [run.name]


KILLED = """
    import os, pickle, signal, sys
    from pathlib import Path
    from napari_tessera.data import commit
    names = ["_write_stage", "_flush", "_write_file", "_sync_folder", "_consolidate"]
    left = int(sys.argv[2])
    def wrap(name):
        real = getattr(commit, name)
        def inner(*args):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args)
        setattr(commit, name, inner)
    for name in names:
        wrap(name)
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.data.write import write_run
    write_run(Path(sys.argv[1]), RunDir(Path(sys.argv[3])).load_result())
"""


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8])
def test_a_kill_leaves_the_run_whole_or_absent(
    nth: int, store: Path, run: Run, tmp_path: Path
) -> None:
    from napari_tessera.jobs.run_dir import RunDir

    RunDir(tmp_path / "run").save_result(run)
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(KILLED)]
    subprocess.run([*command, str(store), str(nth), str(tmp_path / "run")], check=False)
    names = {s.name for s in list_runs(store)}
    assert names in (set(), {run.name})
    assert "table" in open_tissue(store).sdata.tables
    if not names:
        write_run(store, run)
    assert read_run(store, run.name).result.placement is not None
    assert not (store / commit.JOURNAL).exists()
    assert not (store / commit.STAGE).exists()
