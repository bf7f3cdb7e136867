"""The losses of SpaIM (:cite:`li2025spaim`), one function per equation, unweighted.

With c, k contents of target and profile, s, t styles of target and generator, F F^T / (B d) the
Gram matrix of B genes, and x, h, g target, autoencoder and generator over the spots:

==================  ========================================================================
paper               here
==================  ========================================================================
content             `content`: ``MSE(c, k)``, per layer
style               `style`: ``MSE(Gram(t), Gram(s))``, the target detached, per layer
autoencoder         `cosine_loss` of x and h
style transfer      `cosine_loss` of h and g
direct (ours)       `cosine_loss` of x and g
==================  ========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

SMALLEST = 1e-8
"""Least length in a cosine; an empty gene counts as unlike everything."""


def content(target: torch.Tensor, profile: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of codes, both free to move.

    Parameters
    ----------
    target : torch.Tensor, shape (n_genes, n_dims)
        Content of the target.
    profile : torch.Tensor, shape (n_copies, n_genes, n_dims)
        Content of the profile.
    """
    return (target - profile).square().mean()


def style(gate: torch.Tensor, target: torch.Tensor, n_copies: int) -> torch.Tensor:
    """Mean squared difference of Gram matrices between genes, the target's held fast.

    The gate is one vector for all genes, so its Gram matrix holds one number. Repeated copies count
    as rows: they enter through the divisor alone.

    Parameters
    ----------
    gate : torch.Tensor, shape (1, n_dims)
        Style of the generator.
    target : torch.Tensor, shape (n_genes, n_dims)
        Style of the target.
    n_copies : int
        Times that each gene is in the batch.
    """
    fixed = target.detach()
    divisor = n_copies * fixed.shape[0] * fixed.shape[1]
    return (gate.square().sum() / divisor - fixed @ fixed.T / divisor).square().mean()


def cosine_loss(ab: torch.Tensor, aa: torch.Tensor, bb: torch.Tensor) -> torch.Tensor:
    """One minus the mean cosine, from sums of products over the spots.

    Parameters
    ----------
    ab, aa, bb : torch.Tensor, shapes that broadcast
        Sums of products of both, and of each with itself.
    """
    lengths = aa.clamp(min=SMALLEST**2).sqrt() * bb.clamp(min=SMALLEST**2).sqrt()
    return 1 - (ab / lengths).mean()
