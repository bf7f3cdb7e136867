"""Annotation by several experts, calibrated on reference cells thinned to the tissue.

``log p(c | x) = sum_e w_e log p_e(c | x) + const`` over the experts

=========================  ====================================================================
expert                     what it is
=========================  ====================================================================
regression on log counts   `numerics.softmax_regression`, reference thinned gene by gene
regression on root shares  the same on square roots of shares: blind to the depth of a cell
counts model               negative-binomial naive Bayes over sub-clusters (`negative_binomial`)
=========================  ====================================================================

The weights minimise the log loss on held-out thinned cells, so they are a temperature as well, and
a model whose likelihood is wrong for the data is weighed down. `predict` adds what the
neighbourhood says (`context`). Thresholds of sets and scores of strangers come from the same
held-out cells.
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
    type_log_posterior,
)
from napari_tessera.methods.ensemble_annotation.novelty import stranger_scores
from napari_tessera.methods.ensemble_annotation.pooling import choose_weights, pool
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
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import ThinnedCells
from napari_tessera.numerics.thinning import Transform, kept_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.ensemble_annotation.options import EnsembleAnnotationOptions

N_FOLDS = 3
"""Folds of held-out reference cells; the same as the baseline's."""

TRANSFORMS = (Transform.LOG, Transform.ROOT)
"""What the two regressions see."""

N_STAGES = len(TRANSFORMS) + 2
"""Stages that are reported."""


@dataclasses.dataclass(frozen=True)
class _Learning:
    """The reference as the experts see it."""

    cells: ThinnedCells
    held: HeldOutCells
    options: EnsembleAnnotationOptions

    def sub_clusters(self, rows: NDArray[np.integer]) -> SubClusters:
        """Counts model of some cells."""
        part = self.cells.take(rows)
        options = self.options
        return fit_sub_clusters(
            part.counts, part.codes, part.n_types, options.sub_clusters, options.seed
        )

    def held_out_counts_model(self) -> NDArray[np.float64]:
        """Log posterior of held-out cells under counts models that did not see them."""
        found = np.empty((self.cells.codes.size, self.cells.n_types))
        for fold in range(self.held.n_folds):
            out = np.flatnonzero(self.held.folds == fold)
            model = self.sub_clusters(np.flatnonzero(self.held.folds != fold))
            found[out] = type_log_posterior(self.held.counts[out], model)
        return found


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
    start = time.monotonic()

    def report(stage: str, step: int) -> None:
        passed, fraction = time.monotonic() - start, step / N_STAGES
        monitor.report(
            Progress(stage=stage, step=step, n_steps=N_STAGES, elapsed_s=passed, fraction=fraction)
        )

    types, codes = reference_types(inputs)
    genes = informative_genes(inputs.cells.values, codes, options.n_genes)
    learning = _prepare(inputs, codes, genes, options)
    found: list[CrossFit] = []
    for step, transform in enumerate(TRANSFORMS):
        found.append(cross_fit(learning.cells, learning.held, transform, options.seed))
        report("choosing penalties", step + 1)
    experts = [*(f.log_p for f in found), learning.held_out_counts_model()]
    report("counts model", len(TRANSFORMS) + 1)
    weights = choose_weights(experts, codes)
    parts = _final_parts(learning, [f.penalty for f in found])
    calibration, scores = _calibrate(pool(experts, weights), found, codes, options)
    report("fitting", N_STAGES)
    arrays = {"genes": genes, "weights": weights, "prior": _shares(codes), **calibration}
    values = {
        "types": types.tolist(),
        "coverage": options.coverage,
        "context": options.context,
        "correct_prior": options.correct_prior,
        "seed": options.seed,
    }
    joined = join_states(parts)
    state = State(arrays={**joined.arrays, **arrays}, values=values)
    return Fitted(state=state, scores=scores)


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


def _final_parts(learning: _Learning, penalties: list[float]) -> dict[str, State]:
    """Experts fitted to all cells, packed."""
    parts = {}
    for transform, penalty in zip(TRANSFORMS, penalties, strict=True):
        model = final_fit(learning.cells, transform, penalty, learning.options.seed)
        parts[transform.name] = State(arrays=vars(model))
    counts_model = vars(learning.sub_clusters(np.arange(learning.cells.codes.size))).copy()
    counts_model.pop("n_types")
    parts["counts"] = State(arrays=counts_model)
    return parts


def _shares(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of every type in the reference."""
    return np.bincount(codes) / codes.size


def _calibrate(
    log_p: NDArray[np.float64],
    found: list[CrossFit],
    codes: NDArray[np.int64],
    options: EnsembleAnnotationOptions,
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """Thresholds, scores of known cells and how they are scaled; and the held-out scores."""
    energies = np.stack([f.energy for f in found], axis=1)
    centre, spread = energies.mean(axis=0), np.maximum(energies.std(axis=0), 1e-9)
    arrays = {
        "thresholds": set_thresholds(np.exp(log_p), codes, options.coverage),
        "energy_centre": centre,
        "energy_spread": spread,
        "known_scores": stranger_scores(log_p, (energies - centre) / spread),
        "known_codes": log_p.argmax(axis=1),
    }
    return arrays, held_out_scores(log_p, codes)
