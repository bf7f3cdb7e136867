"""What is read crosses doors, disks and pipes without loss; what does not fit is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tessera.contract.inputs import Origin, PairedData, RunSpec, Selection

if TYPE_CHECKING:
    from scipy import sparse

    from napari_tessera.contract.expression import Expression

NAMES = st.none() | st.text(max_size=8)
GENE_LISTS = st.lists(st.text(max_size=5), max_size=4).map(tuple)
SELECTIONS = st.builds(
    Selection, table=NAMES, layer=NAMES, within=NAMES,
    genes=st.none() | GENE_LISTS, held_out_genes=GENE_LISTS,
)  # fmt: skip


def through_json(values: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(values))
    return read


def same(left: sparse.csr_matrix, right: sparse.csr_matrix) -> bool:
    return np.array_equal(left.toarray(), right.toarray()) and left.dtype == right.dtype


@given(selection=SELECTIONS)
def test_a_selection_survives_json(selection: Selection) -> None:
    assert Selection.from_json(through_json(selection.to_json())) == selection


@given(selection=SELECTIONS, seed=st.integers(0, 9))
def test_a_recipe_survives_json(selection: Selection, seed: int) -> None:
    spec = RunSpec(method="stem", options={"seed": seed}, selection=selection, tissue="a.zarr")
    assert RunSpec.from_json(through_json(spec.to_json())) == spec


def test_an_origin_survives_json(selection: Selection) -> None:
    origin = Origin(selection=selection, preparation=("a", "b"), fingerprint="f")
    assert Origin.from_json(through_json(origin.to_json())) == origin


def test_a_run_is_named_by_method_and_eight_hexadecimals() -> None:
    method, _, digest = RunSpec(method="stem").run_name("f").partition("_")
    assert (method, len(digest), int(digest, 16) >= 0) == ("stem", 8, True)


def test_the_same_recipe_on_the_same_input_has_the_same_name() -> None:
    here = RunSpec(method="stem", options={"seed": 1}, tissue="here.zarr")
    there = RunSpec(method="stem", options={"seed": 1}, tissue="there.zarr")
    assert here.run_name("f") == there.run_name("f")


@pytest.mark.parametrize(
    "other",
    [
        RunSpec(method="stem", options={"seed": 2}).run_name("f"),
        RunSpec(method="baseline", options={"seed": 1}).run_name("f"),
        RunSpec(method="stem", options={"seed": 1}).run_name("g"),
        RunSpec(method="stem", options={"seed": 1}).run_name("f", "again"),
        RunSpec(
            method="stem", options={"seed": 1}, selection=Selection(layer="counts")
        ).run_name("f"),
    ],
    ids=["options", "method", "input", "salt", "selection"],
)  # fmt: skip
def test_another_recipe_has_another_name(other: str) -> None:
    assert RunSpec(method="stem", options={"seed": 1}).run_name("f") != other


@pytest.mark.parametrize("name", ["cells", "spots"])
def test_expression_survives_a_state(paired: PairedData, name: str) -> None:
    before, after = (getattr(p, name) for p in (paired, PairedData.from_state(paired.to_state())))
    assert same(before.values, after.values)
    assert np.array_equal(before.obs_names, after.obs_names)


@pytest.mark.parametrize("name", ["spot_xy", "cell_types", "sample"])
def test_arrays_survive_a_state(paired: PairedData, name: str) -> None:
    after = PairedData.from_state(paired.to_state())
    assert np.array_equal(getattr(after, name), getattr(paired, name))


@pytest.mark.parametrize("name", ["unit", "pitch", "origin", "n_cells", "n_spots", "n_genes"])
def test_values_survive_a_state(paired: PairedData, name: str) -> None:
    after = PairedData.from_state(paired.to_state())
    assert getattr(after, name) == getattr(paired, name)


def test_the_graph_survives_a_state(paired: PairedData) -> None:
    after = PairedData.from_state(paired.to_state()).spot_graph
    assert after is not None
    assert paired.spot_graph is not None
    assert same(after, paired.spot_graph)


@pytest.mark.parametrize("name", ["spot_graph", "cell_types", "sample"])
def test_what_is_not_there_stays_away(paired: PairedData, name: str) -> None:
    bare = dataclasses.replace(paired, spot_graph=None, cell_types=None, sample=None)
    assert getattr(PairedData.from_state(bare.to_state()), name) is None


def test_the_values_of_a_state_are_json(paired: PairedData) -> None:
    values = dict(paired.to_state().values)
    assert through_json(values)["cell_names"] == values["cell_names"]


def test_taking_spots_keeps_their_order(paired: PairedData) -> None:
    taken = paired.take_spots(np.array([2, 0]))
    assert taken.spots.obs_names.tolist() == ["spot2", "spot0"]
    assert taken.spot_xy.tolist() == [[0.0, 10.0], [0.0, 0.0]]


def test_taking_spots_cuts_the_graph(paired: PairedData) -> None:
    graph = paired.take_spots(np.array([2, 0])).spot_graph
    assert graph is not None
    assert graph.toarray().tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spot_xy": np.zeros((2, 2))}, "spot_xy"),
        ({"spot_xy": np.full((3, 2), np.nan)}, "finite"),
        ({"cell_types": np.array(["T"])}, "cell_types"),
        ({"pitch": 0.0}, "pitch"),
        ({"pitch": float("nan")}, "pitch"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(
    paired: PairedData, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(paired, **change)


def test_other_genes_on_the_other_side_are_refused(paired: PairedData) -> None:
    renamed = dataclasses.replace(paired.spots, gene_names=np.array(["C", "B", "A"]))
    with pytest.raises(ValueError, match="same genes in the same order"):
        dataclasses.replace(paired, spots=renamed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"obs_names": np.array(["a", "b", "c"])}, "3 rows"),
        ({"obs_names": np.array(["a", "a", "b", "c"])}, "row names are not unique"),
        ({"gene_names": np.array(["A", "A", "B"])}, "gene names are not unique"),
        ({"values": np.full((4, 3), np.inf)}, "finite"),
    ],
)
def test_expression_that_does_not_fit_is_refused(
    expression: Expression, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(expression, **change)


def test_dense_expression_becomes_sparse_single_precision(expression: Expression) -> None:
    dense = dataclasses.replace(expression, values=np.ones((4, 3)))  # type: ignore[arg-type]
    assert dense.values.format == "csr"
    assert dense.values.dtype == np.dtype(np.float32)


def test_totals_are_sums_of_rows(expression: Expression) -> None:
    assert expression.totals().tolist() == expression.values.toarray().sum(axis=1).tolist()
