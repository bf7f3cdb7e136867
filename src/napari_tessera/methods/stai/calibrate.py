"""What one trial network, which never saw a fold of genes and of cells, teaches about the answers.

Calibration genes are hidden from a network's input only; its loss has seen them. The trial keeps a
further fold of genes out of input and loss, and a fold of cells out of everything. From the genes
come the score, the expected correlation of others and the width of intervals; from the cells the
score, the temperature, the thresholds of sets and the known strangeness.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import log_softmax

from napari_tessera.methods.stai.answers import (
    cell_logits,
    cell_weights,
    impute,
    strangeness,
)
from napari_tessera.methods.stai.reliability import fit_expected
from napari_tessera.numerics.conformal import set_thresholds
from napari_tessera.numerics.cross_fit import held_out_scores
from napari_tessera.numerics.pooling import choose_weights, pool
from napari_tessera.numerics.scores import pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.stai.prepare import StaiData
    from napari_tessera.methods.stai.training import SubModel

SPREAD_FLOOR = 0.1
"""Share of a gene's spread in the reference that is added to the spread of an imputed value."""

Arrays = dict[str, "NDArray[Any]"]


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trained network, and what it never saw.

    Parameters
    ----------
    model : SubModel
        The network, with the cells it was trained on.
    data : StaiData
        All cells.
    held_cells : ndarray of int64
        Cells it never saw.
    held_genes : ndarray of int64
        Genes it never saw, as columns of the data.
    """

    model: SubModel
    data: StaiData
    held_cells: NDArray[np.int64]
    held_genes: NDArray[np.int64]


def calibrate_genes(
    trial: Trial, reference_r: NDArray[np.floating], coverage: float
) -> tuple[Arrays, dict[str, float]]:
    """Scores of the held-out genes, the line to expect others by, and the width of intervals.

    Parameters
    ----------
    trial : Trial
        Network and what it never saw.
    reference_r : ndarray, shape (n_used,)
        Correlation of every used gene with its panel in the reference.
    coverage : float
        Wanted coverage of the intervals.

    Returns
    -------
    arrays : dict
        ``held_genes``, ``held_pcc``, ``expected_line`` and ``half_width`` (in spreads).
    scores : dict
        ``held_out_pcc``.
    """
    from scipy import sparse

    genes = trial.held_genes
    targets = sparse.csr_matrix(trial.model.data.targets[:, genes].cpu().numpy())
    truth = trial.data.spots[:, genes].cpu().numpy()
    blocks = list(impute([cell_weights(trial.model)], targets))
    mean, spread = (np.concatenate([getattr(b, n) for b in blocks]) for n in ("mean", "spread"))
    achieved = np.array([pearson(mean[:, g], truth[:, g]) for g in range(genes.size)])
    ratio = np.abs(truth - mean) / (spread + SPREAD_FLOOR)
    arrays: Arrays = {
        "held_genes": genes,
        "held_pcc": achieved.astype(np.float32),
        "expected_line": fit_expected(achieved, reference_r[genes]),
        "half_width": np.array([np.quantile(ratio, coverage)]),
    }
    return arrays, {"held_out_pcc": float(achieved.mean())}


def calibrate_types(
    trial: Trial, others: Sequence[NDArray[np.floating]], coverage: float, *, tempered: bool
) -> tuple[Arrays, dict[str, float]]:
    """Say of network and simple members, thresholds of sets, and strangeness of known cells.

    Parameters
    ----------
    trial : Trial
        Network and what it never saw.
    others : sequence of ndarray, each of shape (n_held, n_types)
        Log probabilities of further members for the held-out cells.
    coverage : float
        Wanted coverage of the sets.
    tempered : bool
        Whether say and temperature are fitted; the published form takes the network as it is.

    Returns
    -------
    arrays : dict
        ``say``, ``thresholds``, ``sign_centre``, ``sign_spread``, ``known_scores``.
    scores : dict
        Accuracy, macro-F1 and log loss on held-out cells.
    """
    if trial.data.codes is None:
        return {}, {}
    device = trial.data.spots.device
    held = torch.from_numpy(trial.held_cells).to(device)
    cells, codes = trial.data.cells[0][held], trial.data.codes[held].cpu().numpy()
    log_p = log_softmax(cell_logits(trial.model, cells), axis=1)
    experts = [log_p, *others]
    say = choose_weights(experts, codes) if tempered else np.array([1.0])
    pooled = pool(experts, say)
    inputs = torch.from_numpy(trial.model.panel.inputs).to(device)
    with torch.no_grad():
        z = trial.model.net.cells(cells[:, inputs])
    signs = strangeness(trial.model, z)
    centre, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-9)
    arrays: Arrays = {
        "say": say,
        "thresholds": set_thresholds(np.exp(pooled), codes, coverage),
        "sign_centre": centre,
        "sign_spread": spread,
        "known_scores": ((signs - centre) / spread).sum(axis=1),
    }
    return arrays, held_out_scores(pooled, codes)
