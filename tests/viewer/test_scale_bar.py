"""Bars of round length."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.viewer.scale_bar import LONGEST, scale_bar


@pytest.mark.parametrize(
    ("per_pixel", "label"),
    [
        (1.0, "100 µm"),
        (4.0, "500 µm"),
        (7.0, "1 mm"),
        (100.0, "10 mm"),
        (0.01, "1 µm"),
        (1e-3, "100 nm"),
    ],
)
def test_the_label_is_a_round_number_in_a_fitting_unit(per_pixel: float, label: str) -> None:
    assert scale_bar(per_pixel)[1] == label


def test_the_bar_is_as_long_as_it_says_and_neither_short_nor_long() -> None:
    sizes = {"nm": 1e-3, "µm": 1.0, "mm": 1e3}
    for per_pixel in np.geomspace(1e-3, 1e4, 200):
        length, label = scale_bar(float(per_pixel))
        number, unit = label.split()
        assert length * per_pixel == pytest.approx(float(number) * sizes[unit])
        assert LONGEST / 3 < length <= LONGEST * (1 + 1e-6)
