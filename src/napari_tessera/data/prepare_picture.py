"""Colour and texture of the picture around every spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.gate_pictures import check_image
from napari_tessera.data.geometry import move, scale_of
from napari_tessera.data.problems import refuse, remark
from napari_tessera.data.view import image_view
from napari_tessera.numerics.picture_features import FEATURES, window_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.contract.views import ImageView
    from napari_tessera.data.read import Tissue

LEAST_PIXELS = 32
"""Side of a window that is enough: a coarser level of the picture is read where it has it."""

BAND = 50_000_000
"""Pixels of the picture that are held at one time."""


def picture_features(
    tissue: Tissue, chosen: Selection, xy: NDArray[np.float64], pitch: float
) -> tuple[NDArray[np.float32] | None, list[Problem]]:
    """Describe the picture around spots, in windows that touch each other.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    chosen : Selection
        With defaults filled in; names the picture.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.
    pitch : float
        How far spots are apart: the side of a window.

    Returns
    -------
    features : ndarray or None, shape (n_spots, n_features), float32
        Spots beside the picture get the mean of the others.
    problems : list of Problem
    """
    problems = check_image(tissue, chosen, xy)
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    picture = None
    if chosen.image is not None:
        picture = image_view(tissue, chosen.image, str(chosen.coordinate_system))
    if picture is None:
        return None, [*problems, refuse(
            "picture-missing", tissue.title, "image", expected="a colour picture under the spots",
            found="none", hint="Give a picture, or leave out the option picture.",
        )]  # fmt: skip
    found = features_around(picture, xy, pitch)
    known = np.isfinite(found).all(axis=1)
    if not known.any():
        return None, [*problems, refuse(
            "image-away", f"image {chosen.image}", str(chosen.coordinate_system),
            expected="spots on the picture", found="no spot on it",
            hint="Check unit, --image-scale and the order of x and y.",
        )]  # fmt: skip
    if not known.all():
        problems.append(remark(
            "picture-partly", f"image {chosen.image}", "", expected="every spot on the picture",
            found=f"{int((~known).sum())} spots without", hint="They get the mean of the others.",
        ))  # fmt: skip
        found[~known] = found[known].mean(axis=0)
    return found, problems


def features_around(
    picture: ImageView, xy: NDArray[np.float64], side: float
) -> NDArray[np.float32]:
    """Describe a square window around every place; NaN where the picture has too little of it.

    Parameters
    ----------
    picture : ImageView
        Read band by band at the coarsest level that shows a window in enough pixels.
    xy : ndarray, shape (n, 2), float64
        Centres in world coordinates.
    side : float
        Side of a window, in world coordinates.

    Returns
    -------
    ndarray, shape (n, n_features), float32
    """
    at = move(np.asarray(np.linalg.inv(picture.affine), dtype=np.float64), xy)
    pixels = side / scale_of(picture.affine)
    level, shrink = _level(picture, pixels)
    at, half = at / shrink, max(1, round(pixels / float(shrink.max()) / 2))
    found = np.full((len(xy), len(FEATURES)), np.nan, dtype=np.float32)
    height, width = level.shape[:2]
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        inside = np.flatnonzero((at[:, 1] >= top) & (at[:, 1] < top + rows))
        if not inside.size:
            continue
        start = max(0, top - half)
        band = np.asarray(level[start : min(height, top + rows + half)], dtype=np.uint8)
        for spot in inside:
            x, y = np.floor(at[spot]).astype(int) - (0, start)
            window = band[max(0, y - half) : y + half + 1, max(0, x - half) : max(0, x + half + 1)]
            found[spot] = window_features(window)
    return found


def _level(picture: ImageView, pixels: float) -> tuple[Any, NDArray[np.float64]]:
    """Coarsest level with enough pixels in a window, and how many of the finest make one of its."""
    first = picture.levels[0]
    level, shrink = first, np.ones(2)
    for coarser in picture.levels[1:]:
        by = np.array([first.shape[1] / coarser.shape[1], first.shape[0] / coarser.shape[0]])
        if pixels / by.max() >= LEAST_PIXELS:
            level, shrink = coarser, by
    return level, shrink
