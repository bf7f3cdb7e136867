"""The real tissue on the canvas: spots lie on the pixels that their authors named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_tessera.contract.inputs import Selection
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.mark.kit
def test_spots_of_a1_lie_within_a_pixel_of_where_the_authors_saw_them(
    kit: Path,
    tmp_path: Path,
    qtbot: QtBot,  # noqa: ARG001 - timers need an application
) -> None:
    import anndata as ad

    from napari_tessera.data.choices import fill_selection
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.view import tissue_view

    store = tmp_path / "A1.zarr"
    shutil.copytree(kit / "her2st" / "her2st_A1.zarr", store)
    tissue = open_tissue(store)
    view = tissue_view(tissue, fill_selection(tissue, None, Selection()))
    viewer, bench = ViewerModel(), Bench(lambda work: work())
    bench.tissue = tissue
    canvas = Canvas(viewer, bench)
    bench.tissue_opened.emit(view)
    layers = {layer.metadata[MARK]["role"]: layer for layer in viewer.layers}
    table = ad.read_h5ad(kit / "her2st" / "her2st_A1.h5ad")
    seen = dict(zip(table.obs_names, np.asarray(table.obsm["spatial"]), strict=True))
    names = layers["spots"].features["spot"]
    for row in (0, len(names) // 2, len(names) - 1):
        world = layers["spots"].data_to_world(layers["spots"].data[row])
        pixel = np.asarray(layers["image"].world_to_data(world))[::-1]
        assert np.abs(pixel - seen[names[row]]).max() <= 1
    assert canvas.runs == {}
