"""Runs in a store: round trips, plain readers, names, refusals; the user's stays untouched."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
import spatialdata
from spatialdata.transformations import Affine, get_transformation, set_transformation

from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.contract.inputs import Origin, Selection
from napari_tessera.contract.palette import colours_of
from napari_tessera.contract.results import Provenance, Run
from napari_tessera.data.write import delete_run, list_runs, read_run, write_run
from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run

if TYPE_CHECKING:
    from pathlib import Path

    from spatialdata import SpatialData

SELECTION = Selection(table="table", region="spots", coordinate_system="global")


@pytest.fixture(scope="module")
def run() -> Run:
    """Give the truth about the planted sample, as a run with all that a run may have."""
    planted = planted_tissue(n_cells=120, n_spots=60, n_genes=60, seed=0)
    plain = planted_run(planted, name="stem_00c0ffee")
    placement, rng = plain.result.placement, np.random.default_rng(0)
    assert placement is not None
    full = dataclasses.replace(
        placement,
        embedding=rng.normal(size=(120, 4)).astype(np.float32),
        neighbours=rng.integers(0, 120, (120, 5)),
    )
    provenance = Provenance(
        method="stem",
        options={"seed": 7, "steps": None},
        origin=Origin(selection=SELECTION, preparation=("counts rounded",), fingerprint="ab"),
        versions={"torch": "2.13"},
        scores={"held_out_distance": 12.5},
        baseline={"method": "baseline", "held_out_distance": 14.0},
        history={"step": (0.0, 1.0, 2.0), "alignment/spots": (2.0, 1.0)},
        warnings=("three cells have no counts",),
        created="2026-01-02T03:04:05+00:00",
    )
    return Run(
        name=plain.name,
        result=dataclasses.replace(plain.result, placement=full),
        provenance=provenance,
    )


def hashes(folder: Path, kinds: tuple[str, ...] = ("",)) -> dict[str, str]:
    """Hash of every file below some places of a store."""
    files = [f for kind in kinds for f in (folder / kind).rglob("*") if f.is_file()]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


USERS = ("images", "shapes/spots", "tables/table")


def assert_same_run(found: Run, meant: Run) -> None:
    """Compare two runs value by value, kinds of numbers included."""
    assert found.name == meant.name
    assert found.provenance == meant.provenance
    now, was = found.result.to_state(), meant.result.to_state()
    assert now.values == was.values
    assert set(now.arrays) == set(was.arrays)
    for name, values in was.arrays.items():
        np.testing.assert_array_equal(now.arrays[name], values, err_msg=name)
        assert now.arrays[name].dtype.kind == values.dtype.kind


def test_a_run_comes_back_from_the_store_as_it_was(store: Path, run: Run) -> None:
    write_run(store, run)
    assert_same_run(read_run(store, run.name), run)


def test_a_run_comes_back_from_an_object_as_it_was(store: Path, run: Run) -> None:
    sdata = in_memory(store)
    write_run(sdata, run)
    assert_same_run(read_run(sdata, run.name), run)


def test_a_run_without_cell_types_embedding_and_neighbours_comes_back(
    store: Path, run: Run
) -> None:
    placement = run.result.placement
    assert placement is not None
    bare = dataclasses.replace(placement, cell_types=None, embedding=None, neighbours=None)
    plain = dataclasses.replace(run, result=dataclasses.replace(run.result, placement=bare))
    write_run(store, plain)
    assert_same_run(read_run(store, run.name), plain)


@pytest.mark.parametrize("missing", ["placement", "composition"])
def test_a_run_that_answers_one_question_comes_back(store: Path, run: Run, missing: str) -> None:
    half = dataclasses.replace(run.result, **{missing: None})
    write_run(store, dataclasses.replace(run, result=half))
    assert_same_run(read_run(store, run.name), dataclasses.replace(run, result=half))


def test_nothing_of_the_users_is_changed(store: Path, run: Run) -> None:
    before = hashes(store, USERS)
    write_run(store, run)
    assert hashes(store, USERS) == before


def test_circles_lie_where_cells_were_placed_and_are_a_tenth_of_the_pitch(
    store: Path, run: Run
) -> None:
    write_run(store, run)
    circles = spatialdata.read_zarr(store).shapes[f"{run.name}_cells"]
    moved = spatialdata.transform(circles, to_coordinate_system="global")
    placement = run.result.placement
    assert placement is not None
    xy = np.column_stack([moved.geometry.x, moved.geometry.y])
    np.testing.assert_allclose(xy, placement.xy, atol=1e-6)
    np.testing.assert_allclose(circles["radius"], 20.0, rtol=1e-3)


def test_circles_stand_in_the_spots_own_coordinates_with_all_their_transformations(
    store: Path, run: Run
) -> None:
    sdata = in_memory(store)
    turned = Affine([[0.0, -2.0, 30.0], [2.0, 0.0, -5.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    set_transformation(sdata.shapes["spots"], turned, "turned")
    write_run(sdata, run)
    cells = sdata.shapes[f"{run.name}_cells"]
    spots = get_transformation(sdata.shapes["spots"], get_all=True)
    assert get_transformation(cells, get_all=True) == spots


def test_circles_find_their_way_back_through_a_turn_and_a_scale(store: Path, run: Run) -> None:
    sdata = in_memory(store)
    turned = Affine([[0.0, -2.0, 30.0], [2.0, 0.0, -5.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    set_transformation(sdata.shapes["spots"], turned, "turned")
    chosen = dataclasses.replace(SELECTION, coordinate_system="turned")
    origin = dataclasses.replace(run.provenance.origin, selection=chosen)
    there = dataclasses.replace(run.provenance, origin=origin)
    write_run(sdata, dataclasses.replace(run, provenance=there))
    circles = sdata.shapes[f"{run.name}_cells"]
    moved = spatialdata.transform(circles, to_coordinate_system="turned")
    placement = run.result.placement
    assert placement is not None
    xy = np.column_stack([moved.geometry.x, moved.geometry.y])
    np.testing.assert_allclose(xy, placement.xy, atol=1e-6)


def test_plain_anndata_reads_types_their_colours_and_the_map(store: Path, run: Run) -> None:
    write_run(store, run)
    table = anndata.read_zarr(store / "tables" / f"{run.name}_cell_table")
    types = list(table.obs["cell_type"].cat.categories)
    assert list(table.uns["cell_type_colors"]) == [colours_of(types)[t] for t in types]
    placement = run.result.placement
    assert placement is not None
    np.testing.assert_array_equal(table.obsm["map"].toarray(), placement.map.toarray())
    np.testing.assert_array_equal(table.obs["modal_spot"].astype(str), placement_modal(run))


def placement_modal(run: Run) -> np.ndarray:
    placement = run.result.placement
    assert placement is not None
    return placement.spot_names[placement.modal_spot]


def test_both_tables_give_a_type_the_same_colour(store: Path, run: Run) -> None:
    write_run(store, run)
    found = []
    for ending, key in (("cell_table", "cell_type"), ("spot_table", "dominant_type")):
        table = anndata.read_zarr(store / "tables" / f"{run.name}_{ending}")
        names = table.obs[key].cat.categories.astype(str)
        found.append(dict(zip(names, table.uns[f"{key}_colors"], strict=True)))
    assert found[0] == found[1]


def test_composition_stands_as_a_matrix_with_its_names_beside_it(store: Path, run: Run) -> None:
    write_run(store, run)
    table = anndata.read_zarr(store / "tables" / f"{run.name}_spot_table")
    assert "Macrophage/Dendritic" in list(table.uns["composition_names"])
    assert table.obsm["composition"].dtype == np.float32
    np.testing.assert_allclose(table.obsm["composition"].sum(axis=1), 1, atol=1e-6)


def test_the_spot_table_annotates_the_same_instances_as_the_spots_own_table(
    store: Path, run: Run
) -> None:
    write_run(store, run)
    sdata = spatialdata.read_zarr(store)
    own, ours = sdata.tables["table"], sdata.tables[f"{run.name}_spot_table"]
    attrs = ours.uns["spatialdata_attrs"]
    assert attrs["region"] == own.uns["spatialdata_attrs"]["region"]
    ids = own.obs.loc[ours.obs_names, own.uns["spatialdata_attrs"]["instance_key"]]
    np.testing.assert_array_equal(ours.obs[attrs["instance_key"]], ids)


def test_the_cell_table_joins_with_its_circles(store: Path, run: Run) -> None:
    write_run(store, run)
    sdata = spatialdata.read_zarr(store)
    joined, _ = spatialdata.join_spatialelement_table(
        sdata=sdata,
        spatial_element_names=f"{run.name}_cells",
        table_name=f"{run.name}_cell_table",
        how="inner",
    )
    assert len(joined[f"{run.name}_cells"]) == 120


def test_provenance_is_one_json_string_with_the_version_of_the_format(
    store: Path, run: Run
) -> None:
    write_run(store, run)
    table = anndata.read_zarr(store / "tables" / f"{run.name}_cell_table")
    record = json.loads(str(table.uns["tessera"]["provenance"]))
    assert record["format"] == 1
    assert record["run"] == run.name
    assert record["options"] == {"seed": 7, "steps": None}


def test_a_name_that_is_taken_is_refused_whatever_its_case(store: Path, run: Run) -> None:
    write_run(store, run)
    with pytest.raises(StoreError, match="exists already"):
        write_run(store, dataclasses.replace(run, name=run.name.upper()))


def test_an_object_that_holds_the_run_refuses_it(store: Path, run: Run) -> None:
    sdata = in_memory(store)
    write_run(sdata, run)
    with pytest.raises(StoreError, match="exists"):
        write_run(sdata, run)


def test_a_backed_object_and_its_store_both_get_the_run(store: Path, run: Run) -> None:
    sdata = spatialdata.read_zarr(store)
    write_run(sdata, run)
    assert_same_run(read_run(sdata, run.name), run)
    assert_same_run(read_run(store, run.name), run)


def test_a_run_of_another_tissue_is_refused_and_nothing_is_written(store: Path, run: Run) -> None:
    before, composition = hashes(store), run.result.composition
    assert composition is not None
    named = np.char.add("other", composition.spot_names)
    other = dataclasses.replace(composition, spot_names=named)
    result = dataclasses.replace(run.result, composition=other)
    with pytest.raises(StoreError, match="expected its 60 spots in the tissue, found no 'other"):
        write_run(store, dataclasses.replace(run, result=result))
    assert hashes(store) == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (dataclasses.replace(SELECTION, table="t"), "table t"),
        (dataclasses.replace(SELECTION, region="r"), "'r'"),
        (dataclasses.replace(SELECTION, coordinate_system="c"), "'c'"),
    ],
)
def test_a_run_that_speaks_of_what_is_not_there_is_refused(
    store: Path, run: Run, change: Selection, word: str
) -> None:
    provenance = dataclasses.replace(run.provenance, origin=Origin(selection=change))
    with pytest.raises(StoreError, match=word):
        write_run(store, dataclasses.replace(run, provenance=provenance))


def test_runs_are_listed_newest_first_with_their_scores(store: Path, run: Run) -> None:
    younger = dataclasses.replace(run.provenance, created="2026-05-01T00:00:00+00:00")
    write_run(store, run)
    write_run(store, Run(name="stem_11111111", result=run.result, provenance=younger))
    found = list_runs(store)
    assert [s.name for s in found] == ["stem_11111111", run.name]
    assert found[1].scores == {"held_out_distance": 12.5}
    assert (found[1].n_cells, found[1].n_spots) == (120, 60)
    assert found[1].answers == ("placement", "composition")


def test_tables_of_others_with_such_names_are_no_runs(store: Path, run: Run) -> None:
    sdata = in_memory(store)
    write_run(sdata, run)
    sdata["mine_spot_table"] = sdata.tables["table"].copy()
    assert [s.name for s in list_runs(sdata)] == [run.name]


def test_deleting_a_run_leaves_the_store_as_it_was(store: Path, run: Run) -> None:
    before = hashes(store, USERS)
    metadata = json.loads((store / "zarr.json").read_text())
    write_run(store, run)
    delete_run(store, run.name)
    assert list_runs(store) == ()
    assert hashes(store, USERS) == before
    assert json.loads((store / "zarr.json").read_text()) == metadata
    assert sorted(p.name for p in (store / "tables").iterdir()) == ["table", "zarr.json"]


def test_a_run_written_deleted_and_written_again_is_there(store: Path, run: Run) -> None:
    write_run(store, run)
    delete_run(store, run.name)
    write_run(store, run)
    assert_same_run(read_run(store, run.name), run)


def test_a_run_is_deleted_from_an_object(store: Path, run: Run) -> None:
    sdata = in_memory(store)
    write_run(sdata, run)
    delete_run(sdata, run.name)
    assert {name for _, name, _ in sdata.gen_elements()} == {"he", "spots", "table"}


@pytest.mark.parametrize("verb", [read_run, delete_run])
def test_a_run_that_is_not_there_is_said_with_those_that_are(
    store: Path, run: Run, verb: object
) -> None:
    write_run(store, run)
    with pytest.raises(RunNotFoundError, match=run.name):
        verb(store, "stem_99999999")  # type: ignore[operator]


def test_a_store_that_was_copied_by_spatialdata_still_holds_the_run(
    store: Path, run: Run, tmp_path: Path
) -> None:
    write_run(store, run)
    spatialdata.read_zarr(store).write(tmp_path / "copy.zarr")
    assert_same_run(read_run(tmp_path / "copy.zarr", run.name), run)


def in_memory(store: Path) -> SpatialData:
    """Read a store and forget where it came from."""
    sdata = spatialdata.read_zarr(store)
    sdata.path = None
    return sdata
