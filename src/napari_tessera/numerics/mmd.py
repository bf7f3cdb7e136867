"""Squared maximum mean discrepancy in closed Gram form, gradients computed beside the value."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from napari_tessera.numerics.blocks import row_blocks

N_KERNELS = 5
"""Gaussian kernels of bandwidth b/4, b/2, b, 2b and 4b."""

BLOCK_ENTRIES = 2**22
"""Entries of one block of squared distances."""


def squared_mmd(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Biased squared MMD between two samples (:cite:`gretton2012`).

    ``k(x, y) = sum_{i=0..4} exp(-|x - y|^2 / (b 2^(i-2)))`` with b the mean squared distance of
    different points of the pooled sample, treated as a constant.

    Parameters
    ----------
    x : torch.Tensor, shape (n, n_dims)
        First sample.
    y : torch.Tensor, shape (m, n_dims)
        Second sample.

    Returns
    -------
    torch.Tensor, scalar
        Differentiable once.
    """
    pooled = torch.cat([x, y])
    signs = torch.cat([x.new_full((len(x),), 1 / len(x)), y.new_full((len(y),), -1 / len(y))])
    value: torch.Tensor = _SignedKernelSum.apply(pooled, signs)  # type: ignore[no-untyped-call]
    return value


def _bandwidth(z: torch.Tensor) -> torch.Tensor:
    """Mean squared distance of different points, without forming the distances."""
    n = len(z)
    centred = z - z.mean(dim=0)
    total = 2 * n * (centred**2).sum()
    return (total / max(n * n - n, 1)).clamp(min=1e-12)


class _SignedKernelSum(torch.autograd.Function):
    """``sum_ij s_i s_j k(z_i, z_j)`` in row blocks."""

    @staticmethod
    def forward(ctx: Any, z: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:  # noqa: ANN401 - torch's context
        bandwidth = _bandwidth(z)
        norms = (z**2).sum(dim=1)
        value = z.new_zeros(())
        grad = torch.empty_like(z)
        for rows in row_blocks(len(z), len(z), BLOCK_ENTRIES, z.device):
            squared = (norms[rows, None] + norms - 2 * z[rows] @ z.T).clamp_(min=0)
            kernel = squared.div_(-4 * bandwidth).exp_()
            total, slope = kernel.clone(), kernel.clone()
            for i in range(1, N_KERNELS):
                kernel.mul_(kernel)
                total += kernel
                slope.add_(kernel, alpha=2.0**i)
            value = value + signs[rows] @ (total @ signs)
            pull = slope.mul_(signs).mul_(signs[rows, None])
            grad[rows] = (pull @ z - pull.sum(dim=1, keepdim=True) * z[rows]) / bandwidth
        ctx.save_for_backward(grad)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        (grad,) = ctx.saved_tensors
        return grad_output * grad, None
