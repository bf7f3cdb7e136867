"""Training-free multinomial map between cells and spots; see `numerics.multinomial`.

The temperature is chosen on held-out spots thinned to the depth of cells. Cells are placed at the
geometric median of their row; spots are composed by a few steps of counts
expectation-maximisation that start from the map.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.contract.results import Composition, Placement, RunResult
from napari_tessera.contract.state import State
from napari_tessera.numerics.calibration import calibrate, radii
from napari_tessera.numerics.composing import composition, counts_em
from napari_tessera.numerics.counts import platform_factors, spots_as_cells
from napari_tessera.numerics.held_out import hold_out
from napari_tessera.numerics.multinomial import (
    MapRecipe,
    choose_temperature,
    multinomial_map,
    weighted_log_profiles,
)
from napari_tessera.numerics.presence import type_evidence
from napari_tessera.numerics.pure_cells import single_cells
from napari_tessera.numerics.purifying import parts_by
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.baselines.options import BaselineOptions
    from napari_tessera.numerics.cell_map import CellMap


def recipe_of(options: BaselineOptions) -> MapRecipe:
    """Take from the options what makes the map."""
    return MapRecipe(
        temperature=options.temperature,
        smoothing=options.smoothing,
        pseudo_counts=options.pseudo_counts,
        gene_weight_power=options.gene_weight_power,
        match_platform=options.match_platform,
        seed=options.seed,
    )


def fit(inputs: PairedData, options: BaselineOptions, monitor: Monitor) -> Fitted:
    """Prepare the spots' profiles and choose the temperature.

    Parameters
    ----------
    inputs : PairedData
        Counts of cells and spots.
    options : BaselineOptions
        Options.
    monitor : Monitor
        Is shown the placement and told of progress.

    Returns
    -------
    Fitted
        ``log_profiles`` (n_genes, n_spots) with the gene weights in it, ``temperature``.
    """
    start = time.monotonic()
    device = pick_device(options.device)
    recipe = recipe_of(options)
    chosen, scores = choose_temperature(inputs, recipe, device)
    log_profiles = weighted_log_profiles(inputs, recipe)
    first = multinomial_map(inputs.cells.values, log_profiles, chosen, device)
    here = first.within_sections(inputs.sample)
    monitor.preview(lambda: here.place(inputs.spot_xy, inputs.pitch))
    at_chosen = dataclasses.replace(recipe, temperature=chosen)
    state = State(
        arrays={"log_profiles": log_profiles},
        values={
            "temperature": chosen,
            "match_platform": options.match_platform,
            "seed": options.seed,
            "credible": _credible(inputs, at_chosen, first, device),
        },
    )
    verdict = monitor.report(
        Progress(stage="training-free map", step=1, n_steps=1, elapsed_s=time.monotonic() - start)
    )
    return Fitted(
        state=state,
        device=str(device),
        ending="finished early" if verdict is Verdict.FINISH else "complete",
        scores=scores,
    )


def _credible(
    inputs: PairedData, recipe: MapRecipe, whole_map: CellMap, device: torch.device
) -> dict[str, float] | None:
    """Calibrate the discs on single pseudo-cells of held-out spots; None where there are none."""
    split = hold_out(inputs, recipe.seed, match_platform=recipe.match_platform)
    if split is None or recipe.temperature is None:
        return None
    genes = np.arange(inputs.n_genes)
    parts = parts_by(whole_map.kept(), inputs, genes, recipe.seed)
    factors = np.ones(genes.size)
    if recipe.match_platform:
        factors = platform_factors(split.inputs.spots.values, split.inputs.cells.values)
    counts, xy = single_cells(inputs, split, parts, factors, recipe.seed)
    profiles = weighted_log_profiles(split.inputs, recipe)
    placed = multinomial_map(counts, profiles, recipe.temperature, device)
    return dataclasses.asdict(calibrate(placed, split.inputs, xy))


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Place every cell and, where cells have types, compose every spot.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    cells = inputs.cells
    temperature = float(fitted.state.values["temperature"])
    device = torch.device(fitted.device)
    cell_map = multinomial_map(
        cells.values, fitted.state.arrays["log_profiles"], temperature, device
    )
    rows = cell_map.within_sections(inputs.sample).rows(inputs.spot_xy, inputs.pitch)
    placement = Placement(
        cell_names=cells.obs_names,
        cell_types=inputs.cell_types,
        spot_names=inputs.spots.obs_names,
        unit=inputs.unit,
        radius=radii(rows, fitted.state.values["credible"], inputs.pitch),
        **vars(rows),
    )
    if inputs.cell_types is None:
        return RunResult(placement=placement)
    evidence = type_evidence(inputs, int(fitted.state.values["seed"]))
    spots = spots_as_cells(inputs, matched=bool(fitted.state.values["match_platform"]))
    start = rows.map if inputs.sample is None else cell_map.kept()
    weights = counts_em(spots, cells.values, start)
    types, values = composition(weights, inputs.cell_types)
    composed = Composition(
        spot_names=inputs.spots.obs_names,
        types=types,
        values=values,
        entropy=cell_map.spot_entropy(),
        absence=evidence.absence,
    )
    placement = dataclasses.replace(placement, absence=evidence.of_cells(inputs.cell_types))
    return RunResult(placement=placement, composition=composed)
