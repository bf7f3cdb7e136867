"""Results keep their values through a state, and refuse shapes that do not fit."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from napari_tessera.contract.inputs import Origin, Selection
from napari_tessera.contract.results import Composition, Placement, Provenance, RunResult


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Placement)])
def test_a_placement_survives_a_state(placement: Placement, field: str) -> None:
    after = getattr(Placement.from_state(placement.to_state()), field)
    before = getattr(placement, field)
    if field == "map":
        before, after = before.toarray(), after.toarray()
    assert np.array_equal(before, after)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Composition)])
def test_a_composition_survives_a_state(composition: Composition, field: str) -> None:
    after = Composition.from_state(composition.to_state())
    assert np.array_equal(getattr(after, field), getattr(composition, field))


def test_a_whole_result_survives_a_state(placement: Placement, composition: Composition) -> None:
    result = RunResult(placement=placement, composition=composition)
    after = RunResult.from_state(result.to_state())
    assert after.placement is not None
    assert after.composition is not None
    assert np.array_equal(after.placement.xy, placement.xy)
    assert np.array_equal(after.composition.values, composition.values)


def test_an_answer_that_was_not_given_stays_away(placement: Placement) -> None:
    after = RunResult.from_state(RunResult(placement=placement).to_state())
    assert after.composition is None


def test_the_values_of_a_state_are_json(placement: Placement, composition: Composition) -> None:
    values = dict(RunResult(placement=placement, composition=composition).to_state().values)
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("xy", np.zeros((3, 2))),
        ("mean_xy", np.zeros((2, 3))),
        ("covariance", np.zeros((2, 2), dtype=np.float32)),
        ("entropy", np.zeros(3, dtype=np.float32)),
        ("modal_spot", np.zeros(1, dtype=np.int64)),
    ],
)
def test_a_placement_that_does_not_fit_is_refused(
    placement: Placement, field: str, value: object
) -> None:
    with pytest.raises(ValueError, match=f"{field} must have shape"):
        dataclasses.replace(placement, **{field: value})  # type: ignore[arg-type]


def test_a_composition_that_does_not_fit_is_refused(composition: Composition) -> None:
    with pytest.raises(ValueError, match="must have shape"):
        dataclasses.replace(composition, types=np.array(["B"]))


def test_the_dominant_type_has_the_largest_share(composition: Composition) -> None:
    assert composition.dominant_type.tolist() == ["T", "B", "B"]


def test_a_placement_names_its_modal_spots(placement: Placement) -> None:
    assert placement.columns()["modal_spot"].tolist() == ["spot0", "spot2"]


def test_a_placement_without_types_has_no_column_for_them(placement: Placement) -> None:
    assert "cell_type" not in dataclasses.replace(placement, cell_types=None).columns()


def test_tables_have_the_names_as_their_index(
    placement: Placement, composition: Composition
) -> None:
    assert placement.table().index.tolist() == ["cell0", "cell1"]
    assert composition.table().index.tolist() == ["spot0", "spot1", "spot2"]


def test_a_provenance_survives_json(selection: Selection) -> None:
    provenance = Provenance(
        method="stem",
        options={"seed": 1},
        origin=Origin(selection=selection, preparation=("a",), fingerprint="f"),
        scores={"held_out_distance": 1.5},
        baseline={"method": "baseline", "held_out_distance": 2.5},
        history={"total": (3.0, 2.0), "step": (0.0, 10.0)},
        warnings=("few genes",),
    )
    assert Provenance.from_json(json.loads(json.dumps(provenance.to_json()))) == provenance
