"""Colour and texture of a window."""

from __future__ import annotations

import numpy as np

from napari_tessera.numerics.picture_features import FEATURES, window_features

SIDE = 32


def grey(values: np.ndarray) -> np.ndarray:
    """Turn values from 0 to 1 into a grey window."""
    return np.repeat((255 * values).astype(np.uint8)[:, :, None], 3, axis=2)


def named(window: np.ndarray) -> dict[str, float]:
    return dict(zip(FEATURES, window_features(window).tolist(), strict=True))


def test_stripes_have_more_fine_contrast_than_a_slow_shade() -> None:
    across = np.linspace(0.0, 1.0, SIDE)
    shade = np.tile(across, (SIDE, 1))
    stripes = np.tile((np.arange(SIDE) % 2).astype(float), (SIDE, 1))
    assert named(grey(stripes))["contrast fine"] > 20 * named(grey(shade))["contrast fine"]


def test_a_blue_window_has_more_haematoxylin_than_a_pink_one() -> None:
    blue, pink = (
        np.tile(np.array(c, dtype=np.uint8), (SIDE, SIDE, 1))
        for c in ((90, 70, 150), (235, 150, 190))
    )
    assert named(blue)["haematoxylin mean"] > named(pink)["haematoxylin mean"]


def test_a_turned_window_is_described_alike() -> None:
    window = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    turned = np.ascontiguousarray(np.rot90(window))
    assert np.allclose(window_features(window), window_features(turned), rtol=1e-4, atol=1e-5)


def test_a_window_of_one_colour_has_finite_features() -> None:
    assert np.isfinite(window_features(np.full((SIDE, SIDE, 3), 200, dtype=np.uint8))).all()


def test_a_window_of_few_pixels_says_nothing() -> None:
    assert np.isnan(window_features(np.zeros((3, SIDE, 3), dtype=np.uint8))).all()
