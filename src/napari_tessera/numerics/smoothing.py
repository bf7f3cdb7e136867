"""Gaussian smoothing of scores over the tissue, and the width that predicts a spot best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CUT = 3.0
"""Standard deviations at which the Gaussian is cut; 1 % of the mass in the plane lies outside."""

ENTRIES = 4_000_000
"""About how many weights are held at one time."""

WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Widths that are tried, in pitches."""

WIDER = 1.5
"""The width that is used over the one that predicts best (measured on four sections)."""

LEAST_PREDICTED = 0.1
"""Share of the variance that neighbours must predict; where they do not, nothing is smoothed."""

ASKED = 4000
"""Most spots that are predicted when a width is chosen."""


def smooth(
    values: NDArray[np.floating],
    xy: NDArray[np.float64],
    width: float,
    sample: NDArray[np.str_] | None = None,
    asked: NDArray[np.integer] | None = None,
) -> NDArray[np.float32]:
    """Average every spot with those around it, Gaussian weights, itself included.

    Parameters
    ----------
    values : ndarray, shape (n_spots, n_columns)
        What to smooth.
    xy : ndarray, shape (n_spots, 2), float64
        Centres.
    width : float
        Standard deviation in the unit of `xy`; 0 changes nothing.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot; others are no neighbours.
    asked : ndarray of int or None
        Spots that are wanted; None wants all.

    Returns
    -------
    ndarray, shape (n_asked, n_columns), float32
    """
    out = np.array(values, dtype=np.float32)
    wanted = np.ones(len(out), dtype=np.bool_)
    if asked is not None:
        wanted[:] = False
        wanted[asked] = True
    for rows in _sections(len(xy), sample) if width > 0 else ():
        tree, own = cKDTree(xy[rows]), np.asarray(values[rows], dtype=np.float32)
        for part in np.array_split(np.flatnonzero(wanted[rows]), _n_parts(xy[rows], width)):
            out[rows[part]] = _weights(tree, xy[rows[part]], width) @ own
    return out if asked is None else out[asked]


def choose_width(
    values: NDArray[np.floating],
    xy: NDArray[np.float64],
    pitch: float,
    sample: NDArray[np.str_] | None = None,
    *,
    rng: np.random.Generator,
) -> float:
    """Width that predicts the values of a spot best from its neighbours alone, and half again.

    Parameters
    ----------
    values : ndarray, shape (n_spots, n_columns)
        Scores.
    xy : ndarray, shape (n_spots, 2), float64
        Centres.
    pitch : float
        Typical distance of neighbours.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.
    rng : numpy.random.Generator
        Draws the spots that are predicted where there are many.

    Returns
    -------
    float
        Standard deviation in the unit of `xy`; 0 where neighbours predict next to nothing.
    """
    asked = np.sort(rng.permutation(len(xy))[:ASKED])
    centred = values - values.mean(axis=0)
    errors = [_left_out_error(centred, xy, w * pitch, sample, asked=asked) for w in WIDTHS]
    if min(errors) > (1 - LEAST_PREDICTED) * float((centred**2).mean(axis=0).sum()):
        return 0.0
    return WIDER * pitch * WIDTHS[int(np.argmin(errors))]


def predicted_share(
    values: NDArray[np.floating],
    xy: NDArray[np.float64],
    width: float,
    sample: NDArray[np.str_] | None = None,
    *,
    rng: np.random.Generator,
) -> float:
    """Share of the variance of a spot that its neighbours predict, below 1.

    Parameters
    ----------
    values, xy, sample, rng
        As for `choose_width`.
    width : float
        Standard deviation of the weights, in the unit of `xy`.
    """
    asked = np.sort(rng.permutation(len(xy))[:ASKED])
    centred = values - values.mean(axis=0)
    error = _left_out_error(centred, xy, width, sample, asked=asked)
    return 1 - error / float((centred**2).mean(axis=0).sum())


def _left_out_error(
    values: NDArray[np.floating],
    xy: NDArray[np.float64],
    width: float,
    sample: NDArray[np.str_] | None,
    *,
    asked: NDArray[np.integer],
) -> float:
    """Mean squared error of predicting the asked spots from all others of their section."""
    error, n_predicted = 0.0, 0
    for rows in _sections(len(xy), sample):
        tree, own = cKDTree(xy[rows]), np.asarray(values[rows], dtype=np.float32)
        wanted = np.flatnonzero(np.isin(rows, asked))
        for part in np.array_split(wanted, _n_parts(xy[rows], width)):
            if part.size:
                weights = _weights(tree, xy[rows[part]], width, without=part)
                error += float(((weights @ own - own[part]) ** 2).sum())
                n_predicted += part.size
    return error / max(1, n_predicted)


def _sections(n_spots: int, sample: NDArray[np.str_] | None) -> Sequence[NDArray[np.int64]]:
    """Rows of every section."""
    if sample is None:
        return (np.arange(n_spots),)
    return [np.flatnonzero(sample == name) for name in np.unique(sample)]


def _n_parts(xy: NDArray[np.float64], width: float) -> int:
    """How many parts to cut the rows into, so that the weights of one fit in memory."""
    area = max(float(np.prod(np.ptp(xy, axis=0))), 1e-300)
    each = min(float(len(xy)), len(xy) * np.pi * (CUT * width) ** 2 / area + 1)
    return max(1, int(np.ceil(len(xy) * each / ENTRIES)))


def _weights(
    tree: cKDTree,
    xy: NDArray[np.float64],
    width: float,
    without: NDArray[np.integer] | None = None,
) -> sparse.csr_matrix:
    """Row-normalised Gaussian weights from some places to all; `without` leaves out themselves.

    A place with no other in reach gets weight zero everywhere, which predicts the mean.
    """
    shape = (len(xy), int(tree.n))
    near = cKDTree(xy).sparse_distance_matrix(tree, CUT * width, output_type="ndarray")
    row, col = near["i"], near["j"]
    value = np.exp(-(near["v"] ** 2) / (2 * width**2)).astype(np.float32)
    if without is not None:
        value[col == without[row]] = 0.0
    totals = np.bincount(row, weights=value, minlength=len(xy))
    value /= np.maximum(totals, 1e-30)[row].astype(np.float32)
    return sparse.csr_matrix((value, (row, col)), shape=shape)
