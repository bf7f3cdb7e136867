"""Dots of a crowd have hard edges while they are small on the screen."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_tessera.viewer.layer_data import Role, mark
from napari_tessera.widgets.scale_bar import camera_of
from napari_tessera.widgets.soft_edges import CROWD, HARD, SOFT, TOLD, fit_edges

SIZE = 4.0


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def edges(viewer: ViewerModel, n: int, pixels: float, *, ours: bool = True) -> float:
    told = mark(Role.CELLS) if ours else {}
    xy = np.random.default_rng(0).random((n, 2))
    layer = viewer.add_points(xy, size=SIZE, metadata=told)
    camera_of(viewer).zoom = pixels / SIZE
    fit_edges(viewer)
    return float(layer.antialiasing)


def test_small_dots_of_a_crowd_have_hard_edges(viewer: ViewerModel) -> None:
    assert edges(viewer, CROWD, TOLD - 1) == HARD


def test_dots_that_are_near_have_soft_edges(viewer: ViewerModel) -> None:
    assert edges(viewer, CROWD, TOLD + 1) == SOFT


def test_a_few_dots_have_soft_edges(viewer: ViewerModel) -> None:
    assert edges(viewer, 100, TOLD - 1) == SOFT


def test_edges_are_soft_again_when_a_person_comes_near(viewer: ViewerModel) -> None:
    edges(viewer, CROWD, TOLD - 1)
    camera_of(viewer).zoom = 10 * TOLD
    fit_edges(viewer)
    assert viewer.layers[0].antialiasing == SOFT


def test_layers_of_others_are_left_alone(viewer: ViewerModel) -> None:
    assert edges(viewer, CROWD, TOLD - 1, ours=False) == SOFT
