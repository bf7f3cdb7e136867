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

    def order(self, n_spots: int) -> torch.Tensor:
        """Order of the spots in which `pull` wants them, shape (n_spots,): the region's first."""
        if self.inside is None:
            return torch.arange(n_spots)
        return torch.argsort(self.inside, descending=True, stable=True)

    @torch.no_grad()
    def pull(
        self, embedded: torch.Tensor, spots: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Give the gradient of F at embeddings u of cells; their logits are ``spots @ u``.

        Parameters
        ----------
        embedded : torch.Tensor, shape (n, n_dims)
            The embeddings.
        spots : torch.Tensor, shape (n_spots, n_dims)
            Embeddings of the spots in `order`, times the inverse temperature.
        target : torch.Tensor, shape (n,), int64
            Spot j* of every row; a region needs none.

        Returns
        -------
        torch.Tensor, shape (n, n_dims)
        """
        if self.scalar is Scalar.LOGIT:
            return spots[target]
        p = embedded @ spots.T
        torch.softmax(p, dim=1, out=p)
        if self.inside is not None:
            n = int(self.inside.count_nonzero())
            within, beyond = p[:, :n], p[:, n:]
            mass = [side.sum(dim=1, keepdim=True).clamp_(min=LEAST) for side in (within, beyond)]
            return (within @ spots[:n]).div_(mass[0]).sub_((beyond @ spots[n:]).div_(mass[1]))
        found = spots[target].sub_(p @ spots)
        if self.scalar is Scalar.PROBABILITY:
            found.mul_(p.gather(1, target[:, None]))
        return found

    @staticmethod
    def _masses(p: torch.Tensor, inside: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mass in the region and beyond it, each (n, 1), bounded away from 0."""
        within, beyond = p @ inside, p @ (1 - inside)
        return within.clamp(min=LEAST)[:, None], beyond.clamp(min=LEAST)[:, None]
