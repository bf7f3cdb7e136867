"""The mind of the Explore dock: who is looked at, who is selected, what sets them apart."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.population import Against, How, Kind
from napari_tessera.jobs.errands import Errands
from napari_tessera.workbench.exploring import Exploring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from tests.workbench.conftest import Desk, Sample

    from napari_tessera.contract.results import Run
    from napari_tessera.workbench.bench import Bench

pytestmark = pytest.mark.usefixtures("quick_errands")

EVERYWHERE = np.array([[-1e5, -1e5], [1e5, -1e5], [1e5, 1e5], [-1e5, 1e5]])


@pytest.fixture(scope="module")
def run(planted_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Map the planted cells without training, in a copy: a fit leaves its directory beside."""
    folder = shutil.copytree(planted_files, tmp_path_factory.mktemp("explored") / "sample")
    return nt.map_cells(
        folder / "tissue.zarr",
        folder / "reference.h5ad",
        cell_type_column="cell_type",
        method="baseline",
    )


@pytest.fixture
def exploring(bench: Bench, desk: Desk, sample: Sample, run: Run) -> Iterator[Exploring]:
    """Open tissue and reference with a run on the screen, and look at the spots."""
    bench.open_tissue(sample.tissue)
    bench.open_reference(sample.reference)
    desk.until(lambda: bench.view is not None and bench.reference is not None)
    bench.shown = run
    made = Exploring(bench, desk.post)
    made.failed.connect(_raise)
    made.watch()
    desk.until(lambda: made.groups is not None)
    yield made
    made.close()


def _raise(message: str, hint: str) -> None:
    raise AssertionError(message + hint)


def cells(exploring: Exploring, desk: Desk) -> None:
    """Look at the placed cells."""
    exploring.look_at(Kind.CELLS)
    desk.until(lambda: exploring.population and exploring.population.kind is Kind.CELLS)
    desk.until(lambda: exploring.groups and len(exploring.groups.codes) == exploring.first.size)


def test_the_spots_come_with_what_the_run_says_of_them(exploring: Exploring) -> None:
    assert exploring.population is not None
    assert exploring.population.kind is Kind.SPOTS
    assert exploring.column == "dominant type"


def test_a_lasso_on_the_tissue_selects_who_lies_in_it(exploring: Exploring, desk: Desk) -> None:
    assert exploring.population is not None
    xy = exploring.population.xy
    middle = float(np.median(xy[:, 0]))
    exploring.lasso_tissue(np.where(EVERYWHERE > 0, [middle, 1e5], EVERYWHERE))
    desk.until(lambda: exploring.first.any())
    assert (exploring.first == (xy[:, 0] <= middle)).all()


def test_a_lasso_in_the_embedding_selects_placed_cells(exploring: Exploring, desk: Desk) -> None:
    cells(exploring, desk)
    assert exploring.population is not None
    plane = np.random.default_rng(0).normal(size=(exploring.first.size, 2)).astype(np.float32)
    exploring._take_umap(("planted", plane))
    desk.until(lambda: np.array_equal(exploring.plane, plane))
    exploring.lasso_embedding(np.where(EVERYWHERE > 0, [0, 1e5], EVERYWHERE))
    desk.until(lambda: exploring.first.any())
    assert (exploring.first == (plane[:, 0] <= 0)).all()


@pytest.mark.parametrize(
    ("how", "wanted"),
    [(How.ANEW, [1, 2]), (How.ADD, [0, 1, 2]), (How.REMOVE, [0])],
)
def test_a_further_lasso_does_what_was_chosen(
    how: How, wanted: list[int], exploring: Exploring
) -> None:
    at = np.arange(exploring.first.size)
    exploring.select(at < 2)
    exploring.select((at == 1) | (at == 2), how)
    assert np.flatnonzero(exploring.first).tolist() == wanted


def test_all_of_one_label_are_selected(exploring: Exploring) -> None:
    assert exploring.population is not None
    labels = exploring.population.labels["dominant type"]
    exploring.select_group(str(labels[0]))
    assert (exploring.first == (labels == labels[0])).all()


def test_a_second_selection_is_who_the_next_is_compared_with(exploring: Exploring) -> None:
    at = np.arange(exploring.first.size)
    exploring.select(at < 10)
    exploring.keep_second()
    exploring.select((at > 5) & (at < 20))
    assert exploring.against is Against.SECOND
    assert np.flatnonzero(exploring.others).tolist() == [0, 1, 2, 3, 4, 5]


def test_cells_of_one_type_are_set_apart_by_their_marker(exploring: Exploring, desk: Desk) -> None:
    cells(exploring, desk)
    assert exploring.groups is not None
    exploring.select_group(exploring.groups.names[0])
    exploring.compare()
    desk.until(lambda: exploring.comparison)
    assert exploring.comparison is not None
    best = exploring.comparison.table().iloc[0]
    assert best["auc"] > 0.8
    assert best["p_adjusted"] < 0.01


def test_violins_are_made_of_genes_that_are_known(exploring: Exploring, desk: Desk) -> None:
    cells(exploring, desk)
    found: list[Any] = []
    exploring.charted.connect(found.append)
    exploring.chart(())
    desk.until(lambda: exploring.genes)
    exploring.select(np.arange(exploring.first.size) < 30)
    exploring.chart([exploring.genes[3], "no such gene"])
    desk.until(lambda: len(found) > 1)
    assert [each.gene for each in found[1]] == [exploring.genes[3]]


def test_a_selection_survives_another_colour_but_not_another_crowd(
    exploring: Exploring, desk: Desk
) -> None:
    exploring.select(np.arange(exploring.first.size) < 5)
    exploring.look_at(Kind.SPOTS)
    for _ in range(20):
        desk.once()
    assert exploring.first.sum() == 5
    cells(exploring, desk)
    assert not exploring.first.any()


def test_cells_without_their_reference_say_what_to_do(
    exploring: Exploring, desk: Desk, bench: Bench
) -> None:
    cells(exploring, desk)
    told: list[tuple[str, str]] = []
    exploring.failed.disconnect(_raise)
    exploring.failed.connect(lambda message, hint: told.append((message, hint)))
    bench.reference = None
    exploring.select(np.arange(exploring.first.size) < 5)
    exploring.compare()
    desk.until(lambda: told)
    assert "Tissue dock" in told[0][1]


def test_a_umap_that_a_child_made_is_seen(
    exploring: Exploring, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def child(_errands: Errands, arguments: list[str], **_: object) -> dict[str, Any]:
        from napari_tessera.cli.main import main

        monkeypatch.setattr("napari_tessera.workflows.embed.umap_of", lambda v: v[:, :2].toarray())
        assert main(arguments) == 0
        return {}

    monkeypatch.setattr(Errands, "ask_child", child)
    exploring.compute_umap(of_expression=True)
    desk.until(lambda: exploring.embedding == "UMAP of the expression")
    desk.until(lambda: len(exploring.plane) == exploring.first.size)
    assert exploring.population is not None
    assert exploring.embedding in exploring.population.embeddings
