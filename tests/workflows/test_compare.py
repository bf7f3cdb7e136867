"""Where two runs agree."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import Composition, Provenance, Run, RunResult
from napari_tessera.workflows.compare import comparable, compare_runs

SPOTS = np.array(["s0", "s1", "s2", "s3"])
SHARES = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1], [0.3, 0.7]], dtype=np.float32)


def run_of(name: str, **parts: object) -> Run:
    return Run(
        name=name,
        result=RunResult(**parts),  # type: ignore[arg-type]
        provenance=Provenance(method="baseline"),
    )


def composed(name: str, values: np.ndarray, types: list[str] | None = None) -> Run:
    part = Composition(
        spot_names=SPOTS,
        types=np.array(types or ["A", "B"]),
        values=values.astype(np.float32),
        entropy=np.zeros(4, dtype=np.float32),
    )
    return run_of(name, composition=part)


def parted(name: str, labels: list[int], names: list[str]) -> Run:
    share = np.eye(len(names), dtype=np.float32)[labels]
    return run_of(name, domains=Domains(spot_names=SPOTS, names=np.array(names), probability=share))


def imputed(name: str, values: np.ndarray) -> Run:
    n = values.shape[1]
    part = Imputation(
        spot_names=SPOTS,
        gene_names=np.array(["G1", "G2"][:n]),
        values=values.astype(np.float32),
        scale=ExpressionScale.LOG1P,
        half_width=np.ones_like(values, dtype=np.float32),
        expected_pcc=np.ones(n, dtype=np.float32),
        measured=np.ones(n, dtype=np.bool_),
    )
    return run_of(name, imputation=part)


def test_a_run_agrees_with_itself_everywhere() -> None:
    one = composed("one", SHARES)
    found = compare_runs(one, one)
    assert found.values == pytest.approx(np.ones(4))
    assert found.scores == pytest.approx({"same": 1.0, "kappa": 1.0, "ari": 1.0})


def test_agreement_of_compositions_is_their_overlap() -> None:
    found = compare_runs(composed("one", SHARES), composed("two", SHARES[:, ::-1]))
    assert found.values == pytest.approx([0.4, 0.8, 0.2, 0.6])


def test_kappa_and_confusion_count_dominant_types() -> None:
    other = SHARES.copy()
    other[0] = [0.2, 0.8]  # one of two spots of A is B now
    found = compare_runs(composed("one", SHARES), composed("two", other))
    assert found.confusion().to_numpy().tolist() == [[1, 1], [0, 2]]
    assert found.scores["same"] == 0.75
    assert found.scores["kappa"] == pytest.approx(0.5)


def test_the_table_has_a_row_per_type() -> None:
    other = SHARES.copy()
    other[0] = [0.2, 0.8]
    table = compare_runs(composed("one", SHARES), composed("two", other)).table()
    assert table.to_numpy()[1] == pytest.approx([2, 3, 2, 2 / 3])


def test_types_that_one_run_does_not_know_agree_with_nothing() -> None:
    found = compare_runs(composed("one", SHARES), composed("two", SHARES, ["B", "C"]))
    assert found.values == pytest.approx([0.2, 0.4, 0.1, 0.3])


def test_domains_are_matched_before_they_are_compared() -> None:
    found = compare_runs(
        parted("one", [0, 0, 1, 1], ["cortex", "hilus"]), parted("two", [1, 1, 0, 2], list("123"))
    )
    assert found.second.tolist()[:3] == ["cortex", "cortex", "hilus"]
    assert found.values.tolist() == [1, 1, 1, 0]


def test_two_genes_of_one_run_can_be_compared() -> None:
    one = imputed("one", np.array([[1, 4], [2, 3], [3, 2], [4, 1.0]]))
    found = compare_runs(one, one, gene="G1", with_gene="G2")
    assert found.scores == pytest.approx({"pcc": -1.0, "spearman": -1.0})
    assert found.values == pytest.approx([0.25, 0.75, 0.75, 0.25])


def test_one_gene_of_two_runs_agrees_by_rank() -> None:
    one = imputed("one", np.array([[1.0], [2], [3], [4]]))
    found = compare_runs(one, imputed("two", np.array([[1.0], [4], [9], [16]])), gene="G1")
    assert found.values == pytest.approx(np.ones(4))


def test_a_gene_that_nobody_predicted_is_refused() -> None:
    one = imputed("one", np.ones((4, 1)))
    with pytest.raises(InputError, match="found G9"):
        compare_runs(one, one, gene="G9")


def test_runs_that_answer_different_questions_are_refused() -> None:
    one, other = composed("one", SHARES), parted("two", [0, 0, 1, 1], ["1", "2"])
    assert comparable(one, other) == ()
    with pytest.raises(InputError, match="both answer"):
        compare_runs(one, other)


def test_runs_on_other_spots_are_refused() -> None:
    one = composed("one", SHARES)
    part = one.result.composition
    assert part is not None
    moved = dataclasses.replace(part, spot_names=np.array(["t0", "t1", "t2", "t3"]))
    with pytest.raises(InputError, match="no spot"):
        compare_runs(one, run_of("two", composition=moved))
