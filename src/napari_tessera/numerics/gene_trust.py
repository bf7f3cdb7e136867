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

from napari_tessera.numerics.imputers import gene_correlation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.gene_panel import GenePanel

PENALTY = 3.0
"""Of the regression, in genes."""

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
    """How well the inputs determine the outputs in the reference.

    Parameters
    ----------
    cells : torch.Tensor, shape (n_cells, n_all)
        Standardised reference.
    inputs, outputs : torch.Tensor of int64
        Positions of genes.

    Returns
    -------
    ndarray, shape (n_outputs, 4), float64
        Share of the variance that ridge regressions with a weak and a strong penalty explain,
        largest correlation, mean of the five largest (absolute).
    """
    own = gene_correlation(cells, inputs, inputs).double()
    across = gene_correlation(cells, inputs, outputs).double()
    values, vectors = torch.linalg.eigh(own)
    turned = (vectors.T @ across).square()
    shares = [
        (turned / (values.clamp(min=0) + penalty)[:, None]).sum(dim=0) for penalty in (0.3, 3.0)
    ]
    top = across.abs().topk(min(5, len(inputs)), dim=0).values
    return torch.stack([*shares, top[0], top.mean(dim=0)], dim=1).cpu().numpy()


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
