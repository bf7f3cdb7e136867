"""Impute and annotate with trained sub-models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import RunResult
from napari_tessera.methods.stai.answers import (
    cell_weights,
    impute,
    mean_log_probability,
    strangeness,
)
from napari_tessera.methods.stai.calibrate import SPREAD_FLOOR
from napari_tessera.methods.stai.fit import TRIAL, Course, StaiFit, design
from napari_tessera.methods.stai.options import StaiOptions
from napari_tessera.methods.stai.prepare import all_logs, prepare
from napari_tessera.methods.stai.reliability import expected_pcc, panel_correlation
from napari_tessera.methods.stai.simple import simple_log_posterior
from napari_tessera.numerics.conformal import prediction_sets, upper_p
from napari_tessera.numerics.pooling import pool

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.methods.stai.prepare import StaiData
    from napari_tessera.methods.stai.training import SubModel


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Impute the shared and the further genes; annotate where the cells have types.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    data, members = restore_models(fitted, inputs)
    return RunResult(
        imputation=imputation(fitted, inputs, data, members),
        annotation=None if data.codes is None else annotation(fitted, inputs, members),
    )


def restore_models(fitted: Fitted, inputs: PairedData) -> tuple[StaiData, list[SubModel]]:
    """Make data and members ready to answer.

    Where training was finished during the trial, the trial is the only member.
    """
    values = fitted.state.values
    names = StaiOptions().to_json()
    options = StaiOptions.from_json({k: v for k, v in values.items() if k in names})
    data = prepare(inputs, options, torch.device(fitted.device))
    shared = StaiFit(data, options, design(data, options))
    networks = Course.restore(fitted.state).networks
    models = [shared.trained(i, n) for i, n in enumerate(networks)]
    return data, models[TRIAL + 1 :] or models


def imputation(
    fitted: Fitted, inputs: PairedData, data: StaiData, members: list[SubModel]
) -> Imputation:
    """Average of the members, with what to expect of every gene and how wide intervals are."""
    arrays = fitted.state.arrays
    logs = all_logs(inputs)
    weights = [cell_weights(m) for m in members]
    shape = (inputs.n_spots, logs.shape[1])
    mean, half_width = np.empty(shape, np.float32), np.empty(shape, np.float32)
    scale = gene_spreads(logs)
    for block in impute(weights, logs):
        mean[block.rows] = block.mean
        half_width[block.rows] = arrays["half_width"][0] * (block.spread + SPREAD_FLOOR * scale)
    r = panel_correlation(data.targets.cpu().numpy(), logs, data.genes)
    expected = expected_pcc(arrays["expected_line"], r)
    expected[data.genes[arrays["held_genes"]]] = arrays["held_pcc"]
    names = [inputs.cells.gene_names]
    if inputs.further is not None:
        names.append(inputs.further.gene_names)
    return Imputation(
        spot_names=inputs.spots.obs_names,
        gene_names=np.concatenate(names),
        values=mean,
        scale=ExpressionScale.LOG1P,
        half_width=half_width,
        expected_pcc=expected,
        measured=np.arange(logs.shape[1]) < inputs.n_genes,
        coverage=float(fitted.state.values["coverage"]),
    )


def gene_spreads(logs: sparse.csr_matrix) -> NDArray[np.float32]:
    """Compute the standard deviation of every gene over the cells, shape (n_genes,)."""
    mean = np.asarray(logs.mean(axis=0)).ravel()
    square = np.asarray(logs.multiply(logs).mean(axis=0)).ravel()
    return np.sqrt(np.maximum(square - mean**2, 0.0)).astype(np.float32)


def annotation(fitted: Fitted, inputs: PairedData, members: list[SubModel]) -> Annotation:
    """Mean probability of the members, the simple member's vote, sets and strangers."""
    arrays, values = dict(fitted.state.arrays), fitted.state.values
    embedded = [m.embed_spots() for m in members]
    experts = [mean_log_probability(members, embedded)]
    if "simple_weights" in arrays:
        experts.append(simple_log_posterior(arrays, members[0].data))
    probability = np.exp(pool(experts, arrays["say"]))
    signs = strangeness(members, embedded)
    scores = ((signs - arrays["sign_centre"]) / arrays["sign_spread"]).sum(axis=1)
    return Annotation(
        spot_names=inputs.spots.obs_names,
        types=np.asarray(values["types"], dtype=np.str_),
        probability=probability.astype(np.float32),
        prediction_set=prediction_sets(probability, arrays["thresholds"]),
        novelty_p=upper_p(scores, arrays["known_scores"]),
        coverage=float(values["coverage"]),
    )
