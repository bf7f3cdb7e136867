"""Two runs beside each other in napari's grid, and everything as it was afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

import napari_tessera as nt
from napari_tessera.data.sample import write_sample
from napari_tessera.widgets.compare_canvas import grid_of
from napari_tessera.widgets.compare_dialog import CompareDialog
from napari_tessera.widgets.legible import clipped_words
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.comparing import Comparing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plant a tissue with two runs."""
    sample = write_sample(
        tmp_path_factory.mktemp("compare"), n_cells=150, n_spots=100, n_genes=40, seed=0
    )
    for smoothing in (0.0, 2.0):
        nt.map_cells(
            sample.tissue, sample.reference, method="baseline", out=sample.tissue,
            options=nt.BaselineOptions(smoothing=smoothing),
        )  # fmt: skip
    return sample.tissue


@pytest.fixture
def dialog(qtbot: QtBot, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CompareDialog]:
    """Compare the two runs; a layer was on the screen before."""
    monkeypatch.setattr(Bench, "_check", lambda _: None)  # the gate has nothing to do here
    post, viewer = MainThread(), ViewerModel()
    viewer.add_points([[0, 0]], name="before")
    viewer.add_points([[0, 0]], name="hidden before", visible=False)
    bench = Bench(post.post)
    comparing = Comparing(bench, post.post)
    made = CompareDialog(viewer, bench, comparing)
    qtbot.addWidget(made)
    made.show()
    bench.open_tissue(store)
    qtbot.waitUntil(lambda: len(bench.runs) == 2, timeout=PATIENCE_MS)
    made.choose(bench.runs[0].name)
    qtbot.waitUntil(lambda: made.compare.isEnabled(), timeout=PATIENCE_MS)
    made.compare.click()
    qtbot.waitUntil(lambda: made.canvas.on, timeout=PATIENCE_MS)
    yield made
    comparing.close()
    bench.close()
    qtbot.wait(20)


def test_both_sides_and_their_agreement_have_a_view_each(dialog: CompareDialog) -> None:
    viewer, (first, second) = dialog.canvas._viewer, dialog._comparing.agreement.titles  # type: ignore[union-attr]
    grid = grid_of(viewer)
    seen = {x.name: grid.position(i, viewer.layers) for i, x in enumerate(viewer.layers)}
    assert grid.enabled
    assert [seen[name] for name in (first, second, "agreement")] == [(0, 0), (1, 0), (2, 0)]


@pytest.mark.parametrize(("size", "shape"), [((400, 1200), (1, 3)), ((1200, 500), (3, 1))])
def test_views_lie_as_they_are_largest(
    dialog: CompareDialog, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    viewer, agreement = dialog.canvas._viewer, dialog._comparing.agreement
    viewer.canvas.size = size
    assert agreement is not None
    dialog._on_compared(agreement)
    assert grid_of(viewer).shape == shape


def test_a_layer_that_comes_later_moves_no_view(dialog: CompareDialog) -> None:
    viewer = dialog.canvas._viewer
    viewer.add_points([[1, 1]])
    names = [layer.name for layer in viewer.layers]
    at = names.index("agreement")
    assert grid_of(viewer).position(at, viewer.layers) == (2, 0)


def test_the_map_says_how_far_spots_agree(dialog: CompareDialog) -> None:
    layer, found = dialog.canvas._viewer.layers["agreement"], dialog._comparing.agreement
    assert found is not None
    told = layer.features["agreement"].to_numpy(dtype=np.float64)
    assert told == pytest.approx(found.values, abs=1e-3)


def test_the_table_counts_every_type(dialog: CompareDialog, tmp_path: Path) -> None:
    found = dialog._comparing.agreement
    assert found is not None
    assert dialog.table.rowCount() == len(found.names)
    dialog.write_table(tmp_path / "agreement.csv")
    written = pd.read_csv(tmp_path / "agreement.csv", index_col="label")
    assert written["both"].sum() == round(found.scores["same"] * 100)


def test_back_leaves_the_viewer_as_it_was(dialog: CompareDialog) -> None:
    viewer = dialog.canvas._viewer
    assert not viewer.layers["before"].visible
    dialog.stop.click()
    assert {x.name: x.visible for x in viewer.layers} == {"before": True, "hidden before": False}
    assert not grid_of(viewer).enabled


def test_back_gives_the_camera_back(dialog: CompareDialog, qtbot: QtBot) -> None:
    viewer = dialog.canvas._viewer
    dialog.stop.click()
    camera_of(viewer).zoom = 0.123
    dialog.compare.click()
    qtbot.waitUntil(lambda: dialog.canvas.on, timeout=PATIENCE_MS)
    assert camera_of(viewer).zoom != 0.123
    dialog.stop.click()
    assert camera_of(viewer).zoom == 0.123


def test_closing_the_dialog_is_as_good_as_back(dialog: CompareDialog) -> None:
    dialog.close()
    assert not dialog.canvas.on


def test_no_word_is_cut_off(dialog: CompareDialog, qtbot: QtBot) -> None:
    qtbot.wait(50)
    assert clipped_words(dialog) == []
