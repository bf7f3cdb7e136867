"""Colours of one gene."""

from __future__ import annotations

import numpy as np

from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_view
from napari_tessera.viewer.genes import gene_layer, paint_attribution, paint_expression
from napari_tessera.viewer.layer_data import MARK


def test_attribution_is_red_above_zero_blue_below_and_pale_at_it() -> None:
    red, blue, pale = paint_attribution(np.array([1.0, -1.0, 0.0])).rgba[:, :3]
    assert red[0] > 0.6 > red[2]
    assert blue[2] > 0.6 > blue[0]
    assert pale.min() > 0.9


def test_both_signs_share_one_scale() -> None:
    legend = paint_attribution(np.array([0.5, -2.0])).legend
    assert legend.low == f"-{legend.high}"


def test_a_gene_that_is_zero_everywhere_can_be_painted() -> None:
    for paint in (paint_attribution, paint_expression):
        assert np.isfinite(paint(np.zeros(3)).rgba).all()


def test_the_layer_knows_its_run_and_swaps_x_and_y() -> None:
    view = planted_view(planted_tissue(n_cells=20, n_spots=12, n_genes=10))
    painting = paint_expression(np.ones(5))
    data, arguments, kind = gene_layer("g", view, np.arange(10.0).reshape(5, 2), painting, "r")
    assert (kind, arguments["metadata"][MARK]["run"]) == ("points", "r")
    np.testing.assert_array_equal(data[:, 0], [1, 3, 5, 7, 9])
