"""The terms of COME (:cite:`wei2025come`), one function per equation, unweighted.

======================  ===========================================================
paper                   here
======================  ===========================================================
X_st, X_sc              ``spots``, ``cells``: scaled expression
Z_st, Z_sc              ``spot_codes``, ``cell_codes``
C Z (mapped codes)      ``mapped``
L_rec                   `reconstruction`
L_coef, the norm of C   `coefficient`, `shrinkage`
L_SSIM                  `similarity`; ours, gene by gene: `gene_similarity`
L_con                   `napari_tessera.methods.come.contrast`
ours                    `placing`, `smoothness`
======================  ===========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from napari_tessera.numerics.blocks import row_blocks, rows_at_once

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_ENTRIES = 2**22
"""Entries of one block of logits: 16 MiB in float32."""


def reconstruction(decoded: Tensor, expression: Tensor) -> Tensor:
    """Mean squared error of decoded codes.

    Parameters
    ----------
    decoded, expression : Tensor, shape (n_rows, n_genes)
        What the decoder made, and what was there.
    """
    return functional.mse_loss(decoded, expression)


def coefficient(mapped: Tensor, spot_codes: Tensor) -> Tensor:
    """Mean squared error of the cells' codes, carried to the spots by the map.

    Parameters
    ----------
    mapped, spot_codes : Tensor, shape (n_spots, n_dims)
        Map times cell codes, and the spots' own codes.
    """
    return functional.mse_loss(mapped, spot_codes)


def shrinkage(weights: Tensor) -> Tensor:
    """Sum (not mean) of squares of the free map."""
    return weights.square().sum()


def similarity(predicted: Tensor, spots: Tensor) -> Tensor:
    """One minus the structural similarity of two whole matrices, as one window.

    ``SSIM = (2 m1 m2 + c1)(2 cov + c2) / ((m1^2 + m2^2 + c1)(v1 + v2 + c2))``, population moments,
    ``c1 = (0.01 L)^2``, ``c2 = (0.03 L)^2``. L is the larger of the two maxima; the authors'
    program takes the smaller by a slip of an index.

    Parameters
    ----------
    predicted, spots : Tensor, shape (n_spots, n_genes)
        Scaled expression.
    """
    span = torch.maximum(predicted.detach().max(), spots.max())
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    m1, m2 = predicted.mean(), spots.mean()
    d1, d2 = predicted - m1, spots - m2
    cov, v1, v2 = (d1 * d2).mean(), d1.square().mean(), d2.square().mean()
    both = (2 * m1 * m2 + c1) * (2 * cov + c2)
    return 1 - both / ((m1.square() + m2.square() + c1) * (v1 + v2 + c2))


def gene_similarity(predicted: Tensor, spots: Tensor) -> Tensor:
    """One minus the mean over genes of the correlation over spots.

    The matrix SSIM of the paper is dominated by differences between genes, which any map gets
    right; this one asks for the pattern of every gene.

    Parameters
    ----------
    predicted, spots : Tensor, shape (n_spots, n_genes)
        Expression; constant genes count as uncorrelated.
    """
    d1, d2 = predicted - predicted.mean(dim=0), spots - spots.mean(dim=0)
    norm = d1.square().sum(dim=0) * d2.square().sum(dim=0)
    correlation: Tensor = (d1 * d2).sum(dim=0) / norm.clamp(min=1e-12).sqrt()
    return 1 - correlation.mean()


def placing(queries: Tensor, spots: Tensor, target: Tensor) -> Tensor:
    """Cross entropy of where a spot lies, when it is shown as a cell would be seen.

    ``-(1/n) sum_ij T_ij log softmax_j(q_i . v_j)``; logits are made block by block and, in the
    backward pass, made again.

    Parameters
    ----------
    queries : Tensor, shape (n_queries, n_dims)
        Embeddings of the shown spots, sharpness included.
    spots : Tensor, shape (n_spots, n_dims)
        Embeddings of the spots to be found.
    target : Tensor, sparse COO, shape (n_queries, n_spots)
        Rows sum to one: the spot itself, and its neighbours by distance.
    """
    around: Tensor = torch.sparse.mm(target, spots)
    pulled = (queries * around).sum(dim=1)
    return (log_total(queries, spots) - pulled).mean()


def log_total(left: Tensor, right: Tensor) -> Tensor:
    """Log-sum-exp of the rows of ``left right^T``, shape (n_left,)."""
    if len(left) <= _rows_at_once(right):
        return (left @ right.T).logsumexp(dim=1)
    total: Tensor = _LogTotal.apply(left, right)  # type: ignore[no-untyped-call]
    return total


def carry(left: Tensor, right: Tensor, values: Tensor) -> Tensor:
    """Average values under the softmax of ``left right^T`` over the rows of `right`.

    Many rows are done, and in the backward pass done again, block by block.

    Parameters
    ----------
    left, right : Tensor, shapes (n_left, n_dims), (n_right, n_dims)
        Embeddings, sharpness included.
    values : Tensor, shape (n_right, n_values)
        What is averaged.

    Returns
    -------
    Tensor, shape (n_left, n_values)
    """
    if len(left) <= _rows_at_once(right):
        return (left @ right.T).softmax(dim=1) @ values
    carried: Tensor = _Carry.apply(left, right, values)  # type: ignore[no-untyped-call]
    return carried


def nearest(left: Tensor, right: Tensor) -> Tensor:
    """Row of `right` with the largest inner product for every row of `left`, (n_left,), int64."""
    with torch.no_grad():
        found = torch.empty(len(left), dtype=torch.int64, device=left.device)
        for rows in _blocks(left, right):
            found[rows] = (left[rows] @ right.T).argmax(dim=1)
        return found


def _rows_at_once(right: Tensor) -> int:
    """Rows whose logits against all of `right` make one block."""
    return rows_at_once(BLOCK_ENTRIES, len(right), right.device)


def _blocks(left: Tensor, right: Tensor) -> list[slice]:
    """Rows of `left`, block by block."""
    return row_blocks(len(left), len(right), BLOCK_ENTRIES, right.device)


class _LogTotal(torch.autograd.Function):
    """`log_total` by blocks.

    All that outlives a block is allocated beforehand, here and in `_Carry`: small results between
    large blocks would keep the allocator from using the blocks' memory again.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        left: Tensor,
        right: Tensor,
    ) -> Tensor:
        total = left.new_empty(len(left))
        for rows in _blocks(left, right):
            total[rows] = (left[rows] @ right.T).logsumexp(dim=1)
        ctx.save_for_backward(left, right, total)
        return total

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        grad_output: Tensor,
    ) -> tuple[Tensor, Tensor]:
        left, right, total = ctx.saved_tensors
        of_left, of_right = torch.empty_like(left), torch.zeros_like(right)
        for rows in _blocks(left, right):
            slope = (left[rows] @ right.T).sub_(total[rows, None]).exp_()
            slope.mul_(grad_output[rows, None])
            of_left[rows] = slope @ right
            of_right.addmm_(slope.T, left[rows])
        return of_left, of_right


