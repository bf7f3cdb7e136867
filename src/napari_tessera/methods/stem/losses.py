"""The three terms of STEM (:cite:`hao2024stem`), one function per equation, unweighted.

=====================  ==============================================================
paper                  here
=====================  ==============================================================
S                      ``target``, sparse, rows sum to one
Z_st, Z_sc             ``spots``, ``cells``: embeddings, any temperature already in them
L_ext                  `extraction`
C, C-hat, S-hat        inside `transport`: both softmaxes and their product
L_trans                `transport`
L_MMD                  `alignment`
=====================  ==============================================================

Nothing cells x spots or spots x spots is kept: logits live for one block, and gradients are
computed in the same pass as the value, so that autograd stores no more than the embeddings' own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from napari_tessera.numerics.blocks import row_blocks
from napari_tessera.numerics.mmd import squared_mmd

if TYPE_CHECKING:
    from napari_tessera.numerics.tensors import SparsePattern

BLOCK_ENTRIES = 2**22
"""Entries of one block of logits: 16 MiB in float32."""


def extraction(queries: torch.Tensor, spots: torch.Tensor, target: SparsePattern) -> torch.Tensor:
    """Cross entropy of the target under the softmax over spots.

    ``L_ext = -(1/n) sum_ij S_ij log softmax_j(q_i . z_j)``; the rows of S sum to one.

    Parameters
    ----------
    queries : torch.Tensor, shape (n_queries, n_dims)
        Embeddings of the rows of the target; of the spots themselves in the paper.
    spots : torch.Tensor, shape (n_spots, n_dims)
        Embeddings of the spots.
    target : SparsePattern, shape (n_queries, n_spots)
        S.

    Returns
    -------
    torch.Tensor, scalar
        Nats; at least the mean entropy of the rows of S.
    """
    value: torch.Tensor = _Extraction.apply(queries, spots, target)  # type: ignore[no-untyped-call]
    return value


def transport(cells: torch.Tensor, spots: torch.Tensor, target: SparsePattern) -> torch.Tensor:
    """Cross entropy of the target under the walk from spot to cell to spot.

    ``L_trans = -(1/n) sum_ij S_ij log Shat_ij``, ``Shat = Chat C`` with
    ``Chat = softmax over cells of Z_st Z_sc^T`` and ``C = softmax over spots of Z_sc Z_st^T``,
    evaluated where S is not zero. The authors add 1e-7 inside the logarithm; here only the smallest
    normal number is a floor.

    Parameters
    ----------
    cells : torch.Tensor, shape (n_cells, n_dims)
        Embeddings of the cells, all of them or a batch.
    spots : torch.Tensor, shape (n_spots, n_dims)
        Embeddings of the spots.
    target : SparsePattern, shape (n_spots, n_spots)
        S.
    """
    value: torch.Tensor = _Transport.apply(cells, spots, target)  # type: ignore[no-untyped-call]
    return value


def alignment(cells: torch.Tensor, spots: torch.Tensor) -> torch.Tensor:
    """Squared MMD between samples of both embeddings, ``L_MMD`` of the authors' code.

    Parameters
    ----------
    cells : torch.Tensor, shape (n, n_dims)
        Sample of cell embeddings.
    spots : torch.Tensor, shape (m, n_dims)
        Sample of spot embeddings.
    """
    return squared_mmd(cells, spots)


class _Extraction(torch.autograd.Function):
    """Value and both gradients in row blocks."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        queries: torch.Tensor,
        spots: torch.Tensor,
        target: SparsePattern,
    ) -> torch.Tensor:
        n = len(queries)
        pulled = target.matmul(spots)
        value = -(queries * pulled).sum()
        grad_queries = -pulled
        grad_spots = -target.transpose_matmul(queries)
        for rows in row_blocks(n, len(spots), BLOCK_ENTRIES, spots.device):
            logits = queries[rows] @ spots.T
            lse = logits.logsumexp(dim=1, keepdim=True)
            p = logits.sub_(lse).exp_()
            value = value + lse.sum()
            grad_queries[rows] += p @ spots
            grad_spots.addmm_(p.T, queries[rows])
        ctx.save_for_backward(grad_queries.div_(n), grad_spots.div_(n))
        return value / n

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        grad_output: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        grad_queries, grad_spots = ctx.saved_tensors
        return grad_output * grad_queries, grad_output * grad_spots, None


class _Transport(torch.autograd.Function):
    """Value in one pass over blocks of cells, gradients in a second one."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        cells: torch.Tensor,
        spots: torch.Tensor,
        target: SparsePattern,
    ) -> torch.Tensor:
        walk, log_total = _walk(cells, spots, target)
        n = len(spots)
        floor = torch.finfo(walk.dtype).tiny
        value = -(target.values * walk.clamp(min=floor).log()).sum() / n
        slope = torch.where(walk > floor, -target.values / (n * walk.clamp(min=floor)), 0.0)
        grads = _walk_gradients(cells, spots, target.with_values(slope), (walk, log_total))
        ctx.save_for_backward(*grads)
        return value

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        grad_output: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        grad_cells, grad_spots = ctx.saved_tensors
        return grad_output * grad_cells, grad_output * grad_spots, None


def _walk(
    cells: torch.Tensor, spots: torch.Tensor, target: SparsePattern
) -> tuple[torch.Tensor, torch.Tensor]:
    """S-hat at the target's entries, and the log-sum-exp over cells of every spot.

    A running maximum and sum per spot are rescaled when a block of cells raises the maximum.
    """
    n = len(spots)
    top = spots.new_full((n,), -torch.inf)
    total = spots.new_zeros(n)
    walk = torch.zeros_like(target.values)
    for block in row_blocks(len(cells), n, BLOCK_ENTRIES, spots.device):
        logits = spots @ cells[block].T
        new_top = torch.maximum(top, logits.max(dim=1).values)
        shrink = (top - new_top).exp()
        to_cell = (logits - new_top[:, None]).exp()
        to_spot = logits.softmax(dim=0)
        total = total * shrink + to_cell.sum(dim=1)
        walk = walk * shrink[target.rows] + target.sampled_product(to_cell, to_spot)
        top = new_top
    return walk / total[target.rows], top + total.log()


def _walk_gradients(
    cells: torch.Tensor,
    spots: torch.Tensor,
    slope: SparsePattern,
    forward: tuple[torch.Tensor, torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of both embeddings, given the slope of the loss at every entry of S-hat."""
    walk, log_total = forward
    centre = spots.new_zeros(len(spots)).index_add_(0, slope.rows, slope.values * walk)
    grad_cells, grad_spots = torch.empty_like(cells), torch.zeros_like(spots)
    for block in row_blocks(len(cells), len(spots), BLOCK_ENTRIES, spots.device):
        logits = spots @ cells[block].T
        to_cell = (logits - log_total[:, None]).exp()
        to_spot = logits.softmax(dim=0)
        back = slope.transpose_matmul(to_cell)
        grad = to_cell.mul_(slope.matmul(to_spot).sub_(centre[:, None]))
        grad += to_spot.mul_(back.sub_((to_spot * back).sum(dim=0)))
        grad_cells[block] = grad.T @ spots
        grad_spots.addmm_(grad, cells[block])
    return grad_cells, grad_spots
