"""Pseudo-cells that are one cell each: parts of held-out spots, at the depth of real cells.

A held-out spot that is thinned is still a mixture, and where spots hold few molecules it is
shallower than a cell. How sure a map may be of a real cell is asked of pseudo-cells that have
neither fault: the part of one type, drawn anew at the total of a random cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.counts import row_totals
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.numerics.held_out import HeldOut
    from napari_tessera.numerics.purifying import SpotParts

DRAWS, ENOUGH = 20, 2000
"""Parts drawn of every held-out spot, and how many are enough altogether."""

LEAST_TOTAL = 5
"""Molecules that a pseudo-cell must have."""

VARIATION = 0.1
"""Squared coefficient of variation of a gene between cells of a type at one place: what a mean over
cells lacks. Gamma-distributed, as in negative binomial counts."""


def single_cells(
    whole: PairedData,
    split: HeldOut,
    parts: SpotParts,
    factors: NDArray[np.float64],
    seed: int,
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Draw pseudo-cells of one type each from the held-out spots.

    Parameters
    ----------
    whole : PairedData
        All spots.
    split : HeldOut
        Says which of them are held out.
    parts : SpotParts
        All spots taken apart.
    factors : ndarray, shape (n_genes,)
        From the spots' platform to that of the cells, for the genes of `parts`.
    seed : int
        Seed of the draw.

    Returns
    -------
    counts : csr_matrix, shape (n_pseudo_cells, n_genes), float32
        As the cells' platform would count them.
    xy : ndarray, shape (n_pseudo_cells, 2), float64
        Where they lie: anywhere in the square of the pitch about their spot, as cells do.
    """
    held = np.setdiff1d(np.arange(whole.n_spots), split.kept)
    rng = rng_for(seed, whole.n_spots, whole.n_cells, 2)
    depths = whole.cells.totals()
    drawn: list[sparse.csr_matrix] = []
    xy: list[NDArray[np.float64]] = []
    for _ in range(int(np.clip(ENOUGH // held.size, 1, DRAWS))):
        part = sparse.csr_matrix(parts.draw(rng)[held].multiply(factors), dtype=np.float64)
        part.data *= rng.gamma(1 / VARIATION, VARIATION, part.data.size)
        mean = rng.choice(depths, held.size) / np.maximum(row_totals(part), 1e-300)
        expected = sparse.csr_matrix(sparse.diags(mean) @ part)
        expected.data = rng.poisson(expected.data).astype(np.float64)
        kept = row_totals(expected) >= LEAST_TOTAL
        drawn.append(expected[kept])
        away = whole.pitch * rng.uniform(-0.5, 0.5, (held.size, 2))
        xy.append((whole.spot_xy[held] + away)[kept])
    stacked: sparse.csr_matrix = sparse.vstack(drawn, format="csr", dtype=np.float32)
    stacked.eliminate_zeros()
    return stacked, np.concatenate(xy)
