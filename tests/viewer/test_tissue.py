"""The tissue before any run: pictures as RGB in their places, spots as what they are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_tessera.contract.inputs import MICROMETRE
from napari_tessera.contract.views import ImageView, SpotsView, TissueView
from napari_tessera.viewer import spots as spots_module
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.viewer.spots import (
    colour_change,
    label_colours,
    paint_polygons,
    shape_of_spots,
    spots_layer,
)
from napari_tessera.viewer.tissue import tissue_layers

SQUARES = tuple(
    np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]) + shift
    for shift in ([0.0, 0.0], [10.0, 0.0], [0.0, 10.0])
)


def _polygons() -> SpotsView:
    return SpotsView(
        table="table",
        element="cells",
        names=np.array(["a", "b", "c"]),
        instances=np.array([7, 8, 9]),
        xy=np.array([p.mean(axis=0) for p in SQUARES]),
        polygons=SQUARES,
    )


def _labels() -> SpotsView:
    picture = np.zeros((20, 20), dtype=np.int32)
    picture[2, 3] = 7
    return dataclasses.replace(
        _polygons(), polygons=None, labels=picture, labels_affine=np.diag([2.0, 2.0, 1.0])
    )


def _rgba(n: int = 3) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.linspace(0, 1, 4 * n, dtype=np.float32).reshape(n, 4)


def test_the_picture_lies_below_the_spots(view: TissueView) -> None:
    assert [kind for _, _, kind in tissue_layers(view)] == ["image", "points"]


def test_the_picture_is_shown_in_its_own_colours(view: TissueView) -> None:
    _, arguments, _ = tissue_layers(view)[0]
    assert arguments["rgb"] is True


def test_a_picture_with_several_levels_is_given_as_they_are(view: TissueView) -> None:
    levels = (np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8))
    image = ImageView(name="big", levels=levels, affine=np.eye(3))
    data, arguments, _ = tissue_layers(dataclasses.replace(view, images=(image,)))[0]
    assert arguments["multiscale"] is True
    assert [level is given for level, given in zip(data, levels, strict=True)] == [True, True]


def test_only_the_first_picture_is_visible_and_it_lies_on_top(view: TissueView) -> None:
    other = dataclasses.replace(view.images[0], name="other")
    layers = tissue_layers(dataclasses.replace(view, images=(view.images[0], other)))[:2]
    assert [(a["name"], a["visible"]) for _, a, _ in layers] == [("other", False), ("he", True)]


def test_circles_are_points_as_wide_as_twice_their_radius(view: TissueView) -> None:
    data, arguments, _ = tissue_layers(view)[1]
    assert view.spots is not None
    assert view.spots.radius is not None
    assert arguments["size"] == 2 * view.spots.radius[0]
    np.testing.assert_array_equal(data, view.spots.xy[:, ::-1])


def test_circles_of_different_sizes_keep_them(view: TissueView) -> None:
    assert view.spots is not None
    radius = np.linspace(1, 2, len(view.spots.xy))
    spots = dataclasses.replace(view.spots, radius=radius)
    _, arguments, _ = tissue_layers(dataclasses.replace(view, spots=spots))[1]
    np.testing.assert_array_equal(arguments["size"], 2 * radius)


def test_a_tissue_without_spots_is_only_its_picture(view: TissueView) -> None:
    assert len(tissue_layers(dataclasses.replace(view, spots=None))) == 1


def test_every_layer_is_marked_as_ours(view: TissueView) -> None:
    assert [a["metadata"][MARK]["role"] for _, a, _ in tissue_layers(view)] == ["image", "spots"]


@pytest.mark.parametrize(("unit", "there"), [(MICROMETRE, True), ("pixel", False)])
def test_units_are_told_only_where_the_data_say_them(
    view: TissueView, unit: str, *, there: bool
) -> None:
    layers = tissue_layers(dataclasses.replace(view, unit=unit))
    assert ["units" in a for _, a, _ in layers] == [there, there]


def test_polygons_are_shapes_in_row_and_column() -> None:
    data, arguments, kind = spots_layer(_polygons(), _rgba())
    assert (kind, arguments["shape_type"]) == ("shapes", "polygon")
    np.testing.assert_array_equal(data[1], SQUARES[1][:, ::-1])


def test_very_many_polygons_become_a_label_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spots_module, "MOST_SHAPES", 2)
    _, arguments, kind = spots_layer(_polygons(), _rgba())
    assert kind == "labels"
    assert sorted(k for k in arguments["colormap"] if k) == [1, 2, 3]


def test_a_painted_polygon_lies_where_its_outline_is() -> None:
    picture, affine = paint_polygons(SQUARES, side=140)
    for number, outline in enumerate(SQUARES, start=1):
        row, col = np.nonzero(picture == number)
        x, y, _ = affine @ np.array([col.mean() + 0.5, row.mean() + 0.5, 1.0])
        np.testing.assert_allclose([x, y], outline.mean(axis=0), atol=0.1)
        assert len(row) * affine[0, 0] ** 2 == pytest.approx(16.0, rel=0.06)


def test_labels_are_coloured_by_their_instances() -> None:
    data, arguments, kind = spots_layer(_labels(), _rgba())
    assert kind == "labels"
    assert data[2, 3] == 7
    np.testing.assert_array_equal(arguments["colormap"][9], _rgba()[2])


def test_a_label_without_a_row_in_the_table_is_transparent() -> None:
    table = label_colours(np.array([7]), _rgba(1))
    assert (table[None][3], table[0][3]) == (0, 0)


def test_labels_lie_where_their_transformation_puts_them() -> None:
    _, arguments, _ = spots_layer(_labels(), _rgba())
    np.testing.assert_allclose(arguments["affine"] @ [2.0, 3.0, 1.0], [5.0, 7.0, 1.0])


@pytest.mark.parametrize("spots", [_polygons(), _labels()], ids=shape_of_spots)
def test_recolouring_names_the_attributes_that_the_layer_was_made_with(spots: SpotsView) -> None:
    _, arguments, _ = spots_layer(spots, _rgba())
    assert set(colour_change(spots, _rgba())) <= set(arguments)
