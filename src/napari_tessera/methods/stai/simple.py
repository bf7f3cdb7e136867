"""The simple member: multinomial regression on what the networks see, all used genes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.numerics.softmax_regression import (
    MOST_ROWS,
    PENALTIES,
    SoftmaxModel,
    fit_softmax,
    log_loss,
    log_posterior,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.methods.stai.prepare import StaiData


def _rows(
    data: StaiData, kept: NDArray[np.integer], codes: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Features and types of the kept cells in as many draws as there is room for."""
    n_copies = int(np.clip(MOST_ROWS // max(kept.size, 1), 1, len(data.cells)))
    x = np.concatenate([c[kept].cpu().numpy() for c in data.cells[:n_copies]])
    return x, np.tile(codes[kept], n_copies), n_copies


def _codes(data: StaiData) -> NDArray[np.int64]:
    """Types of the cells."""
    if data.codes is None:
        msg = "cells without types have no simple member"
        raise ValueError(msg)
    return np.asarray(data.codes.cpu().numpy(), dtype=np.int64)


def held_out_simple(data: StaiData, held: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Log probabilities of held-out cells in every draw, and the penalty that suits them best.

    Parameters
    ----------
    data : StaiData
        All cells.
    held : ndarray of int64
        Cells to hold out.
    """
    codes = _codes(data)
    kept = np.setdiff1d(np.arange(data.n_cells), held)
    x, y, copies = _rows(data, kept, codes)
    models = fit_softmax(x, y, data.types.size, tuple(p / copies for p in PENALTIES))
    out = np.concatenate([c.cpu().numpy()[held] for c in data.cells])
    truth = np.tile(codes[held], len(data.cells))
    answers = [log_posterior(m, out) for m in models]
    best = int(np.argmin([log_loss(a, truth) for a in answers]))
    return answers[best], PENALTIES[best]


def fit_simple(data: StaiData, penalty: float) -> dict[str, NDArray[Any]]:
    """Weights of the regression on all cells: ``simple_weights`` and ``simple_bias``."""
    x, y, copies = _rows(data, np.arange(data.n_cells), _codes(data))
    model = fit_softmax(x, y, data.types.size, (penalty / copies,))[0]
    return {"simple_weights": model.weights, "simple_bias": model.bias}


def simple_log_posterior(arrays: dict[str, NDArray[Any]], data: StaiData) -> NDArray[np.float64]:
    """Ask the fitted regression about the spots, shape (n_spots, n_types)."""
    model = SoftmaxModel(weights=arrays["simple_weights"], bias=arrays["simple_bias"])
    return log_posterior(model, data.spots.cpu().numpy())
