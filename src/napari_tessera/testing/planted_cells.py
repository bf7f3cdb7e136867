"""A planted tissue in which every spot is one cell, for annotation: all types are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.testing.field import TYPES, draw_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL_DEPTH = 120.0
"""Molecules of a typical reference cell."""


_Drawn = tuple["NDArray[np.float64]", "NDArray[np.str_]", "NDArray[np.float64]"]
"""Places, types and counts."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How a section differs from its reference.

    Parameters
    ----------
    depth : float
        Molecules of the section over those of the reference.
    gene_factor : float
        Standard deviation of the logarithm of the genes' efficiency in the section.
    without : tuple of str
        Types that the reference lacks.
    """

    depth: float = 0.5
    gene_factor: float = 0.5
    without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlantedCells:
    """Reference cells, a section of single cells, and the types of the latter.

    Parameters
    ----------
    paired : PairedData
        What a method gets.
    spot_types : ndarray of str, shape (n_spots,)
        True types of the section's cells.
    """

    paired: PairedData
    spot_types: NDArray[np.str_]


def planted_cells(
    *,
    n_cells: int = 600,
    n_spots: int = 500,
    n_genes: int = 60,
    shift: Shift | None = None,
    seed: int = 0,
) -> PlantedCells:
    """Plant a section of single cells, counted by a poorer platform than the reference.

    Parameters
    ----------
    n_cells, n_spots, n_genes : int
        Cells of the reference, cells of the section, genes of both.
    shift : Shift, optional
        How the two differ.
    seed : int
        The same seed gives the same pair.
    """
    shift = Shift() if shift is None else shift
    rng = np.random.default_rng([seed, 7])
    field = draw_field(n_genes, rng)
    factors = rng.lognormal(0.0, shift.gene_factor, n_genes)
    genes = np.array([f"GENE{i:04d}" for i in range(n_genes)])

    def draw(n: int, efficiency: NDArray[np.float64]) -> _Drawn:
        xy = field.draw_positions(n, rng)
        types = field.draw_types(xy, rng)
        depths = CELL_DEPTH * rng.lognormal(0.0, 0.35, (n, 1))
        noise = rng.gamma(8.0, 1 / 8.0, (n, n_genes))
        counts = rng.poisson(field.rates(xy, types) * depths * noise * efficiency)
        return xy, np.array(TYPES)[types], counts.astype(np.float64)

    _, cell_types, cell_counts = draw(n_cells, np.ones(n_genes))
    xy, spot_types, spot_counts = draw(n_spots, shift.depth * factors / factors.mean())
    kept = ~np.isin(cell_types, shift.without)

    def expression(what: str, counts: NDArray[np.float64]) -> Expression:
        return Expression(
            values=sparse.csr_matrix(counts),
            obs_names=np.array([f"{what}{i:05d}" for i in range(len(counts))]),
            gene_names=genes,
            scale=ExpressionScale.COUNTS,
        )

    paired = PairedData(
        cells=expression("cell", cell_counts[kept]),
        spots=expression("spot", spot_counts),
        spot_xy=1000.0 * xy,
        unit="micrometre",
        pitch=1000.0 * float(np.sqrt(field.area() / n_spots)),
        cell_types=cell_types[kept],
    )
    return PlantedCells(paired=paired, spot_types=spot_types)
