"""A ridge regression small enough to be kept as one array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LinearRule:
    """Prediction of one number from a few features.

    Parameters
    ----------
    table : ndarray, shape (5, n_features + 1), float64
        Centre, scale, coefficient, least and largest value of every feature; the last column holds
        the intercept three times, and the least and the largest target.
    """

    table: NDArray[np.float64]

    @classmethod
    def fit(
        cls, features: NDArray[np.floating], target: NDArray[np.floating], penalty: float
    ) -> Self:
        """Fit by ridge regression on standardised features; the intercept is free.

        Parameters
        ----------
        features : ndarray, shape (n, n_features)
            Constant ones are ignored.
        target : ndarray, shape (n,)
            What to predict.
        penalty : float
            Of the standardised coefficients, in units of observations.
        """
        x, y = np.asarray(features, dtype=np.float64), np.asarray(target, dtype=np.float64)
        centre, scale = x.mean(axis=0), x.std(axis=0)
        scale = np.where(scale > 1e-9, scale, np.inf)
        z = (x - centre) / scale
        own = z.T @ z + penalty * np.eye(z.shape[1])
        coefficient = np.linalg.solve(own, z.T @ (y - y.mean()))
        last = np.array([y.mean()] * 3 + [y.min(), y.max()])[:, None]
        rows = [centre, scale, coefficient, x.min(axis=0), x.max(axis=0)]
        return cls(np.hstack([np.stack(rows), last]))

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Predict, features cut to what was seen, and the answer to a tenth beyond it."""
        centre, scale, coefficient, least, largest = self.table[:, :-1]
        intercept, low, high = self.table[[0, 3, 4], -1]
        z = (np.clip(np.asarray(features, dtype=np.float64), least, largest) - centre) / scale
        room = 0.1 * (high - low)
        return np.asarray(np.clip(z @ coefficient + intercept, low - room, high + room))


def without_fold(
    features: NDArray[np.floating],
    target: NDArray[np.floating],
    fold: NDArray[np.integer],
    penalty: float,
) -> NDArray[np.float64]:
    """Prediction of every observation by the rule of the other folds, shape (n,)."""
    found = np.empty(len(target))
    for number in np.unique(fold):
        own = fold == number
        found[own] = LinearRule.fit(features[~own], target[~own], penalty).predict(features[own])
    return found
