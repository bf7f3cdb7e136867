"""A score that every user can have: held-out spots, thinned to pseudo-cells, placed on the rest."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.expression import Expression
from napari_tessera.numerics.counts import platform_factors, scale_genes, thin
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

SHARE = 0.1
"""Share of the spots that is held out."""

LEAST = 10
"""Fewest spots worth holding out."""

DRAWS, ENOUGH = 4, 2000
"""Pseudo-cells made of every held-out spot, and how many are enough altogether."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeldOut:
    """A split of the spots and the pseudo-cells made of the held-out ones.

    Parameters
    ----------
    inputs : PairedData
        Cells as they were, spots without the held-out ones.
    kept : ndarray of int, shape (n_kept,)
        Rows of the spots that stay.
    pseudo_cells : Expression
        Held-out spots thinned to the depth of random cells, several draws of each, as the cells'
        platform would see them; the genes of `inputs`.
    xy : ndarray, shape (n_pseudo_cells, 2), float64
        Where they lie.
    """

    inputs: PairedData
    kept: NDArray[np.int64]
    pseudo_cells: Expression
    xy: NDArray[np.float64]

    def scores(self, placed: NDArray[np.float64]) -> dict[str, float]:
        """Mean and median distance of placed pseudo-cells to the truth.

        Parameters
        ----------
        placed : ndarray, shape (n_pseudo_cells, 2), float64
            Where a method put them.
        """
        distance = np.linalg.norm(placed - self.xy, axis=1)
        mean = float(distance.mean())
        return {
            "held_out_distance": mean,
            "held_out_distance_median": float(np.median(distance)),
            "held_out_distance_pitch": mean / self.inputs.pitch,
        }


def hold_out(inputs: PairedData, seed: int, *, match_platform: bool = True) -> HeldOut | None:
    """Hold out a tenth of the spots; the same seed and input give the same split.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    seed : int
        Seed of the split and of the thinning.
    match_platform : bool
        Whether pseudo-cells are scaled from the spots' platform to that of the cells.

    Returns
    -------
    HeldOut or None
        None where fewer than 100 spots would leave too little to learn from.
    """
    n_held = round(SHARE * inputs.n_spots)
    if n_held < LEAST:
        return None
    rng = rng_for(seed, inputs.n_spots, inputs.n_cells)
    order = rng.permutation(inputs.n_spots)
    held, kept = np.sort(order[:n_held]), np.sort(order[n_held:])
    rows = np.repeat(held, int(np.clip(ENOUGH // n_held, 1, DRAWS)))
    counts = thin(inputs.spots.values[rows], rng.choice(inputs.cells.totals(), rows.size), rng)
    rest = inputs.take_spots(kept)
    if match_platform:
        factors = platform_factors(rest.spots.values, rest.cells.values)
        counts = scale_genes(counts, factors)
    return HeldOut(
        inputs=rest,
        kept=kept,
        pseudo_cells=Expression(
            values=counts,
            obs_names=np.array([f"pseudo_{i}" for i in range(rows.size)]),
            gene_names=inputs.spots.gene_names,
            scale=inputs.cells.scale,
        ),
        xy=inputs.spot_xy[rows],
    )
