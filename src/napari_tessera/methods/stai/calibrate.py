"""What held-out genes and cells teach about the answers.

Calibration genes are hidden from a network's input only; its loss has seen them. A trial network
therefore keeps a further fold of genes out of input and loss: from it come the score, the expected
correlation of other genes and the width of intervals. A tenth of the cells is kept from all
networks: from these come the score of the annotation, say and temperature, the thresholds of sets
and the strangeness of known cells, all of the very average that is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_tessera.methods.stai.answers import (
    embed_rows,
    imputed,
    mean_log_probability,
    pooled_weights,
    strangeness,
)
from napari_tessera.methods.stai.reliability import (
    expected_pcc,
    fit_expected,
    panel_correlation,
)
from napari_tessera.numerics.conformal import set_thresholds
from napari_tessera.numerics.cross_fit import held_out_scores
from napari_tessera.numerics.gene_judging import in_units
from napari_tessera.numerics.gene_units import Units, Widths, expected_error
from napari_tessera.numerics.pooling import choose_weights, pool
from napari_tessera.numerics.scores import pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.stai.options import StaiOptions
    from napari_tessera.methods.stai.prepare import StaiData
    from napari_tessera.methods.stai.training import SubModel

Arrays = dict[str, "NDArray[Any]"]


def calibrate_genes(
    trial: SubModel, held: NDArray[np.int64], coverage: float
) -> tuple[Arrays, dict[str, float]]:
    """Scores of the held-out genes, the line to expect others by, and the width of intervals.

    Parameters
    ----------
    trial : SubModel
        Trained network.
    held : ndarray of int64
        Genes it never saw, as columns of the data.
    coverage : float
        Wanted coverage of the intervals.

    Returns
    -------
    arrays : dict
        ``held_genes``, ``held_pcc``, ``expected_line``, ``width_edges``, ``width_size``,
        ``width_rule`` (power and quantile).
    scores : dict
        ``held_out_pcc``.
    """
    data, panel = trial.data, trial.data.panel
    z = imputed(pooled_weights([trial]), data.all_targets, held)
    truth = panel.values(held).astype(np.float64)
    achieved = np.array([pearson(z[:, g], truth[:, g]) for g in range(held.size)])
    r = panel_correlation(data.all_targets, panel.n_panel)[held]
    line = fit_expected(achieved, r)
    expected = expected_pcc(line, r).astype(np.float64)
    mean, sd = Units.fit(panel).predict(panel, held)
    found = in_units(panel, held, z, (mean, sd, expected), repair=False)
    widths = Widths.fit(z, expected_error(sd, expected), np.abs(truth - found), coverage)
    arrays: Arrays = {
        "held_genes": held,
        "held_pcc": achieved.astype(np.float32),
        "expected_line": line,
        "width_edges": widths.edges,
        "width_size": widths.size,
        "width_rule": np.array([widths.power, widths.quantile]),
    }
    return arrays, {"held_out_pcc": float(achieved.mean())}


def calibrate_types(
    members: Sequence[SubModel],
    held: NDArray[np.int64],
    others: Sequence[NDArray[np.floating]],
    options: StaiOptions,
) -> tuple[Arrays, dict[str, float]]:
    """Say of networks and simple member, thresholds of sets, strangeness of known cells.

    The published form takes the average of the networks as it is.

    Parameters
    ----------
    members : sequence of SubModel
        Trained networks.
    held : ndarray of int64
        Cells that none of them saw.
    others : sequence of ndarray, each of shape (n_draws * n_held, n_types)
        Log probabilities of the simple member for `held_rows`.
    options : StaiOptions
        Options.

    Returns
    -------
    arrays : dict
        ``say``, ``thresholds``, ``sign_centre``, ``sign_spread``, ``known_scores``.
    scores : dict
        Accuracy, macro-F1 and log loss on held-out cells.
    """
    data = members[0].data
    if data.codes is None:
        return {}, {}
    rows = held_rows(data, held)
    codes = np.tile(data.codes.cpu().numpy()[held], len(data.cells))
    embedded = [embed_rows(m, rows) for m in members]
    experts = [mean_log_probability(members, embedded), *others]
    say = choose_weights(experts, codes) if options.improved else np.array([1.0])
    log_p = pool(experts, say)
    signs = strangeness(members, embedded)
    centre, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-9)
    arrays: Arrays = {
        "say": say,
        "thresholds": set_thresholds(np.exp(log_p), codes, options.coverage),
        "sign_centre": centre,
        "sign_spread": spread,
        "known_scores": ((signs - centre) / spread).sum(axis=1),
    }
    return arrays, held_out_scores(log_p, codes)


def held_rows(data: StaiData, held: NDArray[np.int64]) -> torch.Tensor:
    """Held-out cells in every draw, shape (n_draws * n_held, n_used)."""
    return torch.cat([x[torch.from_numpy(held).to(x.device)] for x in data.cells])
