"""Pairs of landmarks: the same places in a picture and among the spots."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.data.problems import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

FEWEST = 3
"""Pairs that an affine map needs."""

FLAT = 1e-6
"""Ratio of the spreads across and along, below which landmarks lie on a line."""

COLUMNS = ("picture_x", "picture_y", "x", "y")

FLAG = "--image-landmarks"


def affine_from_landmarks(picture_xy: ArrayLike, spots_xy: ArrayLike) -> tuple[float, ...]:
    """Affine map from picture pixels to the spots' coordinates, by least squares.

    Parameters
    ----------
    picture_xy : array_like, shape (n_landmarks, 2)
        Column and row in the picture, in pixels; the first pixel reaches from 0 to 1.
    spots_xy : array_like, shape (n_landmarks, 2)
        The same places in the spots' coordinates.

    Returns
    -------
    tuple of float
        ``a, b, c, d, e, f`` with ``x = a u + b v + c`` and ``y = d u + e v + f``.

    Raises
    ------
    RefusedError
        If there are fewer than three pairs, they lie on a line, or are not finite numbers.
    """
    here = np.asarray(picture_xy, dtype=np.float64).reshape(-1, 2)
    there = np.asarray(spots_xy, dtype=np.float64).reshape(-1, 2)
    if here.shape != there.shape or len(here) < FEWEST:
        raise _no_map(
            expected=f"{FEWEST} or more pairs", found=f"{len(here)} and {len(there)} places"
        )
    if not (np.isfinite(here).all() and np.isfinite(there).all()):
        raise _no_map(expected="finite numbers", found="others")
    for name, places in (("the picture", here), ("the spots", there)):
        spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
        if spread[1] <= FLAT * spread[0]:
            raise _no_map(expected="places that do not lie on a line", found=f"a line in {name}")
    design = np.column_stack([here, np.ones(len(here))])
    found = np.linalg.lstsq(design, there, rcond=None)[0]
    return tuple(float(value) for value in found.T.ravel())


def misfit(
    affine: tuple[float, ...], picture_xy: ArrayLike, spots_xy: ArrayLike
) -> NDArray[np.float64]:
    """How far each landmark lies from where the map takes it, in the spots' coordinates.

    Parameters
    ----------
    affine : tuple of float
        See `affine_from_landmarks`.
    picture_xy, spots_xy : array_like, shape (n_landmarks, 2)
        The pairs.

    Returns
    -------
    ndarray, shape (n_landmarks,), float64
    """
    matrix = np.reshape(affine, (2, 3))
    here = np.asarray(picture_xy, dtype=np.float64).reshape(-1, 2)
    taken = here @ matrix[:, :2].T + matrix[:, 2]
    away = taken - np.asarray(spots_xy, dtype=np.float64).reshape(-1, 2)
    return np.asarray(np.linalg.norm(away, axis=1))


def read_landmarks(path: Path) -> tuple[float, ...]:
    """Read pairs from a CSV file with the columns picture_x, picture_y, x, y; give the map.

    Raises
    ------
    RefusedError
        If the file cannot be read so, or the pairs are no landmarks.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [[float(row[name]) for name in COLUMNS] for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _no_map(expected="a readable CSV file", found=f"{path.name}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise _no_map(
            expected=f"numbers under {', '.join(COLUMNS)}", found=f"{path.name}: {error}"
        ) from error
    pairs = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return affine_from_landmarks(pairs[:, :2], pairs[:, 2:])


def _no_map(*, expected: str, found: str) -> Exception:
    hint = "Set three or more places that are seen in the picture and among the spots."
    return refusal(FLAG, code="landmarks", expected=expected, found=found, hint=hint)
