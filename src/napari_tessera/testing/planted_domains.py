"""Planted sections with a known number of domains, and the simulation of the paper of TransST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.sections import SectionData

if TYPE_CHECKING:
    from numpy.typing import NDArray

PITCH = 100.0
"""Distance of neighbouring spots, micrometres."""


@dataclass(frozen=True, kw_only=True)
class PlantedSection:
    """A section and the truth about it.

    Parameters
    ----------
    section : SectionData
        What a method gets.
    domains : ndarray of str, shape (n_spots,)
        True domain of every spot.
    """

    section: SectionData
    domains: NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class DomainLaw:
    """How planted domains differ.

    Parameters
    ----------
    n_domains : int
        Domains.
    n_genes : int
        Genes.
    marker_share : float
        Share of the genes that a domain has changed.
    contrast : float
        Standard deviation of the natural logarithm of the change.
    depth : float
        Mean total of a spot.
    """

    n_domains: int = 5
    n_genes: int = 400
    marker_share: float = 0.15
    contrast: float = 0.8
    depth: float = 2000.0


def planted_section(
    law: DomainLaw | None = None, *, n_spots: int = 1200, seed: int = 0, programme: int = 0
) -> PlantedSection:
    """Plant a section on a hexagonal lattice.

    Domains are cells of a Voronoi diagram with bent borders and uneven sizes. Spots differ in
    depth, in two programmes that have nothing to do with domains, and by gamma-Poisson noise.

    Parameters
    ----------
    law : DomainLaw, optional
        How domains differ.
    n_spots : int
        Spots; about that many.
    seed : int
        Seed of the layout and of the noise.
    programme : int
        Seed of the genes' profiles: sections with the same one are of the same kind of tissue.
    """
    law = law or DomainLaw()
    rng = np.random.default_rng([seed, 11])
    xy = _hexagons(n_spots)
    domain = _voronoi(xy, law.n_domains, rng)
    rates = _profiles(law, np.random.default_rng([programme, 12]))[domain]
    nuisance = 0.25 * rng.normal(size=(len(xy), 2)) @ rng.normal(size=(2, law.n_genes))
    rates = rates * np.exp(nuisance * (rng.random(law.n_genes) < 0.3))
    rates /= rates.sum(axis=1, keepdims=True)
    depth = law.depth * rng.lognormal(0.0, 0.35, (len(xy), 1))
    counts = rng.poisson(rates * depth * rng.gamma(5.0, 0.2, rates.shape))
    names = np.array([f"domain {d + 1}" for d in domain])
    return PlantedSection(section=as_section(counts, xy), domains=names)


def as_section(
    counts: NDArray[np.integer | np.floating],
    xy: NDArray[np.float64],
    *,
    pitch: float = PITCH,
    labels: NDArray[np.str_] | None = None,
) -> SectionData:
    """Dress counts on a lattice as a section; spots within 1.25 pitches are neighbours."""
    pairs = cKDTree(xy).query_pairs(1.25 * pitch, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    ones = np.ones(len(both))
    return SectionData(
        spots=Expression(
            values=sparse.csr_matrix(counts),
            obs_names=np.array([f"spot{i:06d}" for i in range(len(xy))]),
            gene_names=np.array([f"GENE{i:05d}" for i in range(1, counts.shape[1] + 1)]),
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=xy,
        spot_graph=sparse.csr_matrix((ones, (both[:, 0], both[:, 1])), shape=(len(xy), len(xy))),
        unit="micrometre",
        pitch=pitch,
        labels=labels,
    )


def _hexagons(n_spots: int) -> NDArray[np.float64]:
    """Give a nearly square piece of a hexagonal lattice."""
    n_columns = int(np.ceil(np.sqrt(n_spots * np.sqrt(0.75))))
    n_rows = int(np.ceil(n_spots / n_columns))
    row, column = (a.ravel() for a in np.mgrid[:n_rows, :n_columns])
    return np.column_stack([(column + 0.5 * (row % 2)) * PITCH, row * np.sqrt(0.75) * PITCH])


def _voronoi(
    xy: NDArray[np.float64], n_domains: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Domains with bent borders: Voronoi cells of seeds that two Lloyd steps have spread."""
    unit = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0).max()
    wave, phase = rng.normal(scale=6.0, size=(6, 2)), rng.uniform(0, 2 * np.pi, (6, 2))
    bend = 0.03 * np.stack([np.sin(unit @ wave.T + p).sum(axis=1) for p in phase.T], axis=1)
    seeds = unit[rng.choice(len(unit), n_domains, replace=False)]
    for _ in range(2):
        nearest = np.asarray(cKDTree(seeds).query(unit)[1])
        seeds = np.stack([unit[nearest == d].mean(axis=0) for d in range(n_domains)])
    return np.asarray(cKDTree(seeds).query(unit + bend)[1], dtype=np.int64)


def _profiles(law: DomainLaw, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gene shares of every domain, shape (n_domains, n_genes)."""
    overall = rng.lognormal(0.0, 1.2, law.n_genes)
    changed = rng.random((law.n_domains, law.n_genes)) < law.marker_share
    change = law.contrast * rng.normal(size=(law.n_domains, law.n_genes))
    return np.asarray(overall * np.exp(changed * change))
