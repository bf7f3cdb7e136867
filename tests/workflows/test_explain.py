"""Why here: from a run and a drawn region to ranked genes, and back from the store."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.dominance import COLUMNS
from napari_tessera.contract.errors import FitCancelled, InputError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.data.genes import ranking_names, read_ranking
from napari_tessera.data.sample import write_sample
from napari_tessera.jobs.run_dir import run_root
from napari_tessera.workflows.explain import explain_region
from napari_tessera.workflows.explained import (
    Question,
    Request,
    answer_request,
    prepare_request,
    read_answer,
    read_explanation,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.explanation import Explanation

FAST = nt.ExplainOptions(steps=4, refined_steps=0, draws=39)


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Plant a tissue, map it with one network and with the baseline, draw on it."""
    folder = tmp_path_factory.mktemp("explain")
    sample = write_sample(folder, n_cells=500, n_spots=160, n_genes=60, seed=0)
    names = []
    for method, options in (
        ("stem", nt.StemOptions(steps=40, members=1, batch_cells=128)),
        ("baseline", nt.BaselineOptions()),
    ):
        run = nt.map_cells(
            sample.tissue, sample.reference, method=method, options=options, out=sample.tissue
        )
        names.append(run.name)
    assert run.result.placement is not None
    x, y = run.result.placement.xy.T
    low, high, middle = y.min() - 500, y.max() + 500, float(np.median(x))
    left = np.array([[x.min() - 500, low], [middle, low], [middle, high], [x.min() - 500, high]])
    right = left + np.array([middle - x.min() + 500, 0])
    spine = np.array([[x.min(), y.mean()], [x.max(), y.mean()]])
    drawn = [
        nt.Region.area("left", left), nt.Region.area("right", right),
        nt.Region.area("corner", left[:3] - 1e6), nt.Region.path("spine", spine),
    ]  # fmt: skip
    nt.write_regions(sample.tissue, drawn, "global")
    return sample.tissue, names[0], names[1]


@pytest.fixture
def tissue(mapped: tuple[Path, str, str], tmp_path: Path) -> Path:
    """Copy the store with its runs, to write to."""
    copy = tmp_path / "tissue.zarr"
    shutil.copytree(run_root(mapped[0]), run_root(copy))
    return shutil.copytree(mapped[0], copy)


@pytest.fixture
def run(mapped: tuple[Path, str, str]) -> str:
    """Name the run of STEM."""
    return mapped[1]


@pytest.fixture(scope="session")
def left(mapped: tuple[Path, str, str]) -> Explanation:
    """Explain the left half."""
    return explain_region(mapped[0], mapped[1], region="left", options=FAST, save=False)


def test_every_column_has_a_meaning(left: Explanation) -> None:
    assert set(left.ranking.columns()) <= set(COLUMNS)


def test_a_region_is_compared_within_one_cell_type(left: Explanation) -> None:
    contrast = left.ranking.contrast
    assert contrast.within
    assert contrast.n_group + contrast.n_rest + contrast.n_between < 500


def test_genes_that_pull_the_group_in_come_first_in_the_order_of_their_area(
    left: Explanation,
) -> None:
    pulls = left.ranking.values["mean_group"] > 0
    assert pulls.any()
    assert (np.diff(pulls.astype(int)) <= 0).all()
    for some in (pulls, ~pulls):
        assert (np.diff(left.ranking.values["auc"][some]) <= 0).all()


def test_the_table_lists_every_gene_that_the_map_sees(left: Explanation) -> None:
    assert len(left.ranking.table()) == 60


def test_a_gene_is_looked_up_in_every_compared_cell(left: Explanation) -> None:
    gene = str(left.ranking.gene_names[0])
    values = left.values_of(gene)
    labels = left.labels
    assert labels is not None
    difference = values["attribution"][labels].mean() - values["attribution"][~labels].mean()
    assert difference == pytest.approx(left.ranking.values["mean_difference"][0], rel=1e-4)


def test_the_same_seed_gives_the_same_ranking(
    left: Explanation, mapped: tuple[Path, str, str]
) -> None:
    again = explain_region(mapped[0], mapped[1], region="left", options=FAST, save=False)
    np.testing.assert_array_equal(again.ranking.values["p_null"], left.ranking.values["p_null"])


def test_all_cells_can_be_compared_and_that_is_said(mapped: tuple[Path, str, str]) -> None:
    found = explain_region(
        mapped[0], mapped[1], region="left", within="all", options=FAST, save=False
    )
    assert found.ranking.contrast.within == ""
    assert any("mark the cell types" in warning for warning in found.ranking.warnings)


def test_two_regions_are_compared_with_each_other(mapped: tuple[Path, str, str]) -> None:
    one = explain_region(
        mapped[0], mapped[1], region="left", against="right", options=FAST, save=False
    )
    other = explain_region(
        mapped[0], mapped[1], region="right", against="left", options=FAST, save=False
    )
    assert one.ranking.contrast.rest == "right"
    assert one.ranking.contrast.n_group == other.ranking.contrast.n_rest


