"""A planted tissue: everything about it is known, so every answer can be judged.

Spots sum cells that the reference does not hold. Coordinates are pixels of a full-size scan; the
picture is smaller by `PlantedTissue.image_scale`, so an overlay that ignores this is visibly wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.testing.field import DOMAINS, TYPES, TissueField, draw_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

PITCH = 200.0
"""Distance of neighbouring spots in pixels of the full-size scan."""

SPOT_RADIUS = 0.25 * PITCH
"""Radius of a spot in pixels of the full-size scan."""

IMAGE_SIZE = 1200
"""Longer side of the picture, in its own pixels."""

_MARGIN = 0.12


@dataclass(frozen=True, kw_only=True)
class PlantedTissue:
    """A tissue, its reference and the truth about both.

    Parameters
    ----------
    paired : PairedData
        What a method gets: counts of reference cells and of spots.
    truth_xy : ndarray, shape (n_cells, 2), float64
        Where the reference cells really were, in pixels of the full-size scan.
    types : ndarray of str, shape (n_types,)
        Cell types, sorted; columns of `composition`.
    composition : ndarray, shape (n_spots, n_types), float64
        True fractions of the cells in every spot.
    spot_domains : ndarray of str, shape (n_spots,)
        Domain with the largest membership at the spot's centre.
    n_members : ndarray, shape (n_spots,), int64
        Cells summed in every spot.
    image_scale : float
        Picture pixels per pixel of the full-size scan.
    field : TissueField
        The law all of it was drawn from.
    seed : int
        Seed of every draw.
    """

    paired: PairedData
    truth_xy: NDArray[np.float64]
    types: NDArray[np.str_]
    composition: NDArray[np.float64]
    spot_domains: NDArray[np.str_]
    n_members: NDArray[np.int64]
    image_scale: float
    field: TissueField
    seed: int

    @property
    def cell_types(self) -> NDArray[np.str_]:
        """Labels of the reference cells, shape (n_cells,)."""
        types = self.paired.cell_types
        return np.empty(0, dtype=np.str_) if types is None else types

    @property
    def frame(self) -> Frame:
        """How unit coordinates become pixels."""
        return _frame(self.field, self.paired.n_spots)

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """Rendered H&E, shape (height, width, 3), uint8; drawn when first asked for."""
        from napari_tessera.testing.histology import render_histology

        size = np.ceil(self.frame.size * self.image_scale).astype(int)
        scale = self.frame.scale * self.image_scale
        rng = np.random.default_rng([self.seed, 2])
        shape = (int(size[1]), int(size[0]))
        return render_histology(
            self.field, shape, scale, nucleus_radius=0.034 * PITCH * self.image_scale, rng=rng
        )


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Unit coordinates to pixels of the full-size scan.

    Parameters
    ----------
    scale : float
        Pixels per unit.
    size : ndarray, shape (2,), float64
        Width and height of the scan in pixels.
    """

    scale: float
    size: NDArray[np.float64]

    def to_pixels(self, unit_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn unit coordinates into pixels, shape (n, 2)."""
        return np.asarray(unit_xy * self.scale + self.size / 2)

    def to_unit(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn pixels into unit coordinates, shape (n, 2)."""
        return np.asarray((xy - self.size / 2) / self.scale)


def planted_tissue(
    *, n_cells: int = 1500, n_spots: int = 300, n_genes: int = 200, seed: int = 0
) -> PlantedTissue:
    """Plant a tissue.

    Parameters
    ----------
    n_cells : int
        Cells of the reference; none of them is in a spot.
    n_spots : int
        Spots on the hexagonal lattice.
    n_genes : int
        Genes, shared by both.
    seed : int
        The same seed gives the same tissue, bit for bit.

    Raises
    ------
    ValueError
        If a size is below 8.
    """
    if min(n_cells, n_spots, n_genes) < 8:
        msg = f"sizes must be at least 8; found {n_cells} cells, {n_spots} spots, {n_genes} genes"
        raise ValueError(msg)
    rng = np.random.default_rng([seed, 1])
    field = draw_field(n_genes, rng)
    frame = _frame(field, n_spots)
    spot_xy, spot_names = _lattice(field, frame, n_spots)
    counts, composition, n_members = _draw_spots(field, frame.to_unit(spot_xy), frame.scale, rng)
    cell_unit = field.draw_positions(n_cells, rng)
    cell_types = field.draw_types(cell_unit, rng)
    genes = np.array([f"GENE{i:04d}" for i in range(1, n_genes + 1)])
    cells = _draw_counts(field.rates(cell_unit, cell_types), 600.0, rng)
    paired = PairedData(
        cells=Expression(
            values=sparse.csr_matrix(cells),
            obs_names=np.array([f"cell{i:06d}" for i in range(n_cells)]),
            gene_names=genes,
            scale=ExpressionScale.COUNTS,
        ),
        spots=Expression(
            values=sparse.csr_matrix(counts),
            obs_names=spot_names,
            gene_names=genes,
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=spot_xy,
        unit="pixel",
        pitch=PITCH,
        spot_graph=_neighbours(spot_xy),
        cell_types=np.array(TYPES)[cell_types],
    )
    return PlantedTissue(
        paired=paired,
        truth_xy=frame.to_pixels(cell_unit),
        types=np.array(TYPES),
        composition=composition,
        spot_domains=np.array(DOMAINS)[field.domains(frame.to_unit(spot_xy)).argmax(axis=1)],
        n_members=n_members,
        image_scale=float(IMAGE_SIZE / frame.size.max()),
        field=field,
        seed=seed,
    )


def _frame(field: TissueField, n_spots: int) -> Frame:
    """Choose pixels per unit so that the lattice has `n_spots` points in the tissue."""
    scale = float(np.sqrt(n_spots * PITCH**2 * np.sqrt(0.75) / (0.94 * field.area())))
    angle = np.linspace(-np.pi, np.pi, 720)
    radius = field.radius(angle)
    half = [np.abs(radius * np.cos(angle)).max(), np.abs(radius * np.sin(angle)).max()]
    return Frame(scale=scale, size=np.ceil(2 * scale * (np.array(half) + _MARGIN)))


def _lattice(
    field: TissueField, frame: Frame, n_spots: int
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Take the innermost points of a hexagonal lattice, in reading order, and name them."""
    height = PITCH * np.sqrt(0.75)
    n_rows, n_columns = (int(s) + 2 for s in frame.size[::-1] / (height, PITCH))
    row, column = (a.ravel() for a in np.mgrid[:n_rows, :n_columns])
    xy = np.column_stack([(column + 0.5 * (row % 2)) * PITCH, row * height])
    inside = np.sort(np.argsort(field.depth(frame.to_unit(xy)), kind="stable")[:n_spots])
    names = [f"{r}x{c}" for r, c in zip(row[inside], column[inside], strict=True)]
    return xy[inside], np.array(names)


def _draw_spots(
    field: TissueField, centres: NDArray[np.float64], scale: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Fill every spot with fresh cells and sum what a spot captures of them."""
    n_spots = len(centres)
    n_members = 2 + rng.poisson(5.0 * field.density(centres))
    spot = np.repeat(np.arange(n_spots), n_members)
    radius = SPOT_RADIUS / scale * np.sqrt(rng.random(len(spot)))
    angle = rng.uniform(-np.pi, np.pi, len(spot))
    where = centres[spot] + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    types = field.draw_types(where, rng)
    summing = sparse.csr_matrix(
        (np.ones(len(spot)), (spot, np.arange(len(spot)))), shape=(n_spots, len(spot))
    )
    rates = field.rates(where, types)
    platform = rng.lognormal(0.0, 0.15, rates.shape[1])
    captured = 0.5 * rng.lognormal(0.0, 0.25, (n_spots, 1))
    totals = np.asarray(summing @ _draw_counts(rates, 600.0, rng), dtype=np.int64)
    kept = rng.binomial(totals, np.clip(captured * platform, 0.02, 0.98))
    shares = np.asarray(summing @ np.eye(len(TYPES))[types]) / n_members[:, None]
    return kept.astype(np.float64), shares, np.asarray(n_members, dtype=np.int64)


def _draw_counts(
    rates: NDArray[np.float64], depth: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Gamma-Poisson counts around shares times a cell's own depth, shape (n, n_genes)."""
    depths = depth * rng.lognormal(0.0, 0.35, (len(rates), 1))
    noisy = rates * depths * rng.gamma(8.0, 1 / 8.0, rates.shape)
    return rng.poisson(noisy).astype(np.float64)


def _neighbours(xy: NDArray[np.float64]) -> sparse.csr_matrix:
    """Lattice neighbours as 0/1, shape (n_spots, n_spots), float32."""
    pairs = cKDTree(xy).query_pairs(1.2 * PITCH, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    values = np.ones(len(both), dtype=np.float32)
    return sparse.csr_matrix((values, (both[:, 0], both[:, 1])), shape=(len(xy), len(xy)))
