"""Cells of a run as a raster: the same role, colours, words and end as its points."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.layers import Image, Points

from napari_tessera.jobs.errands import Errands
from napari_tessera.jobs.job import Job
from napari_tessera.viewer import raster
from napari_tessera.viewer.colours import categories
from napari_tessera.viewer.gene_blend import DrawnGene
from napari_tessera.viewer.layer_data import MARK, Role, mark
from napari_tessera.viewer.legend import Legend, Painting
from napari_tessera.viewer.placement import CellColour, cell_dots
from napari_tessera.viewer.raster import Dots, DrawAs
from napari_tessera.widgets.canvas import Canvas
from napari_tessera.widgets.gene_painter import GenePainter
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.raster_painter import RasterPainter
from napari_tessera.widgets.results_choices import ShowingForm
from napari_tessera.widgets.results_layers import RunLayers
from napari_tessera.widgets.results_preview import Preview
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari.viewer import Viewer
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.testing.planted import PlantedTissue

CELLS, SPOTS = Role.CELLS, Role.COMPOSITION


@pytest.fixture
def layers(viewer: Viewer, view: TissueView, run: Run) -> RunLayers:
    """Everything painted at once, the whole crowd in view from so far that dots have no rim."""
    made = RunLayers(viewer, view, run)
    made.draw(draw_as=DrawAs.RASTER)
    viewer.reset_view()
    camera_of(viewer).zoom /= 5
    made.draw(cell_colour=CellColour.ENTROPY)
    made.draw(cell_colour=CellColour.TYPE)
    return made


def _layer(layers: RunLayers, role: Role = CELLS) -> Any:  # noqa: ANN401 - of napari, which comes without types
    return layers.layer(role)


def _colours(layer: Image) -> set[tuple[int, ...]]:
    pixels = layer.data.reshape(-1, 4)
    return set(map(tuple, pixels[pixels[:, 3] > 0][:, :3].tolist()))


def _look_at(viewer: Viewer, xy: Sequence[float], zoom: float) -> None:
    camera = camera_of(viewer)
    camera.center, camera.zoom = (0, xy[1], xy[0]), zoom


def test_above_the_limit_a_picture_is_drawn(
    viewer: Viewer, view: TissueView, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "MOST_POINTS", 299)
    layers = RunLayers(viewer, view, run)
    layers.draw()
    assert isinstance(_layer(layers), Image)


def test_below_the_limit_cells_are_points(viewer: Viewer, view: TissueView, run: Run) -> None:
    layers = RunLayers(viewer, view, run)
    layers.draw()
    assert isinstance(_layer(layers), Points)


def test_the_picture_is_marked_as_the_points_are(layers: RunLayers, run: Run) -> None:
    assert _layer(layers).metadata[MARK] == mark(CELLS, run.name)[MARK]
    assert _layer(layers).name == f"{run.name} cells"


def test_a_cell_has_the_colour_of_its_type_where_it_lies(
    layers: RunLayers, viewer: Viewer, planted: PlantedTissue
) -> None:
    _look_at(viewer, planted.truth_xy[7], 2.0)
    layers.draw(cell_colour=CellColour.ENTROPY)
    layers.draw(cell_colour=CellColour.TYPE)
    layer = _layer(layers)
    row, column = np.round(layer.world_to_data(planted.truth_xy[7, ::-1])).astype(int)
    wanted = categories(planted.cell_types).rgba()[7, :3]
    np.testing.assert_allclose(layer.data[row, column, :3] / 255, wanted, atol=0.01)


def test_recolouring_keeps_the_picture_layer_and_changes_what_it_shows(layers: RunLayers) -> None:
    layer = _layer(layers)
    before = layer.data
    layers.draw(cell_colour=CellColour.CONFIDENCE)
    assert _layer(layers) is layer
    assert (layer.data != before).any()


def test_a_chosen_colour_is_painted(layers: RunLayers) -> None:
    layers.draw(hidden=frozenset(layers.types[1:]))
    layers.recolour({layers.types[0]: "#010203"})
    assert _colours(_layer(layers)) == {(1, 2, 3)}


def test_hiding_every_type_clears_the_picture(layers: RunLayers) -> None:
    layers.draw(hidden=frozenset(layers.types))
    assert not _layer(layers).data.any()


def test_unsure_cells_fade(layers: RunLayers) -> None:
    before = int(_layer(layers).data[..., 3].sum())
    layers.draw(fade=True)
    assert int(_layer(layers).data[..., 3].sum()) < before


def test_the_legend_is_that_of_the_points(
    layers: RunLayers, viewer: Viewer, view: TissueView, run: Run
) -> None:
    points = RunLayers(viewer, view, run)
    points.draw(draw_as=DrawAs.POINTS)
    assert layers.legends() == points.legends()


def test_the_picture_goes_with_its_run(layers: RunLayers, viewer: Viewer) -> None:
    layers.remove()
    assert not len(viewer.layers)


def test_points_take_the_place_of_the_picture_and_back(layers: RunLayers, viewer: Viewer) -> None:
    layers.draw(draw_as=DrawAs.POINTS)
    assert [type(layer) for layer in viewer.layers] == [Points]
    layers.draw(draw_as=DrawAs.RASTER)
    assert isinstance(_layer(layers), Image)
    assert len(viewer.layers) == 1


def test_spots_are_drawn_as_a_picture_below_the_cells(layers: RunLayers, viewer: Viewer) -> None:
    layers.draw(spots=True)
    assert isinstance(_layer(layers, SPOTS), Image)
    assert list(viewer.layers) == [_layer(layers, SPOTS), _layer(layers)]


def test_the_mouse_over_a_cell_tells_it_as_over_a_point(
    layers: RunLayers, planted: PlantedTissue
) -> None:
    place = planted.truth_xy[7, ::-1]
    assert _layer(layers).get_value(place, world=True) == 7
    told = _layer(layers).get_status(place, world=True)["coordinates"]
    layers.draw(draw_as=DrawAs.POINTS)
    assert f"type: {planted.cell_types[7]}" in told
    assert f"cell: {planted.paired.cells.obs_names[7]}" in told


def test_the_mouse_over_nobody_tells_nobody(layers: RunLayers) -> None:
    assert _layer(layers).get_value((-1e5, -1e5), world=True) is None


def test_the_mouse_does_not_tell_hidden_cells(layers: RunLayers, planted: PlantedTissue) -> None:
    layers.draw(hidden=frozenset(layers.types))
    assert _layer(layers).get_value(planted.truth_xy[7, ::-1], world=True) is None


def test_the_mouse_over_a_spot_tells_its_type(layers: RunLayers, planted: PlantedTissue) -> None:
    layers.draw(spots=True)
    place = planted.paired.spot_xy[3, ::-1]
    told = _layer(layers, SPOTS).get_status(place, world=True)["coordinates"]
    assert f"spot: {planted.paired.spots.obs_names[3]}" in told


def test_the_layer_reaches_as_far_as_its_cells_wherever_one_looks(
    layers: RunLayers, viewer: Viewer, planted: PlantedTissue, qtbot: QtBot
) -> None:
    layer, before = _layer(layers), _layer(layers).frame
    _look_at(viewer, planted.truth_xy[7], 3.0)
    qtbot.waitUntil(lambda: layer.frame != before)
    xy = planted.truth_xy[:, ::-1]
    np.testing.assert_allclose(layer.extent.world, [xy.min(axis=0), xy.max(axis=0)])


def test_the_picture_follows_the_camera(
    layers: RunLayers, viewer: Viewer, planted: PlantedTissue, qtbot: QtBot
) -> None:
    layer, (x, y) = _layer(layers), planted.truth_xy[7]
    _look_at(viewer, planted.truth_xy[7], 3.0)
    qtbot.waitUntil(lambda: np.isclose(layer.affine.scale, 1 / 3).all())
    assert layer.frame.left < x < layer.frame.right
    assert layer.frame.bottom < y < layer.frame.top


def test_a_move_within_the_margin_paints_nothing(
    layers: RunLayers, viewer: Viewer, planted: PlantedTissue, qtbot: QtBot
) -> None:
    layer, (x, y) = _layer(layers), planted.truth_xy[7]
    _look_at(viewer, (x, y), 3.0)
    qtbot.waitUntil(lambda: np.isclose(layer.affine.scale, 1 / 3).all())
    before = layer.data
    _look_at(viewer, (x + 5, y), 3.0)
    qtbot.wait(150)
    assert layer.data is before


def test_a_picture_that_is_not_seen_is_painted_when_it_is(layers: RunLayers) -> None:
    layer = _layer(layers)
    before = layer.data
    layers.hide()
    layers.recolour(dict.fromkeys(layers.types, "#010203"))
    layer.visible = False
    assert layer.data is before or _colours(layer) == {(1, 2, 3)}
    layers.draw(cells=True)
    assert _colours(layer) == {(1, 2, 3)}


def test_seen_from_the_side_the_whole_crowd_is_painted(layers: RunLayers, viewer: Viewer) -> None:
    viewer.dims.ndisplay = 3
    layers.draw(cell_colour=CellColour.ENTROPY)
    assert max(_layer(layers).data.shape[:2]) >= 1_600


def test_a_saved_copy_is_a_plain_picture(layers: RunLayers) -> None:
    data, _, kind = _layer(layers).as_layer_data_tuple()
    assert kind == "image"
    assert data.shape[-1] == 4


def _painter(viewer: Viewer, dots: Dots, told: list[str]) -> RasterPainter:
    errands = Errands(MainThread().post)
    return RasterPainter(viewer, dots, errands, lambda message, _hint: told.append(message))


def test_what_goes_wrong_in_the_thread_is_told_and_the_next_colours_are_painted(
    viewer: Viewer, view: TissueView, run: Run, planted: PlantedTissue, qtbot: QtBot
) -> None:
    told: list[str] = []
    painter = _painter(viewer, cell_dots(run, view, planted.truth_xy), told)
    painter.paint(lambda: Painting(rgba=1 / 0, legend=Legend(title="")), painter.layer.words)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: bool(told))
    rgba = np.ones((planted.truth_xy.shape[0], 4), dtype=np.float32)
    with qtbot.waitCallback() as painted:
        painter.painted.connect(painted)
        painter.paint(lambda: Painting(rgba=rgba, legend=Legend(title="")), painter.layer.words)
    assert "ZeroDivisionError" in told[0]


def test_the_last_of_many_colours_is_the_one_that_stays(
    viewer: Viewer, view: TissueView, run: Run, planted: PlantedTissue, qtbot: QtBot
) -> None:
    painter = _painter(viewer, cell_dots(run, view, planted.truth_xy), [])
    _look_at(viewer, planted.truth_xy.mean(axis=0), 0.1)
    for shade in (10, 20, 30):
        rgba = np.full((planted.truth_xy.shape[0], 4), shade / 255, dtype=np.float32)
        painter.paint(partial(Painting, rgba=rgba, legend=Legend(title="")), painter.layer.words)
    qtbot.waitUntil(lambda: _colours(painter.layer) == {(30, 30, 30)})


def test_a_closed_painter_paints_no_more(
    layers: RunLayers, viewer: Viewer, planted: PlantedTissue, qtbot: QtBot
) -> None:
    layer = _layer(layers)
    layers.remove()
    before = layer.data
    _look_at(viewer, planted.truth_xy[7], 5.0)
    qtbot.wait(150)
    assert layer.data is before


def test_the_form_offers_points_and_raster(layers: RunLayers, qtbot: QtBot) -> None:
    form = ShowingForm()
    qtbot.addWidget(form)
    form.set_showing(layers)
    assert form.draw_as.currentData() is DrawAs.RASTER
    told: list[dict[str, Any]] = []
    form.changed.connect(told.append)
    form.draw_as.activated.emit(form.draw_as.findData(DrawAs.RASTER))
    assert told == [{"draw_as": DrawAs.RASTER}]


def test_too_many_spots_of_a_tissue_are_outlined_as_a_picture(
    viewer: Viewer, view: TissueView, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(raster, "MOST_POINTS", 59)
    bench = Bench(MainThread().post)
    canvas = Canvas(viewer, bench)
    bench.tissue_opened.emit(view)
    layer: Any = viewer.layers["spots"]
    qtbot.waitUntil(lambda: bool(layer.data.any()))
    assert layer.metadata[MARK]["role"] == Role.SPOTS
    assert _colours(layer) == {(26, 230, 255)}
    canvas.close()


def test_genes_on_too_many_spots_are_drawn_as_a_picture_and_recoloured_in_place(
    viewer: Viewer, view: TissueView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "MOST_POINTS", 59)
    painter = GenePainter(viewer)
    painter.take_view(view)
    assert view.spots is not None
    values = np.arange(60, dtype=np.float32)
    _look_at(viewer, view.spots.xy[0], 0.05)
    painter.draw([DrawnGene(title="A", names=view.spots.names, values=values)], fade=False)
    layer: Any = viewer.layers["genes"]
    before = layer.data
    painter.draw([DrawnGene(title="B", names=view.spots.names, values=values[::-1])], fade=False)
    assert viewer.layers["genes"] is layer
    assert (layer.data != before).any()
    told = layer.get_status(view.spots.xy[7, ::-1], world=True)["coordinates"]
    assert "B: 52.0" in told
    painter.remove()
    assert painter.layer is None


def test_of_too_many_cells_on_their_way_some_are_drawn_as_points(
    viewer: Viewer,
    view: TissueView,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(raster, "MOST_POINTS", 100)
    preview, xy = Preview(viewer), np.arange(600.0).reshape(300, 2)
    preview.offer(view, Job(name="stem_0", title="STEM", run_dir=tmp_path), xy)
    qtbot.waitUntil(lambda: "placed cells" in viewer.layers)
    np.testing.assert_array_equal(viewer.layers["placed cells"].data, xy[::3, ::-1])
    assert preview.legends()[0].entries[0].count == 300
    preview.close()
