"""Density of a type: it counts, lies in its place, and lets the H&E through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.viewer.density import density_layer, rasterise

if TYPE_CHECKING:
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView

FRAME = np.array([[0.0, 0.0], [100.0, 60.0]])


def test_the_density_adds_up_to_the_number_of_cells() -> None:
    xy = np.random.default_rng(0).uniform((30, 20), (70, 40), size=(500, 2))
    density = rasterise(xy, FRAME, pitch=10.0, side=200)
    per_pixel = (density.affine[0, 0] / density.pitch) ** 2
    assert density.values.sum() * per_pixel == pytest.approx(500, rel=1e-3)


def test_the_peak_lies_where_the_cells_are() -> None:
    density = rasterise(np.tile([[63.0, 17.0]], (9, 1)), FRAME, pitch=10.0, side=480)
    row, col = np.unravel_index(density.values.argmax(), density.values.shape)
    x, y, _ = density.affine @ np.array([col + 0.5, row + 0.5, 1.0])
    np.testing.assert_allclose([x, y], [63.0, 17.0], atol=density.affine[0, 0])


def test_cells_outside_the_frame_do_not_wrap_around() -> None:
    density = rasterise(np.array([[500.0, 30.0], [-500.0, 30.0]]), FRAME, pitch=10.0)
    assert density.values.max() == 0


def test_where_there_are_no_cells_the_picture_is_clear(run: Run, view: TissueView) -> None:
    placement = run.result.placement
    assert placement is not None
    assert placement.cell_types is not None
    found = density_layer(run, view, str(placement.cell_types[0]), placement.xy)
    assert found is not None
    (picture, arguments, kind), legend = found
    assert (kind, arguments["rgb"], picture.dtype) == ("image", True, np.uint8)
    assert picture[0, 0, 3] == 0
    assert 150 < picture[..., 3].max() < 255
    assert str(placement.cell_types[0]) in legend.title


def test_a_type_that_was_not_placed_has_no_density(run: Run, view: TissueView) -> None:
    assert run.result.placement is not None
    assert density_layer(run, view, "unicorn", run.result.placement.xy) is None
