"""From standardised predictions to values in the tissue's scale, and how far off they may be.

Mean and spread that a gene should have in the tissue are predicted from its mean, spread and
detection in the reference, by a regression over the measured genes. The width of the interval is
conformal: a quantile of errors made on genes that were held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.linear_rule import LinearRule, without_fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.gene_panel import GenePanel

PENALTY = 1.0
"""Of the regressions, in genes."""

BINS = 12
"""Levels of the prediction for which the size of errors is told apart."""

POWERS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""How fully the width follows the expected error, most fully first; 0 is a constant width."""

SPARING = 0.98
"""Mean width, in constant widths, that following the expected error may cost at most."""


def statistics(panel: GenePanel, genes: NDArray[np.integer]) -> NDArray[np.float64]:
    """Log mean, log spread and detection in the reference, shape (n_genes, 3)."""
    parts = [
        np.log(panel.cell_mean[genes].clip(min=1e-4)),
        np.log(panel.cell_sd[genes].clip(min=1e-4)),
        panel.detected[genes],
    ]
    return np.column_stack(parts).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Units:
    """Mean and spread that genes should have in the tissue.

    Parameters
    ----------
    mean, log_sd : LinearRule
        From `statistics`.
    """

    mean: LinearRule
    log_sd: LinearRule

    @classmethod
    def fit(cls, panel: GenePanel) -> Units:
        """Learn from all genes of the panel."""
        known = statistics(panel, np.arange(panel.n_panel))
        return cls(
            mean=LinearRule.fit(known, _root(panel.spot_mean), PENALTY),
            log_sd=LinearRule.fit(known, np.log(panel.spot_sd), PENALTY),
        )

    def predict(
        self, panel: GenePanel, genes: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of genes by their position among all genes."""
        known = statistics(panel, genes)
        return _square(self.mean.predict(known)), np.exp(self.log_sd.predict(known))


def units_without_fold(
    panel: GenePanel, genes: NDArray[np.int64], fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of measured genes as the other folds would predict them."""
    known = statistics(panel, genes)
    mean = without_fold(known, _root(panel.spot_mean[genes]), fold, PENALTY)
    log_sd = without_fold(known, np.log(panel.spot_sd[genes]), fold, PENALTY)
    return _square(mean), np.exp(log_sd)


def _root(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Signed square root: means of expression are skewed, and may be negative if scaled."""
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), dtype=np.float64)


def _square(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Inverse of `_root`."""
    return np.asarray(np.sign(values) * np.square(values), dtype=np.float64)


def like_reference(z: NDArray[np.floating], cells: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give every column the distribution that the gene has over the cells; order is kept.

    Parameters
    ----------
    z : ndarray, shape (n_spots, n_genes)
        Predictions.
    cells : ndarray, shape (n_cells, n_genes)
        The same genes in the reference, standardised.
    """
    n_spots, n_cells = len(z), len(cells)
    order = np.argsort(np.argsort(z, axis=0, kind="stable"), axis=0)
    at = (order + 0.5) / n_spots
    known = (np.arange(n_cells) + 0.5) / n_cells
    sorted_cells = np.sort(cells, axis=0)
    return np.column_stack(
        [np.interp(at[:, g], known, sorted_cells[:, g]) for g in range(z.shape[1])]
    )


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Conformal half widths.

    Parameters
    ----------
    edges : ndarray, shape (BINS - 1,), float64
        Levels of the standardised prediction.
    size : ndarray, shape (BINS,), float64
        Mean absolute error at every level, in expected errors of the gene.
    power, quantile : float
        ``half width = quantile * (expected error of the gene * size) ** power``.
    """

    edges: NDArray[np.float64]
    size: NDArray[np.float64]
    power: float
    quantile: float

    def half_width(
        self, z: NDArray[np.floating], error: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Half width of every gene and spot.

        Parameters
        ----------
        z : ndarray, shape (n_spots, n_genes)
            Standardised prediction.
        error : ndarray, shape (n_genes,)
            Expected error of the gene, see `expected_error`.
        """
        return (self.quantile * self._scale(z, error) ** self.power).astype(np.float32)

    def _scale(self, z: NDArray[np.floating], error: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(error * self.size[np.searchsorted(self.edges, z)])

    @classmethod
    def fit(
        cls,
        z: NDArray[np.floating],
        error: NDArray[np.floating],
        residual: NDArray[np.floating],
        coverage: float,
    ) -> Widths:
        """Learn from genes that were held out; all arrays (n_spots, n_genes), error (n_genes,).

        Of the powers that make intervals on average no wider than one constant width the largest
        is taken, since intervals that follow the error hold the truth more evenly.
        """
        edges = np.quantile(z, np.arange(1, BINS) / BINS)
        level = np.searchsorted(edges, z)
        relative = residual / error
        total = np.bincount(level.ravel(), relative.ravel(), minlength=BINS)
        size = total / np.maximum(np.bincount(level.ravel(), minlength=BINS), 1)
        rule = cls(edges=edges, size=np.maximum(size, 1e-6), power=1.0, quantile=1.0)
        scale = rule._scale(z, error)
        constant = np.quantile(residual, coverage)
        tried = [(p, float(np.quantile(residual / scale**p, coverage))) for p in POWERS]
        widths = [float((q * scale**p).mean()) for p, q in tried]
        fitting = [t for t, w in zip(tried, widths, strict=True) if w <= SPARING * constant]
        power, quantile = fitting[0] if fitting else tried[int(np.argmin(widths))]
        return cls(edges=edges, size=rule.size, power=power, quantile=quantile)


def expected_error(sd: NDArray[np.floating], pcc: NDArray[np.floating]) -> NDArray[np.float64]:
    """Root mean square error of a gene whose spread and correlation are as predicted."""
    return np.asarray(np.maximum(sd, 1e-6) * np.sqrt(1 - np.clip(pcc, 0.0, 0.98) ** 2))
