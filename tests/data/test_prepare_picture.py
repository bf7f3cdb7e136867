"""Colour and texture of the picture around the spots of a tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.views import ImageView
from napari_tessera.data import prepare_picture
from napari_tessera.data.prepare_beside import Beside
from napari_tessera.data.prepare_picture import features_around
from napari_tessera.data.prepare_section import prepare_section
from napari_tessera.data.read import open_tissue
from napari_tessera.numerics.picture_features import FEATURES

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths

COUNTS = frozenset({ExpressionScale.COUNTS})
SIDE = 512
HAEMATOXYLIN = FEATURES.index("haematoxylin mean")


def two_halves() -> np.ndarray:
    """Paint the left blue and the right pink, with some noise."""
    colours = np.where(np.arange(SIDE)[None, :, None] < SIDE // 2, (90, 70, 150), (235, 150, 190))
    noise = np.random.default_rng(0).integers(-8, 9, (SIDE, SIDE, 3))
    return np.asarray(np.clip(colours + noise, 0, 255), dtype=np.uint8)


def in_place(*levels: np.ndarray, scale: float = 1.0) -> ImageView:
    return ImageView(name="he", levels=levels, affine=np.diag([scale, scale, 1.0]))


def lattice() -> np.ndarray:
    """Places 40 pixels apart, (x, y), left to right first."""
    x, y = np.meshgrid(np.arange(30, SIDE - 20, 40), np.arange(30, SIDE - 20, 40))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(float)


def test_the_window_of_a_place_is_the_one_around_it() -> None:
    xy = lattice()
    xy = xy[np.abs(xy[:, 0] - SIDE / 2) > 30]
    found = features_around(in_place(two_halves()), xy, 40.0)[:, HAEMATOXYLIN]
    left = xy[:, 0] < SIDE / 2
    assert found[left].min() > found[~left].max()


def test_bands_of_the_picture_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, xy = in_place(two_halves()), lattice()
    whole = features_around(picture, xy, 40.0)
    monkeypatch.setattr(prepare_picture, "BAND", 70 * SIDE)
    assert np.array_equal(features_around(picture, xy, 40.0), whole)


def test_world_units_need_not_be_pixels() -> None:
    pixels, xy = two_halves(), lattice()
    far = features_around(in_place(pixels, scale=5.0), 5.0 * xy, 200.0)
    assert np.array_equal(far, features_around(in_place(pixels), xy, 40.0))


def test_a_coarser_level_is_read_where_it_shows_enough() -> None:
    fine = two_halves()
    other = np.full((SIDE // 2, SIDE // 2, 3), 128, dtype=np.uint8)
    at = np.array([[SIDE / 2, SIDE / 2]])
    read = [features_around(in_place(fine, other), at, side)[0] for side in (40.0, 70.0)]
    spread = FEATURES.index("eosin spread")
    assert read[0][spread] > 0
    assert read[1][spread] == pytest.approx(0.0, abs=1e-6)


def test_a_place_beside_the_picture_says_nothing() -> None:
    found = features_around(in_place(two_halves()), np.array([[-400.0, 30.0], [60.0, 60.0]]), 40.0)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_a_section_is_read_with_its_picture_where_it_is_asked_for(planted: SamplePaths) -> None:
    tissue = open_tissue(planted.tissue)
    with_it, _ = prepare_section(tissue, Selection(), accepts=COUNTS, beside=Beside(picture=True))
    without, _ = prepare_section(tissue, Selection(), accepts=COUNTS)
    assert with_it.picture is not None
    assert with_it.picture.shape == (with_it.n_spots, len(FEATURES))
    assert without.picture is None
    assert with_it.origin.fingerprint != without.origin.fingerprint


def test_features_of_the_picture_come_back_from_the_run_directory(planted: SamplePaths) -> None:
    tissue = open_tissue(planted.tissue)
    section, _ = prepare_section(tissue, Selection(), accepts=COUNTS, beside=Beside(picture=True))
    again = type(section).from_state(section.to_state())
    assert again.picture is not None
    assert np.array_equal(again.picture, section.picture)  # type: ignore[arg-type]


def test_a_tissue_without_a_picture_is_refused_where_one_is_asked_for(store: Path) -> None:
    tissue = open_tissue(store)
    for name in list(tissue.sdata.images):
        del tissue.sdata.images[name]
    with pytest.raises(RefusedError, match="picture"):
        prepare_section(tissue, Selection(), accepts=COUNTS, beside=Beside(picture=True))
