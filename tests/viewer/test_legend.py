"""Legends: what they say before anybody draws them."""

from __future__ import annotations

import numpy as np

from napari_tessera.viewer.colours import categories, ramp
from napari_tessera.viewer.legend import alpha_legend, category_legend, ramp_legend


def test_the_most_frequent_type_comes_first_and_ties_go_by_name() -> None:
    legend = category_legend("t", categories(np.array(["c", "b", "a", "c"])))
    assert [(e.name, e.count) for e in legend.entries] == [("c", 2), ("a", 1), ("b", 1)]


def test_a_type_that_does_not_occur_has_no_line() -> None:
    legend = category_legend("t", categories(np.array(["a"]), names=("a", "b")))
    assert [e.name for e in legend.entries] == ["a"]


def test_a_line_has_the_colour_of_its_items() -> None:
    items = categories(np.array(["b", "a"]))
    entries = {e.name: e.rgba for e in category_legend("t", items).entries}
    np.testing.assert_allclose(entries["b"], items.rgba()[0])


def test_a_ramp_goes_from_the_low_colour_to_the_high_one() -> None:
    legend = ramp_legend("t", (0.25, 12345.0))
    assert (legend.low, legend.high) == ("0.25", "12,345")
    np.testing.assert_allclose(legend.ramp[-1], ramp()[-1], rtol=1e-6)


def test_a_veil_begins_transparent() -> None:
    legend = alpha_legend("t", (1.0, 0.0, 0.0, 1.0), 2.0)
    assert (legend.ramp[0][3], legend.ramp[-1]) == (0.0, (1.0, 0.0, 0.0, 1.0))
