"""The law behind a planted tissue: its outline, its domains, its cell types and its genes.

Positions are in unit coordinates: the tissue is a blob of radius about 1 around the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOMAINS = ("stroma", "tumour", "duct", "immune", "adipose")
"""Names of the domains, in the order of every array over domains."""

TYPES = (
    "Adipocyte",
    "Endothelium",
    "Epithelium",
    "Fibroblast",
    "Lymphocyte",
    "Macrophage/Dendritic",
    "Tumour",
)
"""Names of the cell types, sorted; one has a slash, as real ones do."""

_TYPE_GIVEN_DOMAIN = np.array(
    [  # adipocyte, endothelium, epithelium, fibroblast, lymphocyte, macrophage, tumour
        [0.03, 0.14, 0.02, 0.66, 0.06, 0.07, 0.02],  # stroma
        [0.00, 0.05, 0.02, 0.08, 0.04, 0.06, 0.75],  # tumour
        [0.00, 0.04, 0.78, 0.12, 0.02, 0.02, 0.02],  # duct
        [0.00, 0.05, 0.01, 0.08, 0.70, 0.15, 0.01],  # immune
        [0.70, 0.10, 0.00, 0.10, 0.03, 0.07, 0.00],  # adipose
    ]
)
DENSITY = np.array([0.55, 1.5, 1.2, 1.9, 0.22])
"""Relative number of nuclei per area in every domain."""


@dataclass(frozen=True, kw_only=True)
class TissueField:
    """Random but smooth functions of position, all drawn from one seed.

    Parameters
    ----------
    outline : ndarray, shape (n_waves, 2), float64
        Amplitude and phase of the outline's waves.
    centres : ndarray, shape (n_bumps, 2), float64
        Centres of the bumps that make domains.
    bump_domain : ndarray, shape (n_bumps,), int64
        Domain of every bump.
    bump_width : ndarray, shape (n_bumps,), float64
        Width of every bump.
    base, markers : ndarray, shape (n_genes,) and (n_types, n_genes), float64
        Log rates: of a gene anywhere, and what a type adds.
    waves : ndarray, shape (n_features, 3), float64
        Two frequencies and a phase of every smooth feature.
    loadings : ndarray, shape (n_features, n_genes), float64
        How the features change the genes' log rates; zero for genes without a gradient.
    """

    outline: NDArray[np.float64]
    centres: NDArray[np.float64]
    bump_domain: NDArray[np.int64]
    bump_width: NDArray[np.float64]
    base: NDArray[np.float64]
    markers: NDArray[np.float64]
    waves: NDArray[np.float64]
    loadings: NDArray[np.float64]

    def depth(self, unit_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radius over the outline's radius in that direction: below 1 is inside the tissue.

        Parameters
        ----------
        unit_xy : ndarray, shape (n, 2), float64
            Unit coordinates.

        Returns
        -------
        ndarray, shape (n,), float64
        """
        angle = np.arctan2(unit_xy[:, 1], unit_xy[:, 0])
        return np.asarray(np.hypot(unit_xy[:, 0], unit_xy[:, 1]) / self.radius(angle))

    def radius(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radius of the outline in the given directions.

        Parameters
        ----------
        angle : ndarray, shape (n,), float64
            Radians.
        """
        order = np.arange(2, 2 + len(self.outline))
        waves = np.cos(np.outer(angle, order) + self.outline[:, 1])
        return np.asarray(1.0 + waves @ self.outline[:, 0])

    def area(self) -> float:
        """Area inside the outline, in square units."""
        angle = np.linspace(-np.pi, np.pi, 2048, endpoint=False)
        return float(np.pi * np.mean(self.radius(angle) ** 2))

    def domains(self, unit_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Soft membership in every domain.

        Parameters
        ----------
        unit_xy : ndarray, shape (n, 2), float64
            Unit coordinates.

        Returns
        -------
        ndarray, shape (n, n_domains), float64
            Rows sum to 1 and change smoothly.
        """
        score = np.zeros((len(unit_xy), len(DOMAINS)))
        score[:, 0] = 0.45
        for centre, domain, width in zip(
            self.centres, self.bump_domain, self.bump_width, strict=True
        ):
            squared = ((unit_xy - centre) ** 2).sum(axis=1)
            np.maximum(score[:, domain], np.exp(-squared / (2 * width**2)), out=score[:, domain])
        weight = np.exp(16.0 * (score - score.max(axis=1, keepdims=True)))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def density(self, unit_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Relative number of nuclei per area, shape (n,)."""
        return np.asarray(self.domains(unit_xy) @ DENSITY)

    def draw_types(
        self, unit_xy: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw a cell type for every position, shape (n,)."""
        shares = self.domains(unit_xy) @ _TYPE_GIVEN_DOMAIN
        steps = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
        drawn = (rng.random((len(unit_xy), 1)) > steps).sum(axis=1)
        return np.asarray(np.minimum(drawn, len(TYPES) - 1), dtype=np.int64)

    def draw_positions(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw cells where the tissue is, more of them where it is denser, shape (n, 2)."""
        kept: list[NDArray[np.float64]] = []
        found = 0
        while found < n:
            tried = rng.uniform(-1.5, 1.5, size=(4 * n + 64, 2))
            tried = tried[self.depth(tried) < 0.97]
            tried = tried[rng.random(len(tried)) * DENSITY.max() < self.density(tried)]
            kept.append(tried)
            found += len(tried)
        return np.concatenate(kept)[:n]

    def rates(self, unit_xy: NDArray[np.float64], types: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of every gene in a cell of that type at that place.

        Parameters
        ----------
        unit_xy : ndarray, shape (n, 2), float64
            Unit coordinates.
        types : ndarray, shape (n,), int64
            Rows of `TYPES`.

        Returns
        -------
        ndarray, shape (n, n_genes), float64
            Rows sum to 1.
        """
        features = np.cos(unit_xy @ self.waves[:, :2].T + self.waves[:, 2])
        log_rate = self.base + self.markers[types] + features @ self.loadings
        rate = np.exp(log_rate)
        return np.asarray(rate / rate.sum(axis=1, keepdims=True))


def draw_field(n_genes: int, rng: np.random.Generator) -> TissueField:
    """Draw the law of one tissue.

    Parameters
    ----------
    n_genes : int
        Number of genes.
    rng : numpy.random.Generator
        Source of every draw.
    """
    n_waves = 5
    amplitude = rng.uniform(0.3, 1.0, n_waves) * np.array([0.14, 0.08, 0.05, 0.03, 0.025])
    n_bumps = np.array([0, 4, 4, 4, 3])
    bump_domain = np.repeat(np.arange(len(DOMAINS)), n_bumps)
    width = np.array([0.0, 0.24, 0.12, 0.11, 0.24])[bump_domain]
    base, markers, loadings = _draw_genes(n_genes, rng)
    waves = np.column_stack(
        [rng.normal(0, 2.0, (len(loadings), 2)), rng.uniform(-np.pi, np.pi, len(loadings))]
    )
    return TissueField(
        outline=np.column_stack([amplitude, rng.uniform(-np.pi, np.pi, n_waves)]),
        centres=_draw_centres(len(bump_domain), rng),
        bump_domain=bump_domain,
        bump_width=width * rng.uniform(0.8, 1.25, len(bump_domain)),
        base=base,
        markers=markers,
        waves=waves,
        loadings=loadings,
    )


def _draw_centres(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Spread points over the unit disc, each the farthest of a few tries, shape (n, 2)."""
    centres = np.empty((n, 2))
    for i in range(n):
        radius, angle = 0.88 * np.sqrt(rng.random(12)), rng.uniform(-np.pi, np.pi, 12)
        tried = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        gap = np.linalg.norm(tried[:, None] - centres[None, :i], axis=2)
        centres[i] = tried[int(gap.min(axis=1).argmax()) if i else 0]
    return rng.permutation(centres)


def _draw_genes(
    n_genes: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw base rates, markers of every type, and loadings of every second gene."""
    n_types, n_features = len(TYPES), 16
    base = rng.normal(0.0, 0.8, n_genes)
    owner = rng.permutation(np.arange(n_genes) % (3 * n_types))
    markers = np.zeros((n_types, n_genes))
    marked = owner < n_types
    markers[owner[marked], np.flatnonzero(marked)] = rng.uniform(1.5, 3.0, int(marked.sum()))
    loadings = rng.normal(0.0, 1.0 / np.sqrt(n_features), (n_features, n_genes))
    loadings[:, rng.random(n_genes) < 0.4] = 0.0
    return base, markers, loadings
