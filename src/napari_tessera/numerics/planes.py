"""Many dimensions as two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLANE = 2


def to_plane(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Two columns as they are; of more, the two leading principal components.

    Parameters
    ----------
    values : ndarray, shape (n, n_dims)
        At least two columns; rows that are not finite stay so and do not count.

    Returns
    -------
    ndarray, shape (n, 2), float32
    """
    plane = np.full((len(values), PLANE), np.nan, dtype=np.float32)
    known = np.isfinite(values).all(axis=1)
    rows = np.asarray(values[known], dtype=np.float64)
    if values.shape[1] > PLANE and len(rows):
        rows = rows - rows.mean(axis=0)
        _, axes = np.linalg.eigh(rows.T @ rows)
        rows = rows @ axes[:, : -PLANE - 1 : -1]
    plane[known] = rows
    return plane
