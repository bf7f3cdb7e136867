"""The run directory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError, StoreBusyError
from napari_tessera.contract.inputs import RunSpec
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.contract.state import State
from napari_tessera.jobs import run_dir as module
from napari_tessera.jobs.run_dir import RunDir, run_root


def test_inputs_come_back_as_they_were(run_dir: RunDir) -> None:
    back = run_dir.load_pair()
    assert back.cells.gene_names.tolist() == ["a/b", "ü"]
    assert back.cells.values.toarray().tolist() == [[1, 0], [0, 2], [3, 1]]
    assert back.cell_types is not None
    assert back.cell_types.tolist() == ["x", "y", "x"]


def test_the_newest_checkpoint_is_loaded(run_dir: RunDir) -> None:
    for step in range(5):
        run_dir.save_checkpoint(State(values={"step": step}))
    assert run_dir.load_checkpoint() == State(values={"step": 4})


def test_two_checkpoints_are_kept(run_dir: RunDir) -> None:
    for step in range(5):
        run_dir.save_checkpoint(State(values={"step": step}))
    assert len(list(run_dir.path.glob("checkpoint_?.json"))) == 2


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(run_dir: RunDir, suffix: str) -> None:
    for step in range(4):
        run_dir.save_checkpoint(State(arrays={"w": np.ones(9)}, values={"step": step}))
    newest = max(run_dir.path.glob("checkpoint_?.json"), key=lambda p: '"step": 3' in p.read_text())
    damaged = newest.with_suffix(f".{suffix}")
    damaged.write_bytes(damaged.read_bytes()[:-4])
    state = run_dir.load_checkpoint()
    assert state is not None
    assert state.values["step"] == 2


def test_a_checkpoint_after_a_damaged_one_is_newest_again(run_dir: RunDir) -> None:
    run_dir.save_checkpoint(State(values={"step": 0}))
    (run_dir.path / "checkpoint_0.json").write_text("{")
    run_dir.save_checkpoint(State(values={"step": 1}))
    assert run_dir.load_checkpoint() == State(values={"step": 1})


def test_no_checkpoint_is_none(run_dir: RunDir) -> None:
    assert run_dir.load_checkpoint() is None


def test_a_result_comes_back_with_its_provenance(run_dir: RunDir) -> None:
    provenance = Provenance(method="stem", scores={"held_out_distance": 1.5}, warnings=("w",))
    run_dir.save_result(Run(name="stem_1", result=RunResult(), provenance=provenance))
    assert run_dir.load_result() == Run(name="stem_1", result=RunResult(), provenance=provenance)


def test_a_prepared_directory_without_result_can_be_resumed(run_dir: RunDir) -> None:
    assert run_dir.resumable


def test_a_finished_directory_cannot_be_resumed(run_dir: RunDir) -> None:
    run_dir.save_result(Run(name="r", result=RunResult(), provenance=Provenance(method="stem")))
    assert run_dir.finished
    assert not run_dir.resumable


def test_an_empty_folder_has_no_spec_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"spec\.json"):
        RunDir(tmp_path).spec  # noqa: B018 - reading it is the point


def test_a_spec_of_something_else_is_refused(run_dir: RunDir) -> None:
    (run_dir.path / "spec.json").write_text('{"colour": "red", "selection": {}}')
    with pytest.raises(InputError, match="recipe"):
        run_dir.spec  # noqa: B018 - reading it is the point


def test_only_the_last_previews_stay(run_dir: RunDir) -> None:
    names = [run_dir.save_preview(np.full((3, 2), float(i))) for i in range(6)]
    assert sorted(p.name for p in run_dir.path.glob("preview_*")) == names[-3:]
    assert np.load(run_dir.path / names[-1]).tolist() == [[5, 5]] * 3


@pytest.mark.skipif(os.name != "posix", reason="file locks are tested where there are some")
def test_a_second_fit_of_the_same_run_is_refused(run_dir: RunDir) -> None:
    with run_dir.lock(), pytest.raises(StoreBusyError), RunDir(run_dir.path).lock():
        pass


def test_a_directory_prepared_elsewhere_moves_to_its_place(run_dir: RunDir, tmp_path: Path) -> None:
    moved = run_dir.move_to(tmp_path / "a.zarr.tessera" / "stem_1")
    assert moved.ready
    assert not run_dir.path.exists()


def test_a_directory_that_lies_in_its_place_already_wins(run_dir: RunDir, tmp_path: Path) -> None:
    there = RunDir(tmp_path / "there")
    there.save_inputs(run_dir.load_pair())
    there.write_spec(RunSpec(method="stem"))
    there.save_checkpoint(State(values={"step": 7}))
    assert run_dir.move_to(there.path).load_checkpoint() == State(values={"step": 7})
    assert not run_dir.path.exists()


def test_runs_lie_beside_their_store(tmp_path: Path) -> None:
    assert run_root(tmp_path / "a.zarr") == tmp_path / "a.zarr.tessera"


def test_runs_of_a_read_only_store_lie_in_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_writable", lambda _folder: False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = run_root(tmp_path / "a b.zarr")
    assert root.name == "a_b"
    assert "napari-tessera" in root.parts


def test_runs_of_two_tissues_of_one_name_in_the_state_folder_do_not_mix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_writable", lambda _folder: False)
    one, other = RunSpec(method="stem").run_name("a"), RunSpec(method="stem").run_name("b")
    assert run_root(Path("x.zarr")) / one != run_root(Path("y/x.zarr")) / other
