"""Pies: sectors as large as the shares, only for spots that are near enough and in view."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.palette import colours_of
from napari_tessera.contract.results import RunResult
from napari_tessera.viewer.colours import rgba_of
from napari_tessera.viewer.layer_data import MARK
from napari_tessera.viewer.legend import Legend
from napari_tessera.viewer.pie_mesh import pie_mesh, round_enough
from napari_tessera.viewer.pies import (
    LEAST_WIDTH,
    Frame,
    Pies,
    draw_pies,
    pie_radius,
    pies_layer,
    without_repeats,
)
from napari_tessera.viewer.showing import Showing

if TYPE_CHECKING:
    import pytest
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import SpotsView, TissueView

SHARES = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], dtype=np.float32)
XY = np.array([[0.0, 0.0], [100.0, 50.0]])


def areas(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of every triangle."""
    a, b, c = vertices.reshape(-1, 3, 2).transpose(1, 0, 2)
    ab, ac = b - a, c - a
    return np.abs(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2


def whole(spots: SpotsView, width: float) -> Frame:
    """Make a frame of everything, in which a spot is so many pixels wide."""
    low, high = spots.xy.min(axis=0) - 1, spots.xy.max(axis=0) + 1
    zoom = width / (2 * float(pie_radius(spots)[0]))
    return Frame(low=tuple(low.tolist()), high=tuple(high.tolist()), zoom=zoom)


def drawn(run: Run, spots: SpotsView, frame: Frame, **showing: Any) -> Pies:  # noqa: ANN401
    pies = draw_pies(run, spots, Showing(**showing), frame=frame, radius=pie_radius(spots))
    assert pies is not None
    return pies


def test_a_sector_is_as_large_as_the_share() -> None:
    mesh = pie_mesh(XY, np.array([10.0, 10.0]), SHARES, corners=400)
    area = areas(mesh.vertices)
    types, owners = mesh.types[::3], mesh.owners[::3]
    found = [[area[(owners == i) & (types == k)].sum() for k in range(3)] for i in range(2)]
    np.testing.assert_allclose(np.array(found) / (np.pi * 100), SHARES, atol=1e-3)


def test_the_first_type_begins_at_the_top_and_goes_clockwise() -> None:
    mesh = pie_mesh(XY[:1], np.array([10.0]), SHARES[:1], corners=16)
    centres = mesh.vertices.reshape(-1, 3, 2).mean(axis=1)
    np.testing.assert_array_equal(centres[:, 0] > 0, mesh.types[::3] == 0)


def test_no_triangle_is_wasted_on_types_that_are_not_there() -> None:
    mesh = pie_mesh(XY[1:], np.array([10.0]), SHARES[1:], corners=16)
    assert len(mesh.vertices) == 16 * 3


def test_a_larger_pie_has_more_corners() -> None:
    assert round_enough(200) > round_enough(20) >= 16


def test_a_spot_that_is_too_narrow_has_no_pie_and_the_legend_says_what_to_do(
    run: Run, spots: SpotsView
) -> None:
    pies = drawn(run, spots, whole(spots, LEAST_WIDTH - 1))
    assert pies.n_pies == 0
    assert not pies.rgba.any()
    assert pies.legend == Legend(title="Pies: zoom in to see them")


def test_all_spots_in_view_have_a_pie_once_they_are_wide_enough(run: Run, spots: SpotsView) -> None:
    assert drawn(run, spots, whole(spots, LEAST_WIDTH + 1)).n_pies == len(spots.xy)


def test_spots_out_of_view_have_none(run: Run, spots: SpotsView) -> None:
    x, y = spots.xy[0].tolist()
    near = Frame(low=(x - 5, y - 5), high=(x + 5, y + 5), zoom=100)
    assert drawn(run, spots, near).n_pies == 1


def test_too_many_in_view_are_not_drawn(
    run: Run, spots: SpotsView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_tessera.viewer.pies.MOST_PIES", 10)
    pies = drawn(run, spots, whole(spots, 50))
    assert (pies.n_pies, pies.legend.title) == (0, "Pies: 80 spots in view, zoom in")


def test_pies_stay_good_until_the_camera_leaves_what_was_drawn(run: Run, spots: SpotsView) -> None:
    x, y = spots.xy.mean(axis=0).tolist()
    here = Frame(low=(x - 100, y - 100), high=(x + 100, y + 100), zoom=10)
    pies = drawn(run, spots, here)
    aside = dataclasses.replace(here, low=(x - 80, y - 100), high=(x + 120, y + 100))
    far = dataclasses.replace(here, low=(x, y - 100), high=(x + 200, y + 100))
    assert pies.good_for(aside)
    assert not pies.good_for(far)


def test_pies_are_cut_anew_when_they_have_grown_on_the_screen(run: Run, spots: SpotsView) -> None:
    here = whole(spots, 30)
    assert not drawn(run, spots, here).good_for(dataclasses.replace(here, zoom=2 * here.zoom))


def test_a_sector_has_the_colour_of_its_type(run: Run, spots: SpotsView) -> None:
    name = str(run.result.composition.types[0])  # type: ignore[union-attr]
    own = dataclasses.replace(run, colours={name: "#010203"})
    rgba = drawn(own, spots, whole(spots, 50)).rgba
    assert (np.abs(rgba[:, :3] - rgba_of("#010203")[:3]).max(axis=1) < 1e-6).any()


def test_the_sector_of_a_hidden_type_is_left_clear(run: Run, spots: SpotsView) -> None:
    assert run.result.composition is not None
    names = run.result.composition.types.tolist()
    colour = rgba_of(colours_of(names)[names[0]])[:3]
    rgba = drawn(run, spots, whole(spots, 50), hidden=frozenset(names[:1])).rgba
    of_type = np.abs(rgba[:, :3] - colour).max(axis=1) < 1e-6
    assert of_type.any()
    np.testing.assert_array_equal(rgba[:, 3] == 0, of_type)


def test_mixed_spots_fade(run: Run, spots: SpotsView) -> None:
    frame = whole(spots, 50)
    assert np.unique(drawn(run, spots, frame).rgba[:, 3]).tolist() == [1]
    assert np.ptp(drawn(run, spots, frame, fade=True).rgba[:, 3]) > 0.1


def test_a_spot_that_the_run_left_out_has_no_pie(run: Run, spots: SpotsView) -> None:
    other = dataclasses.replace(spots, names=np.append("unknown", spots.names[1:]))
    assert drawn(run, other, whole(other, 50)).n_pies == len(spots.xy) - 1


def test_a_run_without_composition_has_no_pies(run: Run, spots: SpotsView) -> None:
    empty = dataclasses.replace(run, result=RunResult())
    frame = whole(spots, 50)
    assert draw_pies(empty, spots, Showing(), frame=frame, radius=pie_radius(spots)) is None


def test_spots_without_a_radius_get_pies_that_do_not_touch(spots: SpotsView) -> None:
    labels = dataclasses.replace(spots, radius=None)
    gaps = np.linalg.norm(spots.xy[1:] - spots.xy[:-1], axis=1).min()
    assert (2 * pie_radius(labels) < gaps).all()


def test_pies_of_small_polygons_are_as_large_as_they(spots: SpotsView) -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    polygons = tuple(square + centre for centre in spots.xy)
    radius = pie_radius(dataclasses.replace(spots, radius=None, polygons=polygons))
    np.testing.assert_allclose(np.pi * radius**2, 4)


def test_the_layer_says_to_which_run_it_belongs(
    run: Run, view: TissueView, spots: SpotsView
) -> None:
    data, arguments, kind = pies_layer(run, view, drawn(run, spots, whole(spots, 50)))
    assert kind == "surface"
    assert arguments["metadata"][MARK] == {"role": "pies", "run": run.name, "detail": ""}
    assert len(data[0]) == len(arguments["vertex_colors"]) == 3 * len(data[1])


def test_the_legend_names_the_types_once(run: Run, spots: SpotsView) -> None:
    legend = drawn(run, spots, whole(spots, 50)).legend
    assert without_repeats(legend, []) == legend
    assert without_repeats(legend, [legend]).entries == ()


def test_a_type_that_dominates_nowhere_is_named_by_the_pies(run: Run, spots: SpotsView) -> None:
    legend = drawn(run, spots, whole(spots, 50)).legend
    dominant = dataclasses.replace(legend, entries=legend.entries[1:])
    assert without_repeats(legend, [dominant]).entries == legend.entries[:1]
