"""Exact nearest rows of one matrix for the rows of another, never a whole matrix of distances."""

from __future__ import annotations

import torch

from napari_tessera.numerics.blocks import row_blocks

BLOCK_ENTRIES = 2**23
"""Entries of one block of squared distances."""


@torch.no_grad()
def nearest_rows(queries: torch.Tensor, keys: torch.Tensor, k: int) -> torch.Tensor:
    """Find the k keys nearest to every query by Euclidean distance.

    Parameters
    ----------
    queries : torch.Tensor, shape (n, n_dims)
        Rows that ask.
    keys : torch.Tensor, shape (m, n_dims)
        Rows to find.
    k : int
        How many; at most m are given.

    Returns
    -------
    torch.Tensor, shape (n, min(k, m)), int64
        Row numbers of the keys, in no particular order.
    """
    k = min(k, len(keys))
    half_norms = (keys**2).sum(dim=1) / 2
    # written into one array: small results kept between large blocks would break up the memory
    found = torch.empty((len(queries), k), dtype=torch.int64, device=queries.device)
    for rows in row_blocks(len(queries), len(keys), BLOCK_ENTRIES, keys.device):
        score = torch.addmm(half_norms, queries[rows], keys.T, alpha=-1)
        found[rows] = score.topk(k, dim=1, largest=False)[1]
    return found


def softmax_weights(
    queries: torch.Tensor, chosen: torch.Tensor, temperature: torch.Tensor
) -> torch.Tensor:
    """Softmax of minus the distance to some keys over the temperature; rows sum to one.

    Parameters
    ----------
    queries : torch.Tensor, shape (n, n_dims)
        Rows that ask.
    chosen : torch.Tensor, shape (n, k, n_dims)
        The keys of every row.
    temperature : torch.Tensor, scalar
        Softness.

    Returns
    -------
    torch.Tensor, shape (n, k)
        A small constant under the root keeps the gradient finite at distance zero.
    """
    squared = ((queries[:, None] - chosen) ** 2).sum(dim=2)
    return torch.softmax(-(squared + 1e-12).sqrt() / temperature, dim=1)
