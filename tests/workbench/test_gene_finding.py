"""Genes of the open tissue and of the runs that were loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.workbench.gene_finding import MOST_GENES, GeneFinding, GeneValues
from napari_tessera.workbench.gene_search import COLUMN, MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.workbench.conftest import Desk, Sample

    from napari_tessera.workbench.bench import Bench

pytestmark = pytest.mark.usefixtures("quick_errands")


def imputed(name: str = "stai_1") -> Run:
    values = np.array([[1.0, 0.0], [2.0, 0.5]], np.float32)
    found = Imputation(
        spot_names=np.array(["a", "b"]), gene_names=np.array(["NEW1", "NEW2"]), values=values,
        scale=ExpressionScale.LOG1P, half_width=values + 0.1,
        expected_pcc=np.array([0.8, 0.1], np.float32), measured=np.array([False, True]),
    )  # fmt: skip
    return Run(name=name, result=RunResult(imputation=found), provenance=Provenance(method="m"))


@pytest.fixture
def finding(bench: Bench, desk: Desk, sample: Sample) -> Iterator[GeneFinding]:
    made = GeneFinding(bench, desk.post)
    made.watch()
    bench.open_tissue(sample.tissue)
    desk.until(lambda: bool(made.index.entries))
    yield made
    made.close()


@pytest.fixture
def fetched(finding: GeneFinding) -> list[tuple[GeneValues, ...]]:
    seen: list[tuple[GeneValues, ...]] = []
    finding.fetched.connect(seen.append)
    return seen


def test_genes_of_the_table_are_measured(finding: GeneFinding) -> None:
    found = [entry for entry in finding.index.entries if entry.source == MEASURED]
    assert len(found) == 40
    assert {entry.badge for entry in found} == {"measured"}


def test_columns_of_the_table_can_be_fetched_like_genes(
    finding: GeneFinding, fetched: list[tuple[GeneValues, ...]], desk: Desk
) -> None:
    (column,) = [entry for entry in finding.index.entries if entry.source == COLUMN]
    finding.choose([column])
    desk.until(lambda: bool(fetched))
    assert (column.name, column.badge[:5]) == ("label", "label")
    assert fetched[0][0].labels is not None


def test_a_column_that_another_program_adds_is_found_when_listed_again(
    finding: GeneFinding, bench: Bench, desk: Desk
) -> None:
    assert bench.tissue is not None
    bench.tissue.sdata.tables["table"].obs["mine"] = 1.5
    finding.list_again()
    desk.until(lambda: any(entry.name == "mine" for entry in finding.index.entries))
    assert any(entry.name == "mine" for entry in finding.index.entries)


def test_a_loaded_run_adds_its_genes_with_score_and_badge(
    finding: GeneFinding, bench: Bench
) -> None:
    bench.run_loaded.emit(imputed())
    badges = {e.name: e.badge for e in finding.index.entries if e.source == "stai_1"}
    assert badges == {"NEW1": "predicted, r 0.8", "NEW2": "measured, r 0.1 (weak)"}


def test_a_deleted_run_takes_its_genes_along(finding: GeneFinding, bench: Bench) -> None:
    bench.run_loaded.emit(imputed())
    bench.runs_changed.emit(())
    assert {entry.source for entry in finding.index.entries} == {MEASURED, COLUMN}


def test_measured_values_come_from_the_table(
    finding: GeneFinding, bench: Bench, desk: Desk, fetched: list[tuple[GeneValues, ...]]
) -> None:
    finding.choose(finding.index.entries[:1])
    desk.until(lambda: fetched)
    ((values,),) = fetched
    assert values.sure is None
    assert bench.view is not None
    assert bench.view.spots is not None
    assert set(values.names.tolist()) == set(bench.view.spots.names.tolist())


def test_predicted_values_come_with_how_sure_they_are(
    finding: GeneFinding, bench: Bench, desk: Desk, fetched: list[tuple[GeneValues, ...]]
) -> None:
    bench.run_loaded.emit(imputed())
    entry = finding.index.best("NEW1")
    assert entry is not None
    finding.choose([entry])
    desk.until(lambda: fetched)
    ((values,),) = fetched
    assert values.values.tolist() == [1.0, 2.0]
    assert values.sure is not None
    assert values.sure[0] > values.sure[1]


def test_of_quick_choices_only_the_last_is_told(
    finding: GeneFinding, desk: Desk, fetched: list[tuple[GeneValues, ...]]
) -> None:
    for entry in finding.index.entries[:10]:
        finding.choose([entry])
    desk.until(lambda: fetched)
    assert [v.entry for v in fetched[-1]] == [finding.index.entries[9]]


def test_no_more_than_four_genes_are_drawn_at_once(finding: GeneFinding) -> None:
    finding.choose(finding.index.entries[:9])
    assert len(finding.chosen) == MOST_GENES


def test_nothing_chosen_is_told_at_once(
    finding: GeneFinding, fetched: list[tuple[GeneValues, ...]]
) -> None:
    finding.choose(())
    assert fetched == [()]
