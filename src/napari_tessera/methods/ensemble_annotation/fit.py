"""Annotation by several experts, calibrated on reference cells thinned to the tissue.

``log p(c | x) = sum_e w_e log p_e(c | x) + const`` over the experts

=========================  ====================================================================
expert                     what it is
=========================  ====================================================================
regression on log counts   `numerics.softmax_regression`, reference thinned gene by gene
regression on root shares  the same on square roots of shares: blind to the depth of a cell
network                    one hidden layer on both (`network`)
counts model               negative-binomial naive Bayes over sub-clusters (`negative_binomial`)
=========================  ====================================================================

The weights minimise the log loss on held-out thinned cells, so they are a temperature as well, and
a model whose likelihood is wrong for the data is weighed down. `predict` adds what the
neighbourhood says (`context`). Thresholds of sets and scores of strangers (`novelty`) come from the
same held-out cells.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.ensemble_annotation.negative_binomial import (
    SubClusters,
    fit_sub_clusters,
    judge,
)
from napari_tessera.methods.ensemble_annotation.network import fit_network
from napari_tessera.methods.ensemble_annotation.novelty import gain_weight, unexplained
from napari_tessera.numerics.conformal import set_thresholds
from napari_tessera.numerics.cross_fit import (
    CrossFit,
    HeldOutCells,
    cross_fit,
    final_fit,
    held_out_scores,
    informative_genes,
)
from napari_tessera.numerics.labels import reference_types, stratified_folds
from napari_tessera.numerics.pooling import choose_weights, pool
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import ThinnedCells
from napari_tessera.numerics.thinning import Transform, kept_shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.ensemble_annotation.options import EnsembleAnnotationOptions

N_FOLDS = 3
"""Folds of held-out reference cells; the same as the baseline's."""

TRANSFORMS = (Transform.LOG, Transform.ROOT)
"""What the two regressions see."""

STAGES = (*(f"regression on {t}" for t in TRANSFORMS), "network", "counts model", "fitting")
"""Stages that are reported."""

Arrays = dict[str, "NDArray[Any]"]


@dataclasses.dataclass(frozen=True)
class _Learning:
    """The reference as the experts see it."""

    cells: ThinnedCells
    held: HeldOutCells
    options: EnsembleAnnotationOptions

    def sub_clusters(self, rows: NDArray[np.integer]) -> SubClusters:
        """Fit the counts model to some cells."""
        part = self.cells.take(rows)
        options = self.options
        return fit_sub_clusters(
            part.counts, part.codes, part.n_types, options.sub_clusters, options.seed
        )

    def held_out_counts_model(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log posterior and evidence of held-out cells under models that did not see them."""
        n_cells = self.cells.codes.size
        log_p, evidence = np.empty((n_cells, self.cells.n_types)), np.empty(n_cells)
        for fold in range(self.held.n_folds):
            out = np.flatnonzero(self.held.folds == fold)
            model = self.sub_clusters(np.flatnonzero(self.held.folds != fold))
            log_p[out], evidence[out] = judge(self.held.counts[out], model)
        return log_p, evidence


def fit(inputs: PairedData, options: EnsembleAnnotationOptions, monitor: Monitor) -> Fitted:
    """Fit the experts and weigh them on held-out thinned cells.

    Parameters
    ----------
    inputs : PairedData
        Counts of cells and spots, and the cells' types.
    options : EnsembleAnnotationOptions
        Options.
    monitor : Monitor
        Is told of progress.

    Returns
    -------
    Fitted
        Experts, weights, thresholds, scores of known cells; held-out scores.

    Raises
    ------
    InputError
        If the cells have no types.
    """
    report = _reporter(monitor)
    types, codes = reference_types(inputs)
    genes = informative_genes(inputs.cells.values, codes, options.n_genes)
    learning = _prepare(inputs, codes, genes, options)
    found: list[CrossFit] = []
    for transform in TRANSFORMS:
        found.append(cross_fit(learning.cells, learning.held, transform, options.seed))
        report()
    network = fit_network(learning.cells, learning.held, options.seed, lambda: report(0))
    report()
    counts_log_p, evidence = learning.held_out_counts_model()
    report()
    experts = [*(f.log_p for f in found), network.log_p, counts_log_p]
    weights = choose_weights(experts, codes)
    log_p = pool(experts, weights)
    parts, counts_model = _final_parts(learning, [f.penalty for f in found])
    parts["network"] = State(arrays=vars(network.network))
    dispersion = counts_model.dispersion
    gain = unexplained(learning.held.counts, evidence, dispersion, options.seed)
    report()
    arrays: Arrays = {
        "genes": genes,
        "weights": weights,
        "prior": np.bincount(codes) / codes.size,
        "thresholds": set_thresholds(np.exp(log_p), codes, options.coverage),
        "known_codes": log_p.argmax(axis=1),
        **_known_scores(np.stack([found[-1].energy, gain], axis=1), gain_weight(weights)),
    }
    values = {"types": types.tolist(), **options.to_json()}
    state = State(arrays={**join_states(parts).arrays, **arrays}, values=values)
    return Fitted(state=state, scores=held_out_scores(log_p, codes))


def _reporter(monitor: Monitor) -> Callable[..., None]:
    """Give a function that tells of one more stage, or with 0 that it is still at work."""
    start, step, n = time.monotonic(), 0, len(STAGES)

    def report(done: int = 1) -> None:
        nonlocal step
        step += done
        stage, passed = STAGES[min(step - done, n - 1)], time.monotonic() - start
        monitor.report(
            Progress(stage=stage, step=step, n_steps=n, elapsed_s=passed, fraction=step / n)
        )

    return report


def _prepare(
    inputs: PairedData,
    codes: NDArray[np.int64],
    genes: NDArray[np.int64],
    options: EnsembleAnnotationOptions,
) -> _Learning:
    """Thin the reference once to hold out; deal the folds."""
    counts, spots = inputs.cells.values[:, genes], inputs.spots.values[:, genes]
    n_types = int(codes.max()) + 1
    cells = ThinnedCells(
        counts=counts, codes=codes, n_types=n_types, shares=kept_shares(counts, spots)
    )
    rng = rng_for(options.seed, 1)
    held = HeldOutCells(counts=cells.thinned(rng), folds=stratified_folds(codes, N_FOLDS, rng))
    return _Learning(cells, held, options)


def _final_parts(
    learning: _Learning, penalties: list[float]
) -> tuple[dict[str, State], SubClusters]:
    """Experts fitted to all cells, packed; the counts model also as it is."""
    parts = {}
    for transform, penalty in zip(TRANSFORMS, penalties, strict=True):
        model = final_fit(learning.cells, transform, penalty, learning.options.seed)
        parts[transform.name] = State(arrays=vars(model))
    counts_model = learning.sub_clusters(np.arange(learning.cells.codes.size))
    arrays = {name: a for name, a in vars(counts_model).items() if name != "n_types"}
    parts["counts"] = State(arrays=arrays)
    return parts, counts_model


def _known_scores(signs: NDArray[np.float64], weight: float) -> Arrays:
    """Scale of the two signs of a stranger, and the scores of known cells."""
    centre, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-9)
    scale = np.array([1.0, weight]) / spread
    return {"sign_centre": centre, "sign_scale": scale, "known_scores": (signs - centre) @ scale}
