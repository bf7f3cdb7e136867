"""How well a gene will be predicted, said before anybody has measured it.

A ridge regression from a few features of the gene to the correlation that measured genes reached
when they were held out. It knows what the reference knows; that the two assays disagree about a
gene it cannot know, and across platforms it is worth little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.numerics.imputers import gene_correlation, ridge_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.gene_panel import GenePanel

PENALTY = 3.0
"""Of the regression, in genes."""

PENALTIES = (0.3, 3.0)
"""Of the regressions within the reference."""

LARGEST = 0.98
"""Correlations are cut here before their hyperbolic arc tangent is taken."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the stack says of its own predictions.

    Parameters
    ----------
    spread : ndarray, shape (n_genes,), float64
        Standard deviation of the predictions before they are standardised, in units of the
        gene's spread over cells.
    agreement : ndarray, shape (n_genes,), float64
        Variance of the weighted mean of the standardised members: 1 where they agree.
    """

    spread: NDArray[np.float64]
    agreement: NDArray[np.float64]


def co_expression(
    cells: torch.Tensor, inputs: torch.Tensor, outputs: torch.Tensor
) -> NDArray[np.float64]:
    """How well the inputs determine the outputs in the reference, on cells that were left out.

    Within all cells a regression explains the more, the more genes it has; on the other half of
    the cells it does not, so that folds of different size can be compared.

    Parameters
    ----------
    cells : torch.Tensor, shape (n_cells, n_all)
        Standardised reference.
    inputs, outputs : torch.Tensor of int64
        Positions of genes.

    Returns
    -------
    ndarray, shape (n_outputs, 4), float64
        Correlation of ridge regressions with a weak and a strong penalty with the truth in the
        other half of the cells, mean of both halves; largest correlation with an input, mean of
        the five largest (absolute).
    """
    halves = [cells[start::2] for start in (0, 1)]
    own = [gene_correlation(half, inputs, inputs).double() for half in halves]
    across = [gene_correlation(half, inputs, outputs).double() for half in halves]
    power = [half[:, outputs].double().square().mean(dim=0) for half in halves]
    agreed = torch.zeros(len(PENALTIES), len(outputs), dtype=torch.float64, device=cells.device)
    for here, there in ((0, 1), (1, 0)):
        for number, penalty in enumerate(PENALTIES):
            weights = ridge_weights(own[here], across[here], penalty)
            spread = (weights * (own[there] @ weights)).sum(dim=0) * power[there]
            shared = (weights * across[there]).sum(dim=0)
            agreed[number] += shared / spread.clamp(min=1e-12).sqrt() / 2
    top = ((across[0] + across[1]) / 2).abs().topk(min(5, len(inputs)), dim=0).values
    return torch.stack([*agreed, top[0], top.mean(dim=0)], dim=1).cpu().numpy()


def features(
    panel: GenePanel,
    genes: NDArray[np.integer],
    related: NDArray[np.float64],
    evidence: Evidence,
) -> NDArray[np.float64]:
    """One row of features per gene.

    Parameters
    ----------
    panel : GenePanel
        Panel and wanted genes.
    genes : ndarray of int
        Positions among all genes.
    related : ndarray, shape (n_genes, 4)
        `co_expression` with the genes that the prediction was made from.
    evidence : Evidence
        Of the same genes.
    """
    own = [
        panel.detected[genes],
        np.log(panel.cell_mean[genes].clip(min=1e-4)),
        np.log(panel.cell_sd[genes].clip(min=1e-4)),
        np.log(evidence.spread.clip(min=1e-3)),
        evidence.agreement,
    ]
    return np.column_stack([related, *own]).astype(np.float64)


def to_line(pcc: NDArray[np.floating]) -> NDArray[np.float64]:
    """Correlations to the whole line."""
    return np.asarray(np.arctanh(np.clip(pcc, -LARGEST, LARGEST)), dtype=np.float64)
