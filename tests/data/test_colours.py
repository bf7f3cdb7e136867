"""Colours that a person chose: in our own tables, and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import anndata
import pytest
import spatialdata

from napari_tessera.contract.errors import InputError, RunNotFoundError
from napari_tessera.data.colours import read_colours, write_colours
from napari_tessera.data.write import read_run, write_run
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run
from napari_tessera.workflows.colours import set_colours

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.results import Run

RED = "#ff0000"


@pytest.fixture(scope="module")
def run() -> Run:
    planted = planted_tissue(n_cells=120, n_spots=60, n_genes=60, seed=0)
    made = planted_run(planted, name="stem_00c0ffee")
    origin = dataclasses.replace(
        made.provenance.origin,
        selection=dataclasses.replace(
            made.provenance.origin.selection, table="table", coordinate_system="global"
        ),
    )
    return dataclasses.replace(made, provenance=dataclasses.replace(made.provenance, origin=origin))


@pytest.fixture
def kept(store: Path, run: Run) -> Path:
    """Store with the run."""
    write_run(store, run)
    return store


@pytest.fixture
def name(run: Run) -> str:
    """One of the run's types."""
    assert run.result.composition is not None
    return str(run.result.composition.types[0])


def hashes(folder: Path) -> dict[str, str]:
    files = [f for f in folder.rglob("*") if f.is_file()]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_a_run_has_no_chosen_colours_at_first(kept: Path, run: Run) -> None:
    assert read_colours(kept, run.name) == {}


def test_a_chosen_colour_is_read_back(kept: Path, run: Run, name: str) -> None:
    write_colours(kept, run.name, {name: RED})
    assert read_colours(kept, run.name) == {name: RED}
    assert read_run(kept, run.name).colours == {name: RED}


def test_it_stands_where_scanpy_keeps_colours_in_both_tables(
    kept: Path, run: Run, name: str
) -> None:
    write_colours(kept, run.name, {name: RED})
    for table, key in (("cell_table", "cell_type"), ("spot_table", "dominant_type")):
        found = anndata.read_zarr(kept / "tables" / f"{run.name}_{table}")
        place = list(found.obs[key].cat.categories).index(name)
        assert found.uns[f"{key}_colors"][place] == RED


def test_everything_but_the_tables_of_the_run_stays_byte_for_byte(
    kept: Path, run: Run, name: str
) -> None:
    before = hashes(kept)
    write_colours(kept, run.name, {name: RED})
    after = hashes(kept)
    differing = {path for path, _ in before.items() ^ after.items()}
    elsewhere = {p for p in differing if not p.startswith(f"tables/{run.name}_")}
    assert elsewhere <= {"zarr.json"}
    assert differing - elsewhere


def test_the_rest_of_the_run_is_as_it_was(kept: Path, run: Run, name: str) -> None:
    before = read_run(kept, run.name).result.to_state()
    write_colours(kept, run.name, {name: RED})
    after = read_run(kept, run.name).result.to_state()
    assert all((after.arrays[key] == value).all() for key, value in before.arrays.items())


def test_colours_that_are_left_out_are_the_palettes_again(kept: Path, run: Run, name: str) -> None:
    write_colours(kept, run.name, {name: RED})
    write_colours(kept, run.name, {})
    assert read_colours(kept, run.name) == {}


def test_the_verb_adds_to_what_was_chosen_before(kept: Path, run: Run) -> None:
    assert run.result.composition is not None
    first, second = (str(n) for n in run.result.composition.types[:2])
    set_colours(kept, run.name, {first: RED})
    assert set_colours(kept, run.name, {second: "#00ff00"}) == {first: RED, second: "#00ff00"}


@pytest.mark.parametrize("colours", [{"unicorn": RED}, {"": "red"}])
def test_a_name_or_a_colour_that_is_none_is_refused_and_nothing_written(
    kept: Path, run: Run, name: str, colours: dict[str, str]
) -> None:
    before = hashes(kept)
    given = {key or name: value for key, value in colours.items()}
    with pytest.raises(InputError, match="expected"):
        write_colours(kept, run.name, given)
    assert hashes(kept) == before


def test_a_run_that_is_not_there_is_refused(store: Path) -> None:
    with pytest.raises(RunNotFoundError, match="stem_1"):
        write_colours(store, "stem_1", {})


def test_an_object_in_memory_keeps_them_too(store: Path, run: Run, name: str) -> None:
    read = spatialdata.read_zarr(store)
    sdata = spatialdata.SpatialData(shapes=dict(read.shapes), tables=dict(read.tables))
    write_run(sdata, run)
    write_colours(sdata, run.name, {name: RED})
    assert read_colours(sdata, run.name) == {name: RED}


def test_a_run_that_is_written_elsewhere_takes_its_colours_along(
    store: Path, run: Run, name: str
) -> None:
    write_run(store, dataclasses.replace(run, colours={name: RED}))
    assert read_colours(store, run.name) == {name: RED}
