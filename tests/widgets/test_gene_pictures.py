"""Volcano, heatmap and trend of a ranking, without a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.contract.explanation import Explanation
from napari_tessera.contract.gene_heat import heat_of, own_groups
from napari_tessera.contract.regions import Region
from napari_tessera.explain.groups import Sides
from napari_tessera.explain.path import AlongPath, rank_trends
from napari_tessera.explain.sdg import rank_genes
from napari_tessera.widgets.gene_pictures import GenePictures
from napari_tessera.workbench.grouping import groups_for

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

N, N_GENES = 60, 25
GENES = np.array([f"G{i:02d}" for i in range(N_GENES)])
XY = np.column_stack([np.arange(N, dtype=np.float64), np.zeros(N)])


def expression() -> sparse.csr_matrix:
    """Gene 3 rises along the cells; the others are noise."""
    values = np.random.default_rng(0).random((N, N_GENES))
    values[:, 3] = np.linspace(0, 5, N)
    return sparse.csr_matrix(values.astype(np.float32))


def explained(
    ranking: GeneRanking,
    labels: NDArray[np.bool_] | None = None,
    position: NDArray[np.float64] | None = None,
) -> Explanation:
    """Dress a ranking."""
    return Explanation(
        ranking=ranking, attribution=None, expression=expression(), gene_names=GENES,
        rows=np.arange(N), xy=XY, labels=labels, position=position,
    )  # fmt: skip


@pytest.fixture
def compared() -> Explanation:
    """Compare the last 30 cells with the first 30."""
    sides = Sides(
        group=np.arange(30, N), rest=np.arange(30), group_name="far", rest_name="near",
        n_between=0,
    )  # fmt: skip
    labels = np.arange(N) >= 30
    rows = np.concatenate([np.arange(30, N), np.arange(30)])
    contrast = Contrast(kind="region", group="far", rest="near")
    ranking = rank_genes(GENES, {"expression": expression()[rows]}, sides, None, contrast)
    return explained(ranking, labels=labels)


@pytest.fixture
def followed() -> Explanation:
    """Follow the cells along a path."""
    cells = AlongPath(rows=np.arange(N), position=np.linspace(0, 1, N), length=1.0)
    draws = (19, 4, np.random.default_rng(0))
    ranking = rank_trends(GENES, {"expression": expression()}, cells, draws, Contrast(kind="path"))
    return explained(ranking, position=cells.position)


@pytest.fixture
def pictures(qtbot: QtBot) -> GenePictures:
    """Show the widget."""
    made = GenePictures()
    qtbot.addWidget(made)
    made.resize(340, 330)
    made.show()
    return made


def test_the_heatmap_holds_the_means_of_both_sides(compared: Explanation) -> None:
    heat = heat_of(compared, own_groups(compared))
    assert (heat.groups, heat.sizes) == (("far", "near"), (30, 30))
    wanted = expression().toarray()[30:, 3].mean()
    assert heat.values[0, heat.genes.index("G03")] == pytest.approx(wanted, rel=1e-5)


def test_every_gene_of_the_heatmap_is_scaled_by_its_largest(compared: Explanation) -> None:
    scaled = heat_of(compared, own_groups(compared)).scaled
    np.testing.assert_allclose(np.abs(scaled).max(axis=0), 1)


def test_a_path_is_cut_into_ten_groups(followed: Explanation) -> None:
    heat = heat_of(followed, own_groups(followed))
    assert heat.groups[0] == "0-10 %"
    assert sum(heat.sizes) == N
    assert (np.diff(heat.values[:, heat.genes.index("G03")]) > 0).all()


def test_drawn_regions_and_cell_types_are_groups_too(compared: Explanation) -> None:
    outline = np.array([[-1, -1], [9.5, -1], [9.5, 1], [-1, 1]], dtype=np.float64)
    types = np.where(np.arange(N) % 3 == 0, "T", "B")
    found = groups_for(compared, [Region.area("left", outline)], XY, types)
    assert list(found) == ["far", "near", "in left", "B", "T"]
    assert int(found["in left"].sum()) == 10


def test_one_cell_type_alone_is_no_group(compared: Explanation) -> None:
    assert list(groups_for(compared, [], XY, np.full(N, "T"))) == ["far", "near"]


def test_a_click_on_a_row_of_the_heatmap_chooses_its_gene(
    pictures: GenePictures, compared: Explanation
) -> None:
    pictures.set_explanation(compared)
    pictures.set_heat(heat_of(compared, own_groups(compared)))
    assert pictures.heat.gene_at(0.4) == compared.ranking.gene_names[0]
    assert pictures.heat.gene_at(-3.0) == ""


def test_the_trend_follows_the_chosen_gene(pictures: GenePictures, followed: Explanation) -> None:
    pictures.set_explanation(followed)
    pictures.choose("G03", "attribution")
    at, fitted = pictures.line.getData()
    assert fitted[-1] == pytest.approx(5, abs=0.1)
    assert pictures.isTabEnabled(2)
    assert at[-1] == pytest.approx(1)


def test_without_a_path_there_is_no_trend(pictures: GenePictures, compared: Explanation) -> None:
    pictures.set_explanation(compared)
    assert not pictures.isTabEnabled(2)


@pytest.mark.parametrize(("tab", "axis"), [(0, "explained variance"), (2, "share of the path")])
def test_the_figure_is_the_picture_in_front(
    pictures: GenePictures, followed: Explanation, tab: int, axis: str
) -> None:
    pictures.set_explanation(followed)
    pictures.choose("G03", "attribution")
    pictures.setCurrentIndex(tab)
    figure = pictures.figure()
    assert figure is not None
    assert axis in {a.get_xlabel() for a in figure.axes}


def test_the_heatmap_is_written_as_svg_and_png(
    pictures: GenePictures, compared: Explanation, tmp_path: Path
) -> None:
    pictures.set_explanation(compared)
    pictures.set_heat(heat_of(compared, own_groups(compared)))
    pictures.setCurrentIndex(1)
    figure = pictures.figure()
    assert figure is not None
    figure.savefig(tmp_path / "heat.svg")
    figure.savefig(tmp_path / "heat.png")
    assert b"<svg" in (tmp_path / "heat.svg").read_bytes()
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