def test_a_cell_type_is_compared_with_the_others(mapped: tuple[Path, str, str]) -> None:
    types = nt.read(mapped[0], mapped[1]).result.placement.cell_types  # type: ignore[union-attr]
    assert types is not None
    name = str(types[0])
    found = explain_region(mapped[0], mapped[1], cell_type=name, options=FAST, save=False)
    assert found.ranking.contrast.n_group == types.tolist().count(name)


def test_any_label_of_spots_is_a_domain(mapped: tuple[Path, str, str]) -> None:
    found = explain_region(
        mapped[0], mapped[1], domain="Tumour", column="dominant_type", within="all",
        options=FAST, save=False,
    )  # fmt: skip
    assert found.ranking.contrast.kind == "domain"


def test_genes_are_ranked_along_a_path(mapped: tuple[Path, str, str]) -> None:
    found = explain_region(mapped[0], mapped[1], path="spine", options=FAST, save=False)
    assert (np.diff(found.ranking.values["r2"]) <= 0).all()
    assert "p_null" in found.ranking.values


def test_a_method_without_gradients_ranks_by_expression_and_says_so(
    mapped: tuple[Path, str, str],
) -> None:
    found = explain_region(mapped[0], mapped[2], region="left", options=FAST, save=False)
    assert found.attribution is None
    assert any("expression alone" in warning for warning in found.ranking.warnings)
    np.testing.assert_array_equal(
        found.ranking.values["auc"], found.ranking.values["expression_auc"]
    )


def test_the_ranking_and_its_contrast_are_read_back(tissue: Path, run: str) -> None:
    found = explain_region(tissue, run, region="left", options=FAST)
    back = read_ranking(tissue, found.name)
    assert back.contrast.to_json() == found.ranking.contrast.to_json()
    np.testing.assert_array_equal(back.gene_names, found.ranking.gene_names)


def test_the_drawn_outline_is_kept_with_the_ranking(tissue: Path, run: str) -> None:
    back = read_ranking(tissue, explain_region(tissue, run, region="left", options=FAST).name)
    region = nt.Region.from_json(back.contrast.details["regions"][0])
    assert region.name == "left"


def test_what_is_behind_a_ranking_is_kept_in_the_run_directory(tissue: Path, run: str) -> None:
    found = explain_region(tissue, run, region="left", options=FAST)
    back = read_explanation(tissue, found.name)
    assert found.attribution is not None
    assert back.attribution is not None
    given, kept = found.attribution.values.toarray(), back.attribution.values.toarray()
    np.testing.assert_array_equal(given, kept)
    np.testing.assert_array_equal(back.labels, found.labels)


def test_deleting_a_run_takes_its_rankings_along(tissue: Path, run: str) -> None:
    explain_region(tissue, run, region="left", options=FAST)
    nt.delete(tissue, run)
    assert ranking_names(tissue) == ()


def test_cancelling_writes_nothing(tissue: Path, run: str) -> None:
    class Impatient(SilentMonitor):
        def report(self, progress: Progress) -> Verdict:  # noqa: ARG002
            raise FitCancelled

    with pytest.raises(FitCancelled):
        explain_region(tissue, run, region="left", options=FAST, monitor=Impatient())
    assert ranking_names(tissue) == ()


def test_a_request_in_a_folder_is_answered_there(tissue: Path, run: str, tmp_path: Path) -> None:
    question = Question(region="left", within="all")
    request = Request(store=str(tissue), run=run, question=question, options=FAST)
    job = prepare_request(request, tmp_path / "job")
    answer_request(job, SilentMonitor())
    assert read_answer(job).ranking.contrast.group == "left"


def test_a_request_without_an_answer_is_said_to_be_none(tmp_path: Path) -> None:
    request = Request(store="x", run="y", question=Question(region="left"), options=FAST)
    with pytest.raises(InputError, match="Explain again"):
        read_answer(prepare_request(request, tmp_path / "job"))


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"region": "nowhere"}, "There are: left, right, corner"),
        ({"region": "corner"}, "expected spots in it"),
        ({"path": "left"}, "There are: spine"),
        ({"region": "left", "within": "Martians"}, "There are: "),
        ({"cell_type": "Martians"}, "There are: "),
        ({"domain": "x", "column": "nothing"}, "Find domains first"),
        ({"domain": "x", "column": "dominant_type"}, "There are: "),
        ({}, "exactly one"),
        ({"region": "left", "path": "spine"}, "exactly one"),
    ],
)
def test_what_is_not_there_is_refused(
    mapped: tuple[Path, str, str], asked: dict[str, str], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        explain_region(mapped[0], mapped[1], options=FAST, save=False, **asked)  # type: ignore[arg-type]


def test_a_run_without_its_directory_is_refused(mapped: tuple[Path, str, str]) -> None:
    with pytest.raises(InputError, match="map again"):
        explain_region(mapped[0], "stem_00000000", region="left")


def test_few_cells_of_every_type_are_refused_with_counts(mapped: tuple[Path, str, str]) -> None:
    options = nt.ExplainOptions(inside=1.0, steps=2)
    with pytest.raises(InputError, match=r"cells of all types inside, \d+ outside"):
        explain_region(mapped[0], mapped[1], region="left", options=options, save=False)


def test_the_figure_is_written_as_svg_and_png(left: Explanation, tmp_path: Path) -> None:
    for name, begin in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
        left.figure().savefig(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
