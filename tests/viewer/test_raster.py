"""A crowd as a picture: pixel by pixel what a plain loop over dots and pixels gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.testing.planted import planted_tissue
from napari_tessera.testing.scene import planted_run, planted_view
from napari_tessera.viewer.placement import cell_dots, cell_features
from napari_tessera.viewer.raster import (
    MOST_POINTS,
    DrawAs,
    as_raster,
    frame_affine,
    paint_raster,
    radius_for,
    stamp_of,
    view_frame,
)
from napari_tessera.viewer.scatter import Frame
from napari_tessera.viewer.tiles import tiles_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME = Frame(left=0, right=30, bottom=0, top=20, width=30, height=20)
RED, BLUE, FAINT_BLUE = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 255, 85)


def _paint(
    xy: list[tuple[float, float]], colours: list[tuple[int, ...]], diameter: float = 0.1
) -> NDArray[np.uint8]:
    tiles = tiles_of(np.array(xy))
    return paint_raster(tiles, np.array(colours, dtype=np.uint8), FRAME, diameter)


def _loop(
    xy: NDArray[np.float64], rgba: NDArray[np.uint8], radius: float, alone: float
) -> NDArray[np.float64]:
    """Colour and alpha of every pixel by the words of the module, one dot after another."""
    sums = np.zeros((FRAME.height, FRAME.width, 4))
    for (x, y), (*colour, alpha) in zip(xy, rgba.astype(float), strict=True):
        for row in range(FRAME.height):
            for column in range(FRAME.width):
                distance = np.hypot(row - int(y), column - int(x))
                cover = min(max(radius + 0.5 - distance, 0), 1)
                if cover > 0.1:
                    sums[row, column, :3] += np.array(colour) * cover * alpha / 255
                    sums[row, column, 3] += cover * alpha / 255
    amount = sums[..., 3]
    alphas = np.where(amount < 1, alone * amount, 1 - (1 - alone) * 2 ** (1 - amount))
    colours = sums[..., :3] / np.where(amount == 0, 1, amount)[..., None]
    return np.dstack([colours, 255 * alphas])


def test_a_few_dots_are_painted_as_expected_pixel_by_pixel() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform([0, 0], [30, 20], (40, 2))
    rgba = rng.integers(0, 256, (40, 4)).astype(np.uint8)
    picture = paint_raster(tiles_of(xy), rgba, FRAME, 5.0)
    np.testing.assert_allclose(picture, _loop(xy, rgba, 2.5, 0.9), atol=0.51)


def test_a_dot_lies_on_its_pixel_and_half_on_its_neighbours() -> None:
    picture = _paint([(10.5, 5.5)], [RED])
    alpha = picture[4:7, 9:12, 3].tolist()
    assert alpha == [[0, 96, 0], [96, 191, 96], [0, 96, 0]]
    assert (picture[..., 3] > 0).sum() == 5


def test_colours_in_a_pixel_are_averaged_by_their_alpha() -> None:
    picture = _paint([(10.5, 5.5), (10.6, 5.6)], [RED, FAINT_BLUE])
    assert picture[5, 10, :3].tolist() == [191, 0, 64]


def test_the_more_lie_in_a_pixel_the_less_is_seen_through_it() -> None:
    alphas = [int(_paint([(10.5, 5.5)] * n, [RED] * n)[5, 10, 3]) for n in (1, 2, 3, 9)]
    assert alphas == sorted(set(alphas))
    assert alphas[-1] == 255


def test_hidden_dots_leave_no_trace() -> None:
    assert not _paint([(10.5, 5.5)], [(255, 0, 0, 0)]).any()


def test_a_dot_outside_reaches_into_the_picture_as_far_as_it_is_large() -> None:
    picture = _paint([(-2.5, 5.5)], [BLUE], diameter=8.0)
    assert (picture[5, :, 3] > 0).sum() == 2


def test_large_dots_have_a_light_rim() -> None:
    picture = _paint([(15.5, 10.5)], [BLUE], diameter=16.0)
    assert picture[10, 15].tolist() == [0, 0, 255, 255]
    assert picture[10, 15 + 8, :3].min() > 150


def test_hollow_dots_are_rings_of_their_colour() -> None:
    tiles = tiles_of(np.array([(15.5, 10.5)]))
    picture = paint_raster(tiles, np.array([BLUE], np.uint8), FRAME, 16.0, hollow=True)
    assert picture[10, 15, 3] == 0
    assert picture[10, 15 + 8, :3].tolist() == [0, 0, 255]


def test_a_part_is_painted_as_it_is_in_the_whole() -> None:
    rng = np.random.default_rng(1)
    tiles = tiles_of(rng.uniform(0, 100, (500, 2)))
    rgba = rng.integers(0, 256, (500, 4)).astype(np.uint8)
    whole = Frame(left=0, right=100, bottom=0, top=100, width=200, height=200)
    part = Frame(left=30, right=50, bottom=60, top=90, width=40, height=60)
    np.testing.assert_array_equal(
        paint_raster(tiles, rgba, part, 3.0), paint_raster(tiles, rgba, whole, 3.0)[120:180, 60:100]
    )


def test_a_picture_lies_where_its_dots_are() -> None:
    tiles = tiles_of(np.array([[1_000.0, 500.0], [1_400.0, 900.0]]))
    frame = view_frame(tiles, (1_200.0, 700.0), 0.5, (300, 300))
    picture = paint_raster(tiles, np.array([RED, BLUE], np.uint8), frame, 0.1)
    row, column = np.argwhere((picture[..., 2] == 255) & (picture[..., 3] == 191))[0]
    y, x, _ = frame_affine(frame) @ [row, column, 1]
    assert abs(x - 1_400) <= 1
    assert abs(y - 900) <= 1


def test_no_more_is_painted_than_there_are_points_or_the_camera_sees() -> None:
    tiles = tiles_of(np.array([[0.0, 0.0], [100.0, 50.0]]))
    far, near = (view_frame(tiles, (50.0, 25.0), zoom, (400, 300)) for zoom in (1.0, 100.0))
    assert (far.width, far.height) == (180, 130)
    assert (near.width, near.height) == (496, 372)


def test_a_view_without_anybody_is_one_clear_pixel() -> None:
    tiles = tiles_of(np.array([[0.0, 0.0], [1.0, 1.0]]))
    frame = view_frame(tiles, (5_000.0, 5_000.0), 1.0, (400, 300))
    assert not paint_raster(tiles, np.array([RED, BLUE], np.uint8), frame, 1.0).any()


def test_dots_grow_as_one_zooms_in() -> None:
    radii = [radius_for(1_000, 0.5 * zoom) for zoom in (1, 10, 50, 1_000)]
    assert radii == [1.0, 2.5, 12.5, 20.0]


def test_a_million_dots_are_one_pixel_each() -> None:
    assert stamp_of(radius_for(1_000_000, 8.0)).dx.tolist() == [0]


@pytest.mark.parametrize(
    ("how", "n", "wanted"),
    [
        (DrawAs.AUTO, MOST_POINTS, False),
        (DrawAs.AUTO, MOST_POINTS + 1, True),
        (DrawAs.POINTS, MOST_POINTS + 1, False),
        (DrawAs.RASTER, 1, True),
    ],
)
def test_a_raster_is_drawn_of_many_or_where_a_person_wants_it(
    how: DrawAs, n: int, *, wanted: bool
) -> None:
    assert as_raster(how, n) is wanted


def test_the_words_of_a_cell_are_those_of_its_point() -> None:
    planted = planted_tissue(n_cells=60, n_spots=20, n_genes=12)
    run = planted_run(planted)
    assert run.result.placement is not None
    columns = cell_features(run.result.placement)
    words = cell_dots(run, planted_view(planted), planted.truth_xy).words(7)
    assert words == {name: values[7] for name, values in columns.items()}
