"""From a distribution over spots to one coordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]

STEPS = 25
"""Weiszfeld steps; the placement no longer moves visibly after them."""


BLUR = 0.25
"""Radius of a spot in pitches: a cell of a spot lies somewhere in its disc, not at its centre."""


def geometric_median(
    weights: NDArray[np.floating], points: NDArray[np.float64], blur: float
) -> NDArray[np.float64]:
    """Point with the smallest expected distance, by Weiszfeld's iteration (:cite:`weiszfeld1937`).

    Minimised is ``sum_k w_k sqrt(|y - p_k|^2 + blur^2)``: without the blur the median of a row that
    has half of its mass at one spot is exactly that spot's centre.

    Parameters
    ----------
    weights : ndarray, shape (n_rows, k)
        Weights of the points, >= 0.
    points : ndarray, shape (n_rows, k, 2), float64
        Points of each row.
    blur : float
        Length below which distances do not matter, > 0.

    Returns
    -------
    ndarray, shape (n_rows, 2), float64
    """
    held = np.asarray(weights, dtype=np.float64)
    x, y = (np.ascontiguousarray(points[:, :, i]) for i in (0, 1))
    at, pull, square = _balance(held, x, y), np.empty_like(held), np.empty_like(held)
    for _ in range(STEPS):
        np.square(np.subtract(x, at[0][:, None], out=pull), out=pull)
        pull += np.square(np.subtract(y, at[1][:, None], out=square), out=square)
        pull += blur**2
        at = _balance(np.divide(held, np.sqrt(pull, out=pull), out=pull), x, y)
    return np.stack(at, axis=1)


def _balance(pull: _Floats, x: _Floats, y: _Floats) -> tuple[_Floats, _Floats]:
    """Give the weighted means of the coordinates of every row."""
    total = np.maximum(pull.sum(axis=1), 1e-300)
    mean_x, mean_y = (np.einsum("nk,nk->n", pull, v) / total for v in (x, y))
    return mean_x, mean_y


NEAR, APART = 3.0, 6.0
"""Pitches from its centre within which a mode's mass is counted, and least between two centres."""

LEAST_SECOND, LEAST_RATIO = 0.2, 0.5
"""Mass of a second mode, of the whole and of the first mode, from which a row is bimodal."""

ROWS = 256
"""Rows whose points are compared with one another at once."""

EDGE = 1e-3
"""Share by which `NEAR` is longer and `APART` shorter: lattices have points at such distances."""


def two_modes(
    weights: NDArray[np.floating], points: NDArray[np.float64], pitch: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Find the two places where most of a row's mass lies together.

    The first is about the point with the most mass within `NEAR` pitches; the second is found the
    same way among the points `APART` or more away from it. Each is the geometric median of the
    points near it.

    Parameters
    ----------
    weights : ndarray, shape (n_rows, k)
        Weights of the points, >= 0.
    points : ndarray, shape (n_rows, k, 2), float64
        Points of each row.
    pitch : float
        Distance of neighbouring spots.

    Returns
    -------
    modes : ndarray, shape (n_rows, 2, 2), float64
        Places, the heavier first.
    mass : ndarray, shape (n_rows, 2), float32
        Weight near each; 0 for a second one that is not there, whose place is the first's.
    """
    parts = [slice(i, i + ROWS) for i in range(0, len(points), ROWS)]
    found = [_modes(weights[p], points[p], pitch) for p in parts]
    modes, mass = (np.concatenate(f) for f in zip(*found, strict=True))
    return modes, mass


def _modes(
    weights: NDArray[np.floating], points: NDArray[np.float64], pitch: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Do the work of `two_modes` for a few rows."""
    near, far = (NEAR * (1 + EDGE) * pitch) ** 2, (APART * (1 - EDGE) * pitch) ** 2
    x, y = ((points[:, :, i, None] - points[:, None, :, i]).astype(np.float32) for i in (0, 1))
    apart = np.square(x, out=x)
    apart += np.square(y, out=y)
    close = (apart <= near).astype(np.float32)
    around = (close @ weights[:, :, None].astype(np.float32))[:, :, 0] + 1e-6 * weights
    rows = np.arange(len(points))
    modes, mass = np.empty((len(points), 2, 2)), np.zeros((len(points), 2), dtype=np.float32)
    free = np.ones(weights.shape, dtype=np.bool_)
    for i in range(2):
        centre = np.where(free, around, -1.0).argmax(axis=1)
        mine = weights * close[rows, centre]
        there = free[rows, centre]
        modes[there, i] = geometric_median(mine[there], points[there], BLUR * pitch)
        mass[there, i] = mine[there].sum(axis=1)
        free &= apart[rows, centre] >= far
    return np.where((mass > 0)[:, :, None], modes, modes[:, :1]), mass


def is_bimodal(mass: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether the second mode is heavy enough to be offered.

    Parameters
    ----------
    mass : ndarray, shape (n_rows, 2)
        From `two_modes`.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    return np.asarray((mass[:, 1] >= LEAST_SECOND) & (mass[:, 1] >= LEAST_RATIO * mass[:, 0]))
