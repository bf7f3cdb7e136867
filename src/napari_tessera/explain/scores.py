"""The number of a cell that is attributed, and its slope in the logits over spots.

With logits l, probabilities p over the spots, the cell's likeliest spot j* and a region R:

=================  ================================  =============================================
scalar             F                                 dF / dl_k
=================  ================================  =============================================
``region``         log(P / (1 - P)), P = sum_R p     p_k / P inside, - p_k / (1 - P) outside
``probability``    p_j*                              p_j* (1[k = j*] - p_k)
``log-probability``  log p_j*                        1[k = j*] - p_k
``logit``          l_j*                              1[k = j*]
=================  ================================  =============================================

The probability is the published one. It saturates, and says why a cell is at its own spot among
neighbours of the same region; the log-odds of the region do neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from napari_tessera.explain.options import Scalar

LEAST = 1e-12
"""Probability below which a region, or all that is not the region, counts as this much."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What is attributed.

    Parameters
    ----------
    scalar : Scalar
        Which number.
    inside : torch.Tensor or None, shape (n_spots,), float32
        1 for the spots of the region, 0 for the rest; needed by ``region`` alone.
    """

    scalar: Scalar
    inside: torch.Tensor | None = None

    @torch.no_grad()
    def value(self, logits: torch.Tensor, spot: torch.Tensor) -> torch.Tensor:
        """F of every row, shape (n,); see `differentiable`."""
        return self.differentiable(logits, spot)

    def differentiable(self, logits: torch.Tensor, spot: torch.Tensor) -> torch.Tensor:
        """F of every row, shape (n,).

        Parameters
        ----------
        logits : torch.Tensor, shape (n, n_spots)
            Logits.
        spot : torch.Tensor, shape (n,), int64
            Spot j* of every row.
        """
        if self.inside is not None:
            within, beyond = self._masses(logits.softmax(dim=1), self.inside)
            return (within.log() - beyond.log()).squeeze(1)
        if self.scalar is Scalar.PROBABILITY:
            logits = logits.softmax(dim=1)
        elif self.scalar is Scalar.LOG_PROBABILITY:
            logits = logits.log_softmax(dim=1)
        return logits.gather(1, spot[:, None]).squeeze(1)

    @torch.no_grad()
    def slope(self, logits: torch.Tensor, spot: torch.Tensor) -> torch.Tensor:
        """Give dF / dl, shape (n, n_spots); the memory of `logits` is used for it."""
        p = torch.softmax(logits, dim=1, out=logits)
        if self.inside is not None:
            within, beyond = self._masses(p, self.inside)
            return p.mul_(self.inside / within - (1 - self.inside) / beyond)
        own = torch.ones_like(p[:, :1])
        if self.scalar is Scalar.PROBABILITY:
            own = p.gather(1, spot[:, None])
        return p.mul_(-own).scatter_add_(1, spot[:, None], own)

    @staticmethod
    def _masses(p: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mass in the region and beyond it, each (n, 1), bounded away from 0."""
        within, beyond = p @ inside, p @ (1 - inside)
        return within.clamp(min=LEAST)[:, None], beyond.clamp(min=LEAST)[:, None]
