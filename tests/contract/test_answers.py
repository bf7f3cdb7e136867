"""Every answer of a run survives the way to a result file and back, and refuses wrong shapes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.sections import SectionData

SPOTS = np.array(["s1", "s2", "s3"])


def imputation() -> Imputation:
    """Two genes at three spots."""
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    return Imputation(
        spot_names=SPOTS,
        gene_names=np.array(["A", "B"]),
        values=values,
        scale=ExpressionScale.LOG1P,
        half_width=np.ones_like(values),
        expected_pcc=np.array([0.5, 0.7], dtype=np.float32),
        measured=np.array([True, False]),
    )


def annotation() -> Annotation:
    """Three cells of two types."""
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], dtype=np.float32)
    return Annotation(
        spot_names=SPOTS,
        types=np.array(["a", "b/c"]),
        probability=probability,
        prediction_set=probability > 0.15,
        novelty_p=np.array([0.5, 0.01, 1.0], dtype=np.float32),
    )


def domains() -> Domains:
    """Three spots in two domains."""
    return Domains(
        spot_names=SPOTS,
        names=np.array(["1", "2"]),
        probability=np.array([[1, 0], [0.4, 0.6], [0, 1]], dtype=np.float32),
        curve={2: 1.0, 3: 2.0},
        stability={2: 0.9},
    )


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any answer
    """Whether two answers hold the same."""
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one)]
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


def section(labels: np.ndarray | None, source: SectionData | None = None) -> SectionData:
    """Three spots in a row."""
    return SectionData(
        spots=Expression(
            values=sparse.csr_matrix(np.eye(3, 2)),
            obs_names=SPOTS,
            gene_names=np.array(["A", "B"]),
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=np.arange(6.0).reshape(3, 2),
        spot_graph=sparse.csr_matrix(np.eye(3, k=1) + np.eye(3, k=-1)),
        unit="micrometre",
        pitch=1.0,
        labels=labels,
        source=source,
    )


def test_all_answers_of_a_run_come_back_from_a_result_file() -> None:
    result = RunResult(imputation=imputation(), annotation=annotation(), domains=domains())
    back = RunResult.from_state(result.to_state())
    assert back.answers == ("imputation", "annotation", "domains")
    assert all(same(getattr(back, name), getattr(result, name)) for name in back.answers)


@pytest.mark.parametrize("make", [imputation, annotation, domains])
def test_an_answer_refuses_another_number_of_spots(make: Any) -> None:  # noqa: ANN401 - any answer
    with pytest.raises(ValueError, match="must have shape"):
        dataclasses.replace(make(), spot_names=SPOTS[:2])


@pytest.mark.parametrize("make", [imputation, annotation, domains])
def test_an_answer_is_a_table_with_a_row_for_every_spot(make: Any) -> None:  # noqa: ANN401 - any answer
    assert make().table().index.tolist() == SPOTS.tolist()


def test_one_predicted_gene_is_found_by_its_name() -> None:
    assert imputation().gene("B").tolist() == [1.0, 3.0, 5.0]


def test_a_gene_that_was_not_predicted_is_not_found() -> None:
    with pytest.raises(KeyError):
        imputation().gene("C")


def test_the_likeliest_type_is_told_with_its_probability() -> None:
    found = annotation()
    assert found.cell_type.tolist() == ["a", "b/c", "a"]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.8, 0.5])


def test_a_section_with_its_source_comes_back_from_a_file() -> None:
    whole = section(None, source=section(np.array(["x", "y", "x"])))
    back = SectionData.from_state(whole.to_state())
    assert back.source is not None
    assert back.source.labels is not None
    assert back.source.labels.tolist() == ["x", "y", "x"]
    assert np.array_equal(back.spots.values.toarray(), whole.spots.values.toarray())
    assert np.array_equal(back.spot_graph.toarray(), whole.spot_graph.toarray())


def test_a_source_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        section(None, source=section(None))


def test_a_source_over_other_genes_is_refused() -> None:
    other = section(np.array(["x", "y", "x"]))
    renamed = dataclasses.replace(other.spots, gene_names=np.array(["A", "C"]))
    with pytest.raises(ValueError, match="same genes"):
        section(None, source=dataclasses.replace(other, spots=renamed))
