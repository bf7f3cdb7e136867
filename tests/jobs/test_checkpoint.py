"""States on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_tessera.contract.errors import StoreError
from napari_tessera.contract.state import State
from napari_tessera.jobs.checkpoint import load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "a": np.arange(6, dtype=np.float64).reshape(2, 3).T,
        "b": np.asarray(3.5, dtype=np.float32),
        "c": np.zeros((0, 2), dtype=np.int64),
        "d": np.asarray([True, False]),
    }
    save_state(tmp_path / "x", State(arrays=arrays, values={"k/ü": [1, None, "t"]}))
    back = load_state(tmp_path / "x")
    assert back.values == {"k/ü": [1, None, "t"]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array)
        assert back.arrays[name].dtype == array.dtype


def test_a_state_that_cannot_be_written_leaves_the_former_one(tmp_path: Path) -> None:
    save_state(tmp_path / "x", State(values={"n": 1}))
    with pytest.raises(TypeError):
        save_state(tmp_path / "x", State(values={"n": object()}))
    assert load_state(tmp_path / "x").values == {"n": 1}


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_a_truncated_file_is_noticed(tmp_path: Path, suffix: str) -> None:
    save_state(tmp_path / "x", State(arrays={"a": np.ones(100)}, values={"n": 1}))
    file = tmp_path / f"x.{suffix}"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(StoreError, match=r"x\."):
        load_state(tmp_path / "x")


def test_one_wrong_bit_is_noticed(tmp_path: Path) -> None:
    save_state(tmp_path / "x", State(arrays={"a": np.ones(100)}))
    file = tmp_path / "x.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(StoreError):
        load_state(tmp_path / "x")


def test_a_missing_state_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="absent"):
        load_state(tmp_path / "absent")


def test_nothing_temporary_stays(tmp_path: Path) -> None:
    save_state(tmp_path / "x", State(arrays={"a": np.ones(3)}))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json", "x.safetensors"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of posix")
def test_a_state_is_as_readable_as_its_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    save_state(tmp_path / "x", State(arrays={"a": np.ones(3)}))
    assert (tmp_path / "x.safetensors").stat().st_mode & 0o777 == 0o644
