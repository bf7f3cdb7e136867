"""Logistic regression on the reference thinned to the tissue's depth gene by gene.

Every molecule of gene g of a reference cell is kept with ``q_g = min(1, mean over spots / mean over
cells)``; four such copies, ``log(1 + x)``, z-scores on each side alone, multinomial regression. The
penalty, the sets and the novelty p-value come from held-out thinned cells.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.state import State
from napari_tessera.numerics.conformal import prediction_sets, set_thresholds, upper_p
from napari_tessera.numerics.cross_fit import (
    HeldOutCells,
    cross_fit,
    final_fit,
    held_out_scores,
    informative_genes,
)
from napari_tessera.numerics.labels import reference_types, stratified_folds
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import (
    SoftmaxModel,
    ThinnedCells,
    energy,
    log_posterior,
)
from napari_tessera.numerics.thinning import Transform, features, kept_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.baselines.annotation import AnnotationBaselineOptions

N_FOLDS = 3
"""Folds of held-out reference cells."""


def fit(inputs: PairedData, options: AnnotationBaselineOptions, monitor: Monitor) -> Fitted:
    """Thin, choose the penalty on held-out cells, fit to all.

    Parameters
    ----------
    inputs : PairedData
        Counts of cells and spots, and the cells' types.
    options : AnnotationBaselineOptions
        Options.
    monitor : Monitor
        Is told of progress.

    Returns
    -------
    Fitted
        Weights, thresholds of the sets, energies of held-out cells; held-out scores.

    Raises
    ------
    InputError
        If the cells have no types.
    """
    start = time.monotonic()
    types, codes = reference_types(inputs)
    genes = informative_genes(inputs.cells.values, codes, options.n_genes)
    counts, spots = inputs.cells.values[:, genes], inputs.spots.values[:, genes]
    cells = ThinnedCells(
        counts=counts, codes=codes, n_types=types.size, shares=kept_shares(counts, spots)
    )
    rng = rng_for(options.seed, 1)
    held = HeldOutCells(counts=cells.thinned(rng), folds=stratified_folds(codes, N_FOLDS, rng))
    found = cross_fit(cells, held, Transform.LOG, options.seed)
    model = final_fit(cells, Transform.LOG, found.penalty, options.seed)
    verdict = monitor.report(
        Progress(
            stage="fitting", step=1, n_steps=1, elapsed_s=time.monotonic() - start, fraction=1.0
        )
    )
    arrays: dict[str, NDArray[Any]] = {
        "genes": genes,
        "weights": model.weights,
        "bias": model.bias,
        "thresholds": set_thresholds(np.exp(found.log_p), codes, options.coverage),
        "known_energy": found.energy,
    }
    values = {"types": types.tolist(), "coverage": options.coverage, "penalty": found.penalty}
    return Fitted(
        state=State(arrays=arrays, values=values),
        ending="finished early" if verdict is Verdict.FINISH else "complete",
        scores=held_out_scores(found.log_p, codes),
    )


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Name the type of every spot.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    arrays, values = fitted.state.arrays, fitted.state.values
    model = SoftmaxModel(weights=arrays["weights"], bias=arrays["bias"])
    x = features(inputs.spots.values[:, arrays["genes"]], Transform.LOG)
    probability = np.exp(log_posterior(model, x))
    annotation = Annotation(
        spot_names=inputs.spots.obs_names,
        types=np.asarray(values["types"], dtype=np.str_),
        probability=probability.astype(np.float32),
        prediction_set=prediction_sets(probability, arrays["thresholds"]),
        novelty_p=upper_p(energy(model, x), arrays["known_energy"]),
        coverage=float(values["coverage"]),
    )
    return RunResult(annotation=annotation)
