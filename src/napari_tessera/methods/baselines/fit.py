"""Training-free multinomial map between cells and spots.

The counts of cell i are scored under the smoothed gene fractions of spot j,

    L_ij = sum_g w_g x_ig log p_jg,      map_i = softmax_j(L_ij / T),

with ``p_j`` the counts of spot j smoothed by a Gaussian over its neighbours plus pseudo-counts of
the overall profile, and ``w_g`` a power of Moran's I of gene g, scaled so that the mean weighted
count stays as it was. T exceeds 1 because genes are not independent; it is chosen on held-out spots
thinned to the depth of cells. Cells are placed at the geometric median of their row; spots are
composed by a few steps of counts expectation-maximisation that start from the map.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.contract.results import Composition, Placement, RunResult
from napari_tessera.contract.state import State
from napari_tessera.numerics.cell_map import CellMap
from napari_tessera.numerics.composing import composition, counts_em
from napari_tessera.numerics.counts import spots_as_cells
from napari_tessera.numerics.held_out import HeldOut, hold_out
from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.numerics.spatial_statistics import morans_i, neighbour_graph
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.baselines.options import BaselineOptions

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 19.0, 28.0, 40.0, 60.0, 90.0)
"""Grid of temperatures that held-out spots choose from."""

SOFTER = 1.02
"""The softest temperature whose held-out error is within 2 % of the best is taken: pseudo-cells
share the smoothness of several cells and favour maps sharper than right."""

DEFAULT_TEMPERATURE = 4.0
"""Where there are too few spots to hold some out."""


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
    scores: dict[str, float] = {}
    temperature = options.temperature
    split = hold_out(inputs, options.seed, match_platform=options.match_platform)
    if split is not None:
        temperature, scores = _judge(split, options, device)
    chosen = temperature or DEFAULT_TEMPERATURE
    log_profiles = weighted_log_profiles(inputs, options)
    state = State(
        arrays={"log_profiles": log_profiles},
        values={"temperature": chosen, "match_platform": options.match_platform},
    )
    monitor.preview(
        lambda: _map(inputs.cells.values, log_profiles, chosen, device).place(
            inputs.spot_xy, inputs.pitch
        )
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
    cell_map = _map(cells.values, fitted.state.arrays["log_profiles"], temperature, device)
    rows = cell_map.rows(inputs.spot_xy, inputs.pitch)
    placement = Placement(
        cell_names=cells.obs_names,
        cell_types=inputs.cell_types,
        spot_names=inputs.spots.obs_names,
        unit=inputs.unit,
        **vars(rows),
    )
    if inputs.cell_types is None:
        return RunResult(placement=placement)
    spots = spots_as_cells(inputs, matched=bool(fitted.state.values["match_platform"]))
    weights = counts_em(spots, cells.values, rows.map)
    types, values = composition(weights, inputs.cell_types)
    composed = Composition(
        spot_names=inputs.spots.obs_names,
        types=types,
        values=values,
        entropy=cell_map.spot_entropy(),
    )
    return RunResult(placement=placement, composition=composed)


def weighted_log_profiles(inputs: PairedData, options: BaselineOptions) -> NDArray[np.float32]:
    """Logarithms of the spots' smoothed gene fractions, each gene times its weight.

    Returns
    -------
    ndarray, shape (n_genes, n_spots), float32
        Centred over spots: a constant per gene does not change the map.
    """
    counts = sparse.csr_matrix(
        spots_as_cells(inputs, matched=options.match_platform), dtype=np.float64
    )
    kernel = gaussian_adjacency(inputs.spot_xy, options.smoothing * inputs.pitch, inputs.sample)
    # the kernel is scaled to 1 at its centre, so that smoothing adds molecules of neighbours
    summed = (sparse.diags(1 / kernel.diagonal()) @ kernel @ counts).toarray()
    overall = summed.sum(axis=0) / max(summed.sum(), 1e-12)
    floor = overall + 1e-9
    median = float(np.median(np.asarray(counts.sum(axis=1)).ravel()))
    summed += options.pseudo_counts * median * floor
    log_p = np.log(summed / summed.sum(axis=1, keepdims=True))
    log_p -= log_p.mean(axis=0)
    return np.ascontiguousarray((log_p * gene_weights(inputs, options)).T, dtype=np.float32)


def gene_weights(inputs: PairedData, options: BaselineOptions) -> NDArray[np.float64]:
    """Moran's I to a power, scaled to keep the cells' mean weighted count; shape (n_genes,)."""
    if options.gene_weight_power == 0:
        return np.ones(inputs.n_genes)
    graph = neighbour_graph(inputs.spot_xy) if inputs.spot_graph is None else inputs.spot_graph
    normalised = inputs.spots.values.multiply(1 / np.maximum(inputs.spots.totals(), 1)[:, None])
    moran = np.maximum(morans_i(sparse.csr_matrix(normalised), graph), 0.0)
    weights = moran**options.gene_weight_power
    counts = np.asarray(inputs.cells.values.sum(axis=0, dtype=np.float64)).ravel()
    scale = (weights * counts).sum() / max(counts.sum(), 1e-12)
    return np.asarray(weights / scale if scale > 0 else np.ones(inputs.n_genes))


def _judge(
    split: HeldOut, options: BaselineOptions, device: torch.device
) -> tuple[float, dict[str, float]]:
    """Choose the temperature on held-out spots, and score it there."""
    log_profiles = weighted_log_profiles(split.inputs, options)
    grid = TEMPERATURES if options.temperature is None else (options.temperature,)
    plain = _map(split.pseudo_cells.values, log_profiles, 1.0, device)
    placed: dict[float, list[NDArray[np.float64]]] = {temperature: [] for temperature in grid}
    for block in plain.blocks():
        scores = plain.logits(block)
        for temperature, parts in placed.items():
            part = _held_map(scores / temperature)
            parts.append(part.place(split.inputs.spot_xy, split.inputs.pitch))
    found = {t: split.scores(np.concatenate(parts)) for t, parts in placed.items()}
    best = min(s["held_out_distance"] for s in found.values())
    fine = [t for t, s in found.items() if s["held_out_distance"] <= SOFTER * best]
    return max(fine), found[max(fine)]


def _held_map(logits: torch.Tensor) -> CellMap:
    """Map of the few cells whose logits are at hand."""
    n_cells, n_spots = logits.shape
    return CellMap(n_cells=n_cells, n_spots=n_spots, logits=lambda block: logits[block])


def _map(
    cells: sparse.csr_matrix,
    log_profiles: NDArray[np.float32],
    temperature: float,
    device: torch.device,
) -> CellMap:
    """Map of the cells over the spots whose profiles are given."""

    def logits(block: slice) -> torch.Tensor:
        scores = np.asarray(cells[block] @ log_profiles, dtype=np.float32)
        return torch.from_numpy(scores / np.float32(temperature)).to(device)

    return CellMap(n_cells=cells.shape[0], n_spots=log_profiles.shape[1], logits=logits)
