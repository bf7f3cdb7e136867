"""One gene along the ramp, several as a blend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_view
from napari_tessera.viewer.colours import ramp, rgba_of
from napari_tessera.viewer.gene_blend import (
    BLEND,
    DrawnGene,
    gene_columns,
    genes_layer,
    paint_genes,
)
from napari_tessera.viewer.layer_data import MARK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.views import SpotsView, TissueView


@pytest.fixture(scope="module")
def view() -> TissueView:
    return planted_view(planted_tissue(n_cells=50, n_spots=40, n_genes=20))


@pytest.fixture(scope="module")
def spots(view: TissueView) -> SpotsView:
    assert view.spots is not None
    return view.spots


def gene(spots: SpotsView, values: NDArray[np.float64], sure: float | None = None) -> DrawnGene:
    return DrawnGene(
        title="g", names=spots.names, values=values.astype(np.float32),
        sure=None if sure is None else np.full(values.size, sure, np.float32),
    )  # fmt: skip


def on(spots: SpotsView, *rows: int) -> NDArray[np.float64]:
    """Ten in these spots, nothing elsewhere."""
    values = np.zeros(spots.names.size)
    values[list(rows)] = 10
    return values


def test_one_gene_goes_along_the_ramp(spots: SpotsView) -> None:
    rgba, (legend,) = paint_genes([gene(spots, np.arange(40.0))], spots)
    np.testing.assert_allclose(rgba[[0, -1]], ramp()[[0, -1]], rtol=1e-6)
    assert legend.ramp


def test_spots_without_a_value_are_clear(spots: SpotsView) -> None:
    part = DrawnGene(title="g", names=spots.names[1:], values=np.arange(39, dtype=np.float32))
    for genes in ([part], [part, part]):
        rgba, _ = paint_genes(genes, spots)
        assert rgba[0, 3] == 0


def test_each_of_several_genes_has_a_colour_and_a_legend(spots: SpotsView) -> None:
    genes = [gene(spots, on(spots, i)) for i in range(4)]
    rgba, legends = paint_genes(genes, spots)
    wanted = [rgba_of(colour) for colour in BLEND]
    np.testing.assert_allclose(rgba[:4], wanted, atol=1e-6)
    assert (rgba[4:, 3] == 0).all()
    np.testing.assert_allclose([legend.ramp[-1] for legend in legends], wanted, atol=1e-6)


def test_a_spot_with_two_genes_has_the_colour_between(spots: SpotsView) -> None:
    rgba, _ = paint_genes([gene(spots, on(spots, 0)), gene(spots, on(spots, 0))], spots)
    between = (np.array(rgba_of(BLEND[0])) + np.array(rgba_of(BLEND[1]))) / 2
    np.testing.assert_allclose(rgba[0], between, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2])
def test_unsure_predictions_fade_only_when_asked(spots: SpotsView, n: int) -> None:
    genes = [gene(spots, np.arange(40.0), sure=0.2)] * n
    plain, _ = paint_genes(genes, spots)
    faded, _ = paint_genes(genes, spots, fade=True)
    assert faded[-1, 3] < 0.5 < plain[-1, 3]


def test_the_layer_is_known_as_ours(view: TissueView, spots: SpotsView) -> None:
    made = genes_layer(view, np.ones((spots.names.size, 4), np.float32), "genes")
    assert made is not None
    assert made[1]["metadata"][MARK]["role"] == "genes"


def labelled(spots: SpotsView, *labels: str, **colours: str) -> DrawnGene:
    every = np.array([*labels, *[labels[-1]] * (len(spots.xy) - len(labels))])
    values = np.full(every.size, np.nan, np.float32)
    return DrawnGene(title="layer", names=spots.names, values=values, labels=every, colours=colours)


def test_labels_have_their_own_colours_and_a_line_each(spots: SpotsView) -> None:
    rgba, (legend,) = paint_genes([labelled(spots, "L1", "L2", L1="#ff0000")], spots)
    assert rgba[0].tolist() == [1, 0, 0, 1]
    assert {entry.name: entry.count for entry in legend.entries} == {
        "L1": 1, "L2": len(spots.xy) - 1,
    }  # fmt: skip


def test_spots_without_a_label_and_hidden_ones_are_clear(spots: SpotsView) -> None:
    drawn = labelled(spots, "L1", "", "L2")
    rgba, _ = paint_genes([drawn], spots, hidden=frozenset({"L2"}))
    assert rgba[:3, 3].tolist() == [1, 0, 0]


def test_numbers_are_blended_without_the_labels_among_them(spots: SpotsView) -> None:
    number = gene(spots, on(spots, 0))
    alone, _ = paint_genes([number], spots)
    beside, legends = paint_genes([number, labelled(spots, "L1")], spots)
    assert np.array_equal(alone, beside)
    assert len(legends) == 1


def test_the_mouse_tells_the_label(spots: SpotsView) -> None:
    assert gene_columns([labelled(spots, "L1", "L2")], spots)["layer"][:2].tolist() == ["L1", "L2"]
