"""Name the type of every spot with fitted experts, and with the neighbourhood where it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.results import RunResult
from napari_tessera.methods.ensemble_annotation.context import (
    Context,
    find_neighbours,
    neighbourhood_context,
)
from napari_tessera.methods.ensemble_annotation.fit import TRANSFORMS
from napari_tessera.methods.ensemble_annotation.negative_binomial import (
    SubClusters,
    type_log_posterior,
)
from napari_tessera.methods.ensemble_annotation.novelty import (
    averaged,
    averaged_known,
    stranger_scores,
)
from napari_tessera.methods.ensemble_annotation.pooling import correct_prior, pool
from napari_tessera.numerics.conformal import prediction_sets, upper_p
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
    log_p, energies = expert_answers(state, spots)
    if values["correct_prior"]:
        log_p = correct_prior(log_p, arrays["prior"])
    scores, known = stranger_scores(log_p, energies), arrays["known_scores"]
    neighbours = find_neighbours(inputs.spot_xy, inputs.sample)
    strength = float(values["context"])
    if neighbours is not None and strength > 0:
        around = _context(log_p, spots, neighbours, int(values["seed"]))
        log_p = around.apply(log_p, strength)
        rng = rng_for(int(values["seed"]), 60)
        scores = averaged(scores, neighbours, around.gate)
        known = averaged_known(known, arrays["known_codes"], around.gate, rng)
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
    """Pooled log probabilities, and the regressions' standardised energies.

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
    energies : ndarray, shape (n_spots, n_regressions), float64
        Energies.
    """
    arrays = state.arrays
    experts, energies = [], []
    for transform in TRANSFORMS:
        part = state.part(transform.name).arrays
        model = SoftmaxModel(weights=part["weights"], bias=part["bias"])
        x = features(spots, transform)
        experts.append(log_posterior(model, x))
        energies.append(energy(model, x))
    counts_model = SubClusters(n_types=len(arrays["prior"]), **state.part("counts").arrays)
    experts.append(type_log_posterior(spots, counts_model))
    scaled = (np.stack(energies, axis=1) - arrays["energy_centre"]) / arrays["energy_spread"]
    return pool(experts, arrays["weights"]), scaled


def _context(
    log_p: NDArray[np.float64],
    spots: sparse.csr_matrix,
    neighbours: NDArray[np.int64],
    seed: int,
) -> Context:
    """What the neighbourhood says."""
    return neighbourhood_context(log_p, features(spots, Transform.LOG), neighbours, seed)
