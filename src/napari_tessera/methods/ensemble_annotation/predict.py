"""Name the type of every spot with fitted experts, and with the neighbourhood where it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.results import RunResult
from napari_tessera.methods.ensemble_annotation.context import (
    find_neighbours,
    neighbourhood_context,
)
from napari_tessera.methods.ensemble_annotation.fit import TRANSFORMS
from napari_tessera.methods.ensemble_annotation.negative_binomial import SubClusters, judge
from napari_tessera.methods.ensemble_annotation.network import TypeNetwork
from napari_tessera.methods.ensemble_annotation.novelty import (
    averaged,
    averaged_known,
    unexplained,
)
from napari_tessera.numerics.conformal import prediction_sets, upper_p
from napari_tessera.numerics.pooling import correct_prior, pool
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.softmax_regression import SoftmaxModel, energy, log_posterior
from napari_tessera.numerics.thinning import Transform, features

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.state import State


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Annotate every spot.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    state = fitted.state
    arrays, values = state.arrays, state.values
    spots = inputs.spots.values[:, arrays["genes"]]
    log_p, scores = expert_answers(state, spots)
    if values["correct_prior"]:
        log_p = correct_prior(log_p, arrays["prior"])
    known = arrays["known_scores"]
    neighbours = find_neighbours(inputs.spot_xy, inputs.sample)
    strength, seed = float(values["context"]), int(values["seed"])
    if neighbours is not None and strength > 0:
        x = features(spots, Transform.ROOT)
        around = neighbourhood_context(log_p, x, neighbours, seed)
        log_p = around.apply(log_p, strength)
        scores = averaged(scores, neighbours, around.gate)
        known = averaged_known(known, arrays["known_codes"], around.gate, rng_for(seed, 60))
    probability = np.exp(log_p)
    annotation = Annotation(
        spot_names=inputs.spots.obs_names,
        types=np.asarray(values["types"], dtype=np.str_),
        probability=probability.astype(np.float32),
        prediction_set=prediction_sets(probability, arrays["thresholds"]),
        novelty_p=upper_p(scores, known),
        coverage=float(values["coverage"]),
    )
    return RunResult(annotation=annotation)


def expert_answers(
    state: State, spots: sparse.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pooled log probabilities, and how much every cell looks like a stranger.

    Parameters
    ----------
    state : State
        Fitted experts.
    spots : csr_matrix, shape (n_spots, n_genes)
        Counts of the genes that were fitted.

    Returns
    -------
    log_p : ndarray, shape (n_spots, n_types), float64
        Pooled log probabilities.
    scores : ndarray, shape (n_spots,), float64
        Sum of both signs, each standardised on held-out known cells.
    """
    arrays = state.arrays
    experts = [log_posterior(_regression(state, t.name), features(spots, t)) for t in TRANSFORMS]
    experts.append(TypeNetwork(**state.part("network").arrays).log_posterior(spots))
    counts_model = SubClusters(n_types=len(arrays["prior"]), **state.part("counts").arrays)
    counts_log_p, evidence = judge(spots, counts_model)
    experts.append(counts_log_p)
    x = features(spots, Transform.ROOT)
    seed = int(state.values["seed"])
    signs = np.stack(
        [
            energy(_regression(state, Transform.ROOT.name), x),
            unexplained(spots, evidence, counts_model.dispersion, seed),
        ],
        axis=1,
    )
    scores = (signs - arrays["sign_centre"]) @ arrays["sign_scale"]
    return pool(experts, arrays["weights"]), scores


def _regression(state: State, name: str) -> SoftmaxModel:
    """One fitted regression."""
    part = state.part(name).arrays
    return SoftmaxModel(weights=part["weights"], bias=part["bias"])
