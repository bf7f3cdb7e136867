"""A SpatialData that another plugin's layer carries is taken; layers are made as they are there.

The metadata are those that napari-spatialdata gives its layers, which is not installed here.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import spatialdata
from napari.components import ViewerModel

from napari_tessera.data.sample import SamplePaths, write_sample
from napari_tessera.widgets.borrowing import FromLayer, lent_tissue
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> SamplePaths:
    return write_sample(
        tmp_path_factory.mktemp("planted"), n_cells=60, n_spots=50, n_genes=30, seed=0
    )


@pytest.fixture
def sdata(planted: SamplePaths, tmp_path: Path) -> Any:  # noqa: ANN401 - a SpatialData
    return spatialdata.read_zarr(shutil.copytree(planted.tissue, tmp_path / "theirs.zarr"))


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:  # noqa: ARG001 - for Qt
    thread = MainThread()
    made = Bench(thread.post)
    yield made
    made.close()


def add_theirs(viewer: ViewerModel, sdata: Any, system: str = "global") -> Any:  # noqa: ANN401
    """Add circles as points, with the metadata of napari-spatialdata's viewer."""
    spots = sdata["spots"]
    keys = sdata["table"].uns["spatialdata_attrs"]
    metadata = {
        "sdata": sdata, "adata": sdata["table"], "region_key": keys["region_key"],
        "instance_key": keys["instance_key"], "table_names": ["table"], "name": "spots",
        "_active_in_cs": {system}, "_current_cs": system, "_n_indices": len(spots),
        "indices": spots.index.to_list(), "_columns_df": None,
    }  # fmt: skip
    yx = np.c_[spots.geometry.y, spots.geometry.x]
    return viewer.add_points(yx, name="spots", metadata=metadata)


def test_nothing_is_offered_where_no_layer_has_one(viewer: ViewerModel, bench: Bench) -> None:
    viewer.add_points(np.zeros((3, 2)))
    assert FromLayer(viewer, bench).isHidden()


def test_the_button_comes_with_their_layer_and_goes_with_it(
    viewer: ViewerModel,
    bench: Bench,
    sdata: Any,  # noqa: ANN401 - a SpatialData
) -> None:
    row = FromLayer(viewer, bench)
    layer = add_theirs(viewer, sdata)
    assert not row.isHidden()
    assert "spots" in row.take.toolTip()
    viewer.layers.remove(layer)
    assert row.isHidden()


def test_a_click_opens_their_tissue_and_leaves_their_layer(
    viewer: ViewerModel,
    bench: Bench,
    sdata: Any,  # noqa: ANN401 - a SpatialData
    qtbot: QtBot,
) -> None:
    row, canvas = FromLayer(viewer, bench), Canvas(viewer, bench)
    layer = add_theirs(viewer, sdata)
    row.take.click()
    qtbot.waitUntil(lambda: bench.tissue is not None, timeout=30_000)
    assert bench.tissue is not None
    assert bench.tissue.sdata is sdata
    assert layer in viewer.layers
    assert row.isHidden()
    canvas.close()


def test_their_coordinate_system_is_chosen(
    viewer: ViewerModel,
    bench: Bench,
    sdata: Any,  # noqa: ANN401 - a SpatialData
    qtbot: QtBot,
) -> None:
    from spatialdata.transformations import Identity, set_transformation

    set_transformation(sdata["spots"], Identity(), "aligned")
    row = FromLayer(viewer, bench)
    add_theirs(viewer, sdata, "aligned")
    row.take.click()
    qtbot.waitUntil(lambda: bench.selection.coordinate_system == "aligned", timeout=30_000)
    assert bench.selection.region == "spots"


def test_our_own_layers_lend_nothing(
    viewer: ViewerModel,
    bench: Bench,
    sdata: Any,  # noqa: ANN401 - a SpatialData
    qtbot: QtBot,
) -> None:
    canvas = Canvas(viewer, bench)
    bench.open_tissue(sdata)
    qtbot.waitUntil(
        lambda: any("sdata" in layer.metadata for layer in viewer.layers), timeout=30_000
    )
    assert lent_tissue(viewer) is None
    canvas.close()
