"""Impute and annotate with trained sub-models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import RunResult
from napari_tessera.methods.stai.answers import (
    imputed,
    mean_log_probability,
    pooled_weights,
    strangeness,
)
from napari_tessera.methods.stai.fit import TRIAL, Course, StaiFit, design
from napari_tessera.methods.stai.options import StaiOptions
from napari_tessera.methods.stai.prepare import prepare, sampled
from napari_tessera.methods.stai.reliability import expected_pcc, panel_correlation
from napari_tessera.methods.stai.simple import simple_log_posterior
from napari_tessera.numerics.conformal import prediction_sets, upper_p
from napari_tessera.numerics.gene_judging import in_units
from napari_tessera.numerics.gene_units import Units, Widths, expected_error
from napari_tessera.numerics.pooling import pool

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.methods.stai.prepare import StaiData
    from napari_tessera.methods.stai.training import SubModel


GENE_BLOCK = 500
"""Genes that are imputed at a time."""


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
    options = options_of(fitted)
    data = prepare(sampled(inputs, options), options, torch.device(fitted.device))
    shared = StaiFit(data, options, design(data, options))
    networks = Course.restore(fitted.state).networks
    models = [shared.trained(i, n) for i, n in enumerate(networks)]
    return data, models[TRIAL + 1 :] or models


def imputation(
    fitted: Fitted, inputs: PairedData, data: StaiData, members: list[SubModel]
) -> Imputation:
    """Average of the members in the tissue's scale, and what to expect of every gene."""
    arrays, panel, options = fitted.state.arrays, data.panel, options_of(fitted)
    names = np.concatenate([panel.genes, panel.wanted])
    expected = expected_pcc(
        arrays["expected_line"], panel_correlation(data.all_targets, panel.n_panel)
    )
    expected[arrays["held_genes"]] = arrays["held_pcc"]
    power, quantile = arrays["width_rule"].tolist()
    widths = Widths(
        edges=arrays["width_edges"], size=arrays["width_size"], power=power, quantile=quantile
    )
    weights, units = pooled_weights(members), Units.fit(panel)
    values = np.empty((inputs.n_spots, names.size), dtype=np.float32)
    half_width = np.empty_like(values)
    for start in range(0, names.size, GENE_BLOCK):
        genes = np.arange(start, min(start + GENE_BLOCK, names.size))
        z = imputed(weights, data.all_targets, genes)
        mean, sd = units.predict(panel, genes)
        pcc = expected[genes].astype(np.float64)
        values[:, genes] = in_units(panel, genes, z, (mean, sd, pcc), repair=options.repair)
        half_width[:, genes] = widths.half_width(z, expected_error(sd, pcc))
    return Imputation(
        spot_names=inputs.spots.obs_names,
        gene_names=names,
        values=values,
        scale=panel.scale,
        half_width=half_width,
        expected_pcc=expected,
        measured=np.isin(names, inputs.spots.gene_names),
        coverage=options.coverage,
    )


def options_of(fitted: Fitted) -> StaiOptions:
    """Options of the fit."""
    names = StaiOptions().to_json()
    return StaiOptions.from_json({k: v for k, v in fitted.state.values.items() if k in names})


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
