"""The map that needs no training: counts of a cell scored under the smoothed profile of a spot.

    L_ij = sum_g w_g x_ig log p_jg,      map_i = softmax_j(L_ij / T),

with ``p_j`` the counts of spot j smoothed by a Gaussian over its neighbours plus pseudo-counts of
the overall profile, and ``w_g`` a power of Moran's I of gene g, scaled so that the mean weighted
count stays as it was. T exceeds 1 because genes are not independent.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.cell_map import CellMap
from napari_tessera.numerics.counts import spots_as_cells
from napari_tessera.numerics.held_out import HeldOut, hold_out
from napari_tessera.numerics.kernels import gaussian_adjacency
from napari_tessera.numerics.spatial_statistics import graph_of, morans_i
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 19.0, 28.0, 40.0, 60.0, 90.0)
"""Grid of temperatures that held-out spots choose from."""

SOFTER = 1.02
"""The softest temperature whose held-out error is within 2 % of the best is taken: pseudo-cells
share the smoothness of several cells and favour maps sharper than right."""

DEFAULT_TEMPERATURE = 4.0
"""Where there are too few spots to hold some out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MapRecipe:
    """How the map is made.

    Parameters
    ----------
    temperature : float or None
        T; None chooses it on held-out spots.
    smoothing : float
        Standard deviation of the Gaussian over spots, in pitches.
    pseudo_counts : float
        Molecules of the overall profile that are added, in median spot totals.
    gene_weight_power : float
        Power of Moran's I; 0 weighs all genes alike.
    match_platform : bool
        Whether spots are scaled to the cells' overall gene fractions.
    seed : int
        Seed of the held-out split.
    """

    temperature: float | None = None
    smoothing: float = 0.5
    pseudo_counts: float = 0.2
    gene_weight_power: float = 0.5
    match_platform: bool = True
    seed: int = 0


def weighted_log_profiles(inputs: PairedData, recipe: MapRecipe) -> NDArray[np.float32]:
    """Logarithms of the spots' smoothed gene fractions, each gene times its weight.

    Returns
    -------
    ndarray, shape (n_genes, n_spots), float32
        Centred over spots: a constant per gene does not change the map.
    """
    counts = sparse.csr_matrix(
        spots_as_cells(inputs, matched=recipe.match_platform), dtype=np.float64
    )
    kernel = gaussian_adjacency(inputs.spot_xy, recipe.smoothing * inputs.pitch, inputs.sample)
    # the kernel is scaled to 1 at its centre, so that smoothing adds molecules of neighbours
    summed = (sparse.diags(1 / kernel.diagonal()) @ kernel @ counts).toarray()
    overall = summed.sum(axis=0) / max(summed.sum(), 1e-12)
    floor = overall + 1e-9
    median = float(np.median(np.asarray(counts.sum(axis=1)).ravel()))
    summed += recipe.pseudo_counts * median * floor
    log_p = np.log(summed / summed.sum(axis=1, keepdims=True))
    log_p -= log_p.mean(axis=0)
    return np.ascontiguousarray((log_p * gene_weights(inputs, recipe)).T, dtype=np.float32)


def gene_weights(inputs: PairedData, recipe: MapRecipe) -> NDArray[np.float64]:
    """Moran's I to a power, scaled to keep the cells' mean weighted count; shape (n_genes,)."""
    if recipe.gene_weight_power == 0:
        return np.ones(inputs.n_genes)
    normalised = inputs.spots.values.multiply(1 / np.maximum(inputs.spots.totals(), 1)[:, None])
    moran = np.maximum(morans_i(sparse.csr_matrix(normalised), graph_of(inputs)), 0.0)
    weights = moran**recipe.gene_weight_power
    counts = np.asarray(inputs.cells.values.sum(axis=0, dtype=np.float64)).ravel()
    scale = (weights * counts).sum() / max(counts.sum(), 1e-12)
    return np.asarray(weights / scale if scale > 0 else np.ones(inputs.n_genes))


def multinomial_map(
    cells: sparse.csr_matrix,
    log_profiles: NDArray[np.float32],
    temperature: float,
    device: torch.device,
) -> CellMap:
    """Map of cells over the spots whose profiles are given.

    Parameters
    ----------
    cells : csr_matrix, shape (n_cells, n_genes)
        Counts.
    log_profiles : ndarray, shape (n_genes, n_spots), float32
        From `weighted_log_profiles`.
    temperature : float
        T.
    device : torch.device
        Where the softmax is taken.
    """
    profiles = torch.from_numpy(log_profiles).to(device) / temperature

    def logits(block: slice) -> torch.Tensor:
        return dense_rows(cells, block, device) @ profiles

    n_cells, n_spots = cells.shape[0], log_profiles.shape[1]
    return CellMap(n_cells=n_cells, n_spots=n_spots, logits=logits, device=device)


def choose_temperature(
    inputs: PairedData, recipe: MapRecipe, device: torch.device
) -> tuple[float, dict[str, float]]:
    """Choose the temperature on held-out spots, and score it there.

    Returns
    -------
    temperature : float
        The given one where there is one.
    scores : dict of str to float
        Empty where there are too few spots to hold some out.
    """
    split = hold_out(inputs, recipe.seed, match_platform=recipe.match_platform)
    if split is None:
        return recipe.temperature or DEFAULT_TEMPERATURE, {}
    grid = TEMPERATURES if recipe.temperature is None else (recipe.temperature,)
    found = _trials(split, recipe, grid, device)
    best = min(s["held_out_distance"] for s in found.values())
    fine = [t for t, s in found.items() if s["held_out_distance"] <= SOFTER * best]
    return max(fine), found[max(fine)]


def _trials(
    split: HeldOut, recipe: MapRecipe, grid: tuple[float, ...], device: torch.device
) -> dict[float, dict[str, float]]:
    """Scores of every temperature; the counts are scored against the profiles only once."""
    log_profiles = weighted_log_profiles(split.inputs, recipe)
    plain = multinomial_map(split.pseudo_cells.values, log_profiles, 1.0, device)
    placed: dict[float, list[NDArray[np.float64]]] = {temperature: [] for temperature in grid}
    for block in plain.blocks():
        scores = plain.logits(block)
        for temperature, parts in placed.items():
            part = _held_map(scores / temperature).within_sections(split.inputs.sample)
            parts.append(part.place(split.inputs.spot_xy, split.inputs.pitch))
    return {t: split.scores(np.concatenate(parts)) for t, parts in placed.items()}


def _held_map(logits: torch.Tensor) -> CellMap:
    """Map of the few cells whose logits are at hand."""
    n_cells, n_spots = logits.shape
    return CellMap(
        n_cells=n_cells, n_spots=n_spots, logits=lambda block: logits[block], device=logits.device
    )
