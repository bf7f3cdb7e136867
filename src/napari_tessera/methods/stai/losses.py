"""The losses of stAI (:cite:`zou2025stai`), one function per equation, each unweighted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-6
"""Added under roots and to norms."""


def reconstruction(spots: Tensor, decoded_spots: Tensor, cells: Tensor, decoded: Tensor) -> Tensor:
    """Mean squared error over all entries of each side: ``MSE(X1, D1(Z1)) + MSE(X2, D2(Z2))``.

    Parameters
    ----------
    spots, decoded_spots : Tensor, shape (n_spots, n_inputs)
        Z-scored input, and what the spots' decoder makes of the embeddings.
    cells, decoded : Tensor, shape (n_cells, n_inputs)
        The same for cells.
    """
    return functional.mse_loss(decoded_spots, spots) + functional.mse_loss(decoded, cells)


def consistency(spots: Tensor, crossed_spots: Tensor, cells: Tensor, crossed: Tensor) -> Tensor:
    """One minus the cosine between a row and what the other side's decoder makes of it.

    ``mean_i (1 - cos(X1_i, D2(Z1)_i)) + mean_j (1 - cos(X2_j, D1(Z2)_j))``

    Parameters
    ----------
    spots, crossed_spots : Tensor, shape (n_spots, n_inputs)
        Z-scored input, and what the cells' decoder makes of the spots' embeddings.
    cells, crossed : Tensor, shape (n_cells, n_inputs)
        The same with sides exchanged.
    """
    pairs = ((spots, crossed_spots), (cells, crossed))
    return sum(
        ((1 - functional.cosine_similarity(x, y, dim=1)).mean() for x, y in pairs),
        spots.new_zeros(()),
    )


def gene_pearson(predicted: Tensor, truth: Tensor) -> Tensor:
    """Pearson correlation of every gene over the spots, shape (n_genes,).

    Parameters
    ----------
    predicted, truth : Tensor, shape (n_spots, n_genes)
        Values; a constant gene correlates 0.
    """
    p, t = (x - x.mean(dim=0) for x in (predicted, truth))
    norm = ((p**2).mean(dim=0) * (t**2).mean(dim=0) + EPSILON**2).sqrt()
    return (p * t).mean(dim=0) / norm


def imputation(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean over the calibration genes that vary in the tissue of one minus the correlation."""
    varies = truth.std(dim=0) > EPSILON
    if not bool(varies.any()):
        return predicted.sum() * 0
    return 1 - gene_pearson(predicted, truth)[varies].mean()


def classification(logits: Tensor, codes: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean cross entropy of the cells' types.

    Parameters
    ----------
    logits : Tensor, shape (n_cells, n_types)
        Of the cells.
    codes : Tensor, shape (n_cells,), int64
        Types.
    weights : Tensor, shape (n_types,)
        Weight of a cell of every type.
    """
    return functional.cross_entropy(logits, codes, weight=weights)


def correlations(left: Tensor, right: Tensor) -> Tensor:
    """Correlation of every column of one with every column of the other.

    Parameters
    ----------
    left : Tensor, shape (n, a)
        Columns.
    right : Tensor, shape (n, b)
        Columns over the same rows.

    Returns
    -------
    Tensor, shape (a, b)
    """
    x, y = (m - m.mean(dim=0) for m in (left, right))
    norms = [((m**2).sum(dim=0) + EPSILON).sqrt() for m in (x, y)]
    return (x / norms[0]).T @ (y / norms[1])


def co_expression(found: Tensor, wanted: Tensor) -> Tensor:
    """One minus the cosine between columns: how a calibration gene goes with the input genes.

    Parameters
    ----------
    found : Tensor, shape (n_inputs, n_calibration)
        Correlations in the tissue, calibration genes imputed.
    wanted : Tensor, shape (n_inputs, n_calibration)
        Correlations in the reference.
    """
    return 1 - functional.cosine_similarity(found, wanted, dim=0).mean()


def type_weights(codes: Tensor, n_types: int, power: float) -> Tensor:
    """Weigh a cell by the size of its type, ``n_c^-power``, 1 on average; shape (n_types,).

    Parameters
    ----------
    codes : Tensor, shape (n_cells,), int64
        Types.
    n_types : int
        How many there are.
    power : float
        0 weighs all cells alike, 1 all types alike.
    """
    sizes = torch.bincount(codes, minlength=n_types).to(torch.float32)
    raw = torch.where(sizes > 0, sizes.clamp(min=1) ** -power, torch.zeros_like(sizes))
    return raw / (raw * sizes).sum() * sizes.sum()
