"""What a thread does before the window draws."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import dask.array as da
import numpy as np

from napari_tessera.contract.views import ImageView
from napari_tessera.viewer.ready import ready_view

if TYPE_CHECKING:
    from napari_tessera.contract.views import TissueView


def test_small_levels_are_read_and_large_ones_stay_lazy(view: TissueView) -> None:
    large = da.zeros((40, 40, 3), chunks=10, dtype=np.uint8)
    small = da.ones((20, 20, 3), chunks=10, dtype=np.uint8)
    image = ImageView(name="he", levels=(large, small), affine=np.eye(3))
    ready = ready_view(dataclasses.replace(view, images=(image,)), most_bytes=2000)
    levels = ready.images[0].levels
    assert [type(level) for level in levels] == [type(large), np.ndarray]
    assert (levels[1] == 1).all()