class _Carry(torch.autograd.Function):
    """`carry` by blocks."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        left: Tensor,
        right: Tensor,
        values: Tensor,
    ) -> Tensor:
        carried = values.new_empty(len(left), values.shape[1])
        for rows in _blocks(left, right):
            carried[rows] = (left[rows] @ right.T).softmax(dim=1) @ values
        ctx.save_for_backward(left, right, values, carried)
        return carried

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        grad_output: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        left, right, values, carried = ctx.saved_tensors
        grads = torch.empty_like(left), torch.zeros_like(right), torch.zeros_like(values)
        along = (grad_output * carried).sum(dim=1, keepdim=True)
        for rows in _blocks(left, right):
            weights = (left[rows] @ right.T).softmax(dim=1)
            grads[2].addmm_(weights.T, grad_output[rows])
            slope = (grad_output[rows] @ values.T).sub_(along[rows]).mul_(weights)
            grads[0][rows] = slope @ right
            grads[1].addmm_(slope.T, left[rows])
        return grads


def smoothness(mapped: Tensor, edges: Tensor) -> Tensor:
    """Mean squared difference of neighbouring spots' mapped codes, ``tr(Y^T L Y) / n_edges``.

    Parameters
    ----------
    mapped : Tensor, shape (n_spots, n_dims)
        Map times cell codes, or the free map itself.
    edges : Tensor, shape (2, n_edges), int64
        Neighbouring spots, each pair once.
    """
    if edges.shape[1] == 0:
        return mapped.sum() * 0
    difference = mapped[edges[0]] - mapped[edges[1]]
    return difference.square().sum() / edges.shape[1]
