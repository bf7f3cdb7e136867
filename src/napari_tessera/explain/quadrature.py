"""Where on a straight path the gradient is taken, and what each place weighs.

Networks that normalise their first layer see only the direction of its output. That turns quickly
where the path passes the origin, which is near its start, and hardly afterwards; nodes spread
evenly over the *angle* that it turns through therefore meet about as many kinks each, and fewer
are needed. With b the begin and s the step, both less their mean, the path comes nearest to the
origin at a = -p with p = <b, s> / |s|^2, at the distance q |s|; the angle there is
atan((a + p) / q), so a = q tan(angle) - p.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.explain.options import Spacing

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAREST, FARTHEST = 1e-3, 1e3
"""Bounds of q: a path through the origin, and one that hardly turns."""


def quadrature(
    begins: Sequence[torch.Tensor], steps: Sequence[torch.Tensor], n_nodes: int, spacing: Spacing
) -> tuple[torch.Tensor, torch.Tensor]:
    """Nodes in 0 to 1 and their weights, both (n, n_nodes), float32.

    Parameters
    ----------
    begins : sequence of torch.Tensor, each (width,)
        Output of the first layer where paths begin, per network.
    steps : sequence of torch.Tensor, each (n, width)
        From there to where they end.
    n_nodes : int
        How many nodes.
    spacing : Spacing
        Gauss-Legendre in the path's parameter, or in the angle.
    """
    legendre = np.polynomial.legendre.leggauss(n_nodes)
    t, weights = (torch.from_numpy(v / 2).to(steps[0].device) for v in legendre)
    t, weights = (v.expand(len(steps[0]), -1) for v in (t + 0.5, weights))
    if spacing is Spacing.ANGLE:
        turns = [_turn(begin, step) for begin, step in zip(begins, steps, strict=True)]
        p, q = (torch.stack(part).mean(dim=0)[:, None] for part in zip(*turns, strict=True))
        low = torch.atan(p / q)
        span = torch.atan((1 + p) / q) - low
        tangent = torch.tan(low + t * span)
        t, weights = q * tangent - p, weights * span * q * (1 + tangent.square())
    return t.float(), weights.float()


def _turn(begin: torch.Tensor, step: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where paths come nearest to the origin, p, and how near, q; each (n,), float64."""
    begin, step = begin.double(), step.double()
    begin, step = begin - begin.mean(), step - step.mean(dim=1, keepdim=True)
    far = step.square().sum(dim=1).clamp(min=1e-12)
    p = (step @ begin) / far
    q = ((begin @ begin) / far - p.square()).clamp(min=0).sqrt()
    return p, q.clamp(NEAREST, FARTHEST)
