"""What a person says of the scale: beside the store, never in it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from napari_tessera.cli.main import main
from napari_tessera.contract.errors import InputError
from napari_tessera.workflows.scale import FILE, said_scale, say_scale, set_scale

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths


@pytest.fixture(scope="module")
def store(plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale")
    return plant(folder, n_cells=40, n_spots=40, n_genes=20, seed=0).tissue


def content(store: Path) -> dict[str, str]:
    files = [f for f in store.rglob("*") if f.is_file()]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_what_is_said_is_kept_beside_the_store_and_taken_back(tmp_path: Path) -> None:
    store = tmp_path / "t.zarr"
    say_scale(store, "t", "global", 0.5)
    say_scale(store, "t", "other", 2.0)
    found = said_scale(store, "t", "global")
    assert found is not None
    assert found.micrometres == 0.5
    say_scale(store, "t", "global", None)
    assert said_scale(store, "t", "global") is None
    assert said_scale(store, "t", "other") is not None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"global": "much"}', '{"global": -1}'])
def test_a_damaged_file_counts_as_not_there(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "t.zarr.tessera"
    folder.mkdir()
    (folder / FILE).write_text(text)
    assert said_scale(tmp_path / "t.zarr", "t", "global") is None


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_length_is_refused(tmp_path: Path, wrong: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        say_scale(tmp_path / "t.zarr", "t", "global", wrong)


def test_the_pitch_may_be_said_instead_and_the_store_is_untouched(store: Path) -> None:
    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.view import tissue_view

    before = content(store)
    kept = set_scale(store, pitch=200.0)
    view = tissue_view(open_tissue(store), Selection())
    assert view.spots is not None
    assert kept.micrometres == pytest.approx(200 / view.spots.pitch)
    assert content(store) == before


def test_both_or_neither_is_refused(store: Path) -> None:
    for numbers in ({}, {"micrometres": 1.0, "pitch": 1.0}):
        with pytest.raises(InputError, match="both or neither"):
            set_scale(store, **numbers)  # type: ignore[arg-type]


def test_the_command_says_it_too(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", str(store), "--micrometres", "0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["micrometres"] == 0.5
    assert main(["scale", str(store), "--micrometres", "-1"]) == 2
