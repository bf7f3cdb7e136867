"""How well genes were predicted: one number per gene and metric, and ranks over methods.

Truth and prediction have shape (n_spots, n_genes); a gene is a column, and it is one window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

METRICS = ("pcc", "ssim", "rmse", "jsd")
"""What `gene_table` gives per gene."""

HIGHER_IS_BETTER = {"pcc": True, "ssim": True, "rmse": False, "jsd": False}

_TINY = 1e-12


def standardise(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Columns with mean 0 and population standard deviation 1; constant columns become 0."""
    x = np.asarray(values, dtype=np.float64)
    x = x - x.mean(axis=0)
    sd = x.std(axis=0)
    safe = sd > _TINY * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    return np.where(safe, x / np.where(safe, sd, 1.0), 0.0)


def gene_pcc(truth: NDArray[np.floating], found: NDArray[np.floating]) -> NDArray[np.float64]:
    """Pearson correlation of every column; 0 where one of the two is constant."""
    return np.asarray((standardise(truth) * standardise(found)).mean(axis=0))


def gene_rmse(truth: NDArray[np.floating], found: NDArray[np.floating]) -> NDArray[np.float64]:
    """Root mean square error of standardised columns; sqrt(2 - 2 PCC) where none is constant."""
    return np.asarray(np.sqrt(((standardise(truth) - standardise(found)) ** 2).mean(axis=0)))


def gene_ssim(truth: NDArray[np.floating], found: NDArray[np.floating]) -> NDArray[np.float64]:
    """Structural similarity of every column, the whole gene as one window.

    Both are clipped at 0 and divided by their maximum, so that L = 1; luminance, contrast and
    structure have the constants (0.01 L)^2, (0.03 L)^2 and half of that; population moments.
    """
    t, x = (_over_maximum(v) for v in (truth, found))
    mean_t, mean_x, sd_t, sd_x = t.mean(axis=0), x.mean(axis=0), t.std(axis=0), x.std(axis=0)
    covariance = ((t - mean_t) * (x - mean_x)).mean(axis=0)
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_t * mean_x + c1) / (mean_t**2 + mean_x**2 + c1)
    contrast = (2 * sd_t * sd_x + c2) / (sd_t**2 + sd_x**2 + c2)
    return np.asarray(luminance * contrast * (covariance + c2 / 2) / (sd_t * sd_x + c2 / 2))


def gene_jsd(truth: NDArray[np.floating], found: NDArray[np.floating]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence (not its root, in nats) of the columns as distributions over spots.

    Both are clipped at 0; a column without anything counts as even. 0 to ln 2.
    """
    p, q = (_over_sum(v) for v in (truth, found))
    m = (p + q) / 2

    def divergence(x: NDArray[np.float64]) -> NDArray[np.float64]:
        safe = np.where(x > 0, x, 1.0)
        return np.asarray((x * np.log(safe / np.where(m > 0, m, 1.0))).sum(axis=0))

    return 0.5 * divergence(p) + 0.5 * divergence(q)


def gene_table(
    truth: NDArray[np.floating], found: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """All `METRICS`, one value per gene."""
    measures = (gene_pcc, gene_ssim, gene_rmse, gene_jsd)
    return {name: measure(truth, found) for name, measure in zip(METRICS, measures, strict=True)}


def gene_summary(table: Mapping[str, NDArray[np.floating]]) -> dict[str, float]:
    """Mean and median over genes: ``mean_pcc``, ``median_pcc``, ``mean_ssim`` and so on."""
    found: dict[str, float] = {}
    for name, values in table.items():
        found[f"mean_{name}"] = float(np.mean(values))
        found[f"median_{name}"] = float(np.median(values))
    return found


def mean_interval(
    values: NDArray[np.floating], rng: np.random.Generator, *, n_draws: int = 2000
) -> tuple[float, float]:
    """Bootstrap 95 % interval of the mean over genes."""
    drawn = rng.integers(0, values.size, (n_draws, values.size))
    low, high = np.quantile(np.asarray(values)[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def ranks(values: NDArray[np.floating], *, higher_is_better: bool) -> NDArray[np.float64]:
    """Rank of every method, the best gets 1, ties share their mean, divided by their number.

    Parameters
    ----------
    values : ndarray, shape (n_methods, ...)
        One metric; ranked along the first axis.
    higher_is_better : bool
        Direction.

    Returns
    -------
    ndarray, same shape, float64
        Above 0, at most 1. Comparable only within one table of the same methods.
    """
    from scipy.stats import rankdata

    signed = np.asarray(values) if higher_is_better else -np.asarray(values)
    return np.asarray(rankdata(signed, axis=0) / len(signed), dtype=np.float64)


def accuracy_score(tables: Mapping[str, Mapping[str, NDArray[np.floating]]]) -> dict[str, float]:
    """Mean rank over the four metrics, ranked per gene and averaged over genes ("ACC").

    Parameters
    ----------
    tables : mapping
        From the method to its `gene_table`, the same genes in the same order.
    """
    names = list(tables)
    each = [
        ranks(np.stack([tables[n][metric] for n in names]), higher_is_better=up).mean(axis=1)
        for metric, up in HIGHER_IS_BETTER.items()
    ]
    return dict(zip(names, np.mean(each, axis=0).tolist(), strict=True))


def _over_maximum(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Columns clipped at 0 and divided by their maximum."""
    x = np.clip(np.asarray(values, dtype=np.float64), 0.0, None)
    top = x.max(axis=0)
    return np.asarray(x / np.where(top > 0, top, 1.0))


def _over_sum(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Columns clipped at 0 and divided by their sum; empty ones even."""
    x = np.clip(np.asarray(values, dtype=np.float64), 0.0, None)
    total = x.sum(axis=0)
    return np.where(total > 0, x / np.where(total > 0, total, 1.0), 1 / len(x))
