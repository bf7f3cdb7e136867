"""Linear discriminant with a shrunken covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Discriminant:
    """Gaussian classes that share a covariance.

    Parameters
    ----------
    names : ndarray of str, shape (n_classes,)
        Classes, sorted.
    mean : ndarray, shape (n_classes, n_factors), float64
        Class means.
    covariance : ndarray, shape (n_factors, n_factors), float64
        Shared, drawn to a diagonal one by the rule of Ledoit and Wolf.
    share : ndarray, shape (n_classes,), float64
        Class weights.
    """

    names: NDArray[np.str_]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    share: NDArray[np.float64]

    def log_joint(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log density of spot and class, shape (n_spots, n_classes)."""
        return np.asarray(self.log_density(scores) + np.log(np.maximum(self.share, 1e-12)))

    def log_density(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log density of every spot under every class, shape (n_spots, n_classes)."""
        factor = np.linalg.cholesky(self.covariance)
        constant = np.log(np.diag(factor)).sum() + 0.5 * len(factor) * np.log(2 * np.pi)
        return np.asarray(-0.5 * self.squared_distance(scores) - constant)

    def squared_distance(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Squared Mahalanobis distance to every class, shape (n_spots, n_classes)."""
        from scipy.linalg import solve_triangular

        factor = np.linalg.cholesky(self.covariance)
        white = solve_triangular(factor, np.asarray(scores, dtype=np.float64).T, lower=True)
        centre = solve_triangular(factor, self.mean.T, lower=True)
        squared = (white**2).sum(axis=0)[:, None] + (centre**2).sum(axis=0)
        return np.asarray(np.maximum(squared - 2 * white.T @ centre, 0.0))


def fit_discriminant(scores: NDArray[np.floating], labels: NDArray[np.str_]) -> Discriminant:
    """Fit to labelled spots; scikit-learn's linear discriminant analysis.

    Parameters
    ----------
    scores : ndarray, shape (n_spots, n_factors)
        Scores of the labelled spots.
    labels : ndarray of str, shape (n_spots,)
        Their classes; two or more.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", store_covariance=True)
    model.fit(np.asarray(scores, dtype=np.float64), labels)
    covariance = np.asarray(model.covariance_, dtype=np.float64)
    floor = 1e-8 * np.trace(covariance) / len(covariance)
    return Discriminant(
        names=np.asarray(model.classes_, dtype=np.str_),
        mean=np.asarray(model.means_, dtype=np.float64),
        covariance=covariance + floor * np.eye(len(covariance)),
        share=np.asarray(model.priors_, dtype=np.float64),
    )
