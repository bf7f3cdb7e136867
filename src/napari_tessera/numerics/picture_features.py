"""Colour and texture of a small window of a stained section, as a few numbers.

Colour is taken apart into haematoxylin, eosin and a rest (:cite:`ruifrok2001`); texture is that of
the brightness, from co-occurring grey levels (:cite:`haralick1973`), in all directions alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREYS = 16
"""Grey levels that are told apart."""

COARSE = 8
"""The longer of the two distances of pixels is the side of the window over this; the other is 1."""

TEXTURES = ("contrast", "homogeneity", "energy", "correlation")

STAINS = ("haematoxylin", "eosin", "rest")

FEATURES = (
    *(f"{stain} {what}" for what in ("mean", "spread") for stain in STAINS),
    *(f"{texture} {size}" for texture in TEXTURES for size in ("fine", "coarse")),
)
"""What the numbers are."""

LEAST_SIDE = 4
"""Windows of fewer pixels on a side, cut at the edge of the picture, say nothing."""


def window_features(window: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe a window.

    Parameters
    ----------
    window : ndarray, shape (height, width, 3), uint8
        Part of a picture.

    Returns
    -------
    ndarray, shape (n_features,), float32
        In the order of `FEATURES`; NaN for a window that is too small.
    """
    from skimage.color import rgb2hed

    if min(window.shape[:2]) < LEAST_SIDE:
        return np.full(len(FEATURES), np.nan, dtype=np.float32)
    stains = rgb2hed(window).reshape(-1, 3)
    colour = np.concatenate([stains.mean(axis=0), stains.std(axis=0)])
    return np.concatenate([colour, _texture(window)]).astype(np.float32)


def _texture(window: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean over four directions of every property, at both distances."""
    from skimage import feature

    measure: Any = feature  # without types
    grey = (window.mean(axis=2) * (GREYS / 256)).astype(np.uint8)
    steps = [1, max(2, min(window.shape[:2]) // COARSE)]
    angles = np.arange(4) * np.pi / 4
    pairs = measure.graycomatrix(grey, steps, angles, levels=GREYS, symmetric=True, normed=True)
    return np.concatenate([measure.graycoprops(pairs, name).mean(axis=1) for name in TEXTURES])
