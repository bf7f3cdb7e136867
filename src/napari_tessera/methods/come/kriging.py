"""What held-out measured genes teach about others: residuals carried from gene to gene.

With P the held-out predictions of the measured genes and Z their truth, both standardised over
spots, the residual ``E = Z - b P`` of genes that are expressed together is alike, and

    prediction of gene t = b P_t + E (K + lambda I)^-1 K_t,

with K the gene-gene correlation in the reference (simple kriging with genes as places) and b the
mean correlation of P with Z.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.gene_scores import standardise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_SLOPE = 0.05
"""Least b: predictions that are worth nothing still keep their sign."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kriging:
    """Residuals of measured genes, ready to be carried to others.

    Parameters
    ----------
    residual : ndarray, shape (n_spots, n_measured), float64
        E.
    own : ndarray, shape (n_measured, n_measured), float64
        K.
    slope : float
        b.
    penalty : float or None
        lambda; None carries nothing.
    """

    residual: NDArray[np.float64]
    own: NDArray[np.float64]
    slope: float
    penalty: float | None

    @classmethod
    def learn(
        cls,
        truth: NDArray[np.floating],
        held_out: NDArray[np.floating],
        cells: NDArray[np.floating],
        penalty: float | None,
    ) -> Kriging:
        """Compare held-out predictions with the truth.

        Parameters
        ----------
        truth, held_out : ndarray, shape (n_spots, n_measured)
            Measured values, and what was predicted for a gene by genes of other folds.
        cells : ndarray, shape (n_cells, n_measured)
            The same genes in the reference.
        penalty : float or None
            lambda.
        """
        z, p, x = standardise(truth), standardise(held_out), standardise(cells)
        slope = max(float((z * p).mean()), LEAST_SLOPE)
        own = x.T @ x / len(x)
        return cls(residual=z - slope * p, own=own, slope=slope, penalty=penalty)

    def predict(
        self,
        carried: NDArray[np.floating],
        across: NDArray[np.floating],
        known: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float64]:
        """Add to what the map carried what the residuals say.

        Parameters
        ----------
        carried : ndarray, shape (n_spots, n_genes)
            What the map predicts.
        across : ndarray, shape (n_measured, n_genes)
            Correlation of measured with wanted genes in the reference.
        known : ndarray of int or None
            Measured genes whose residual may be used; None takes all.

        Returns
        -------
        ndarray, shape (n_spots, n_genes), float64
            Standardised over spots.
        """
        base = self.slope * standardise(carried)
        if self.penalty is None:
            return standardise(base)
        rows = np.arange(len(self.own)) if known is None else known
        own = self.own[np.ix_(rows, rows)] + self.penalty * np.eye(rows.size)
        weights = np.linalg.solve(own, across[rows])
        return standardise(base + self.residual[:, rows] @ weights)

    def held_out(
        self, carried: NDArray[np.floating], folds: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """Predict every measured gene from residuals of the other folds only.

        Their residuals were made by maps that looked at the gene, which takes from them part of
        what they could tell: what comes out is rather too low than too high.
        """
        found = np.empty(carried.shape)
        for fold in folds:
            rest = np.setdiff1d(np.arange(len(self.own)), fold)
            found[:, fold] = self.predict(carried[:, fold], self.own[:, fold], rest)
        return found
