"""Is a type of the reference in the tissue at all? Asked of the spots, against decoys.

Spots are modelled as Poisson counts with mean ``f_g sum_t W_jt P_tg``: profiles P of the types,
their amounts W >= 0 in every spot, and a factor f of every gene that absorbs the platform and the
overall level. Only what varies from spot to spot can then speak for a type. The evidence for type t
is what the log-likelihood gains when t is added to all the others. A decoy has the same contrasts
as t, but on other genes of like abundance: it is in no tissue, and what decoys gain is what a type
gains by chance.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

FIRST_STEPS, STEPS = 60, 25
"""Updates of the fit with all types, and of every fit with one more or one less."""

MOST_SPOTS, MOST_GENES, LEAST_DECOYS = 600, 500, 40
"""Spots drawn and genes chosen for it, and decoys made altogether."""

STRATA = 10
"""Classes of abundance within which a decoy's genes change places."""

BACKGROUND, START = 0.02, 0.02
"""Share of the overall profile in every profile, and of a spot that an added type starts at."""

TINY = 1e-12


@dataclasses.dataclass(frozen=True)
class TypeEvidence:
    """How far the spots speak for each type.

    Parameters
    ----------
    types : ndarray of str, shape (n_types,)
        Sorted.
    gain : ndarray, shape (n_types,), float64
        Nats that the log-likelihood gains by the type.
    decoys : ndarray, shape (n_decoys,), float64
        The same of types that cannot be there, rising.
    """

    types: NDArray[np.str_]
    gain: NDArray[np.float64]
    decoys: NDArray[np.float64]

    @property
    def absence(self) -> NDArray[np.float32]:
        """Share of decoys, the type counted as one, that gain as much; near 1 is "not here"."""
        as_good = self.decoys.size - np.searchsorted(self.decoys, self.gain, side="left")
        return ((1 + as_good) / (1 + self.decoys.size)).astype(np.float32)

    def of_cells(self, cell_types: NDArray[np.str_]) -> NDArray[np.float32]:
        """Give every cell the absence of its type, shape (n_cells,)."""
        return np.asarray(self.absence[np.searchsorted(self.types, cell_types)])


def type_evidence(inputs: PairedData, seed: int) -> TypeEvidence:
    """Ask the spots for every type of the reference.

    Parameters
    ----------
    inputs : PairedData
        Cells with types, and spots.
    seed : int
        Seed of the spots that are drawn where there are many, and of the decoys.

    Returns
    -------
    TypeEvidence

    Raises
    ------
    ValueError
        If the cells have no types.
    """
    if inputs.cell_types is None:
        msg = "evidence for types needs cells with types"
        raise ValueError(msg)
    rng = rng_for(seed, inputs.n_cells, inputs.n_spots)
    types, codes = np.unique(inputs.cell_types, return_inverse=True)
    profiles, overall = _profiles(inputs.cells.values, codes)
    genes = _telling_genes(profiles, overall)
    rows = np.sort(rng.permutation(inputs.n_spots)[:MOST_SPOTS])
    counts = inputs.spots.values[rows][:, genes].toarray().astype(np.float64)
    kept = counts.sum(axis=1) > 0
    model = _Model(counts[kept], profiles[:, genes])
    n_each = int(np.ceil(LEAST_DECOYS / types.size))
    gains, decoys = [], []
    for t in range(types.size):
        others = model.without(t)
        gains.append(others.gain(model.profiles[t]))
        made = [_decoy(model.profiles[t], overall[genes], rng) for _ in range(n_each)]
        decoys += [others.gain(decoy) for decoy in made]
    return TypeEvidence(types, np.array(gains), np.sort(decoys))


def _profiles(
    cells: sparse.csr_matrix, codes: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gene fractions of every type and overall."""
    one_hot = sparse.csr_matrix((np.ones(codes.size), (codes, np.arange(codes.size))))
    sums = np.asarray(sparse.csr_matrix(one_hot @ cells).toarray(), dtype=np.float64)
    overall = sums.sum(axis=0) / max(sums.sum(), TINY)
    fractions = sums / np.maximum(sums.sum(axis=1, keepdims=True), TINY)
    return (1 - BACKGROUND) * fractions + BACKGROUND * overall, overall


def _telling_genes(
    profiles: NDArray[np.float64], overall: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Genes that tell types apart most, counted in molecules."""
    contrast = ((profiles - overall) ** 2).mean(axis=0) / np.maximum(overall, TINY)
    return np.sort(np.argsort(-contrast, kind="stable")[:MOST_GENES])


def _decoy(
    profile: NDArray[np.float64], overall: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Move a profile's contrasts to other genes of like abundance."""
    ratio = profile / np.maximum(overall, TINY)
    for stratum in np.array_split(np.argsort(overall, kind="stable"), STRATA):
        ratio[stratum] = ratio[rng.permutation(stratum)]
    moved = ratio * overall
    return np.asarray(moved * (profile.sum() / max(moved.sum(), TINY)))


class _Model:
    """Poisson counts from profiles, fitted by multiplicative updates.

    Parameters
    ----------
    counts : ndarray, shape (n_spots, n_genes)
        Spots, none of them empty.
    profiles : ndarray, shape (n_types, n_genes)
        P.
    start : tuple of ndarray, optional
        W and f to go on from; without it all types alike and no factor.
    """

    def __init__(
        self,
        counts: NDArray[np.float64],
        profiles: NDArray[np.float64],
        start: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> None:
        self.counts, self.profiles = counts, profiles
        self.totals = counts.sum(axis=1, keepdims=True)
        n_steps = FIRST_STEPS if start is None else STEPS
        if start is None:
            share = np.full((1, len(profiles)), 1 / max(len(profiles), 1))
            start = self.totals * share, np.ones(profiles.shape[1])
        self.amounts, self.factors = start
        self._fit(n_steps)

    def _fit(self, n_steps: int) -> None:
        """Update W and f in turn."""
        for _ in range(n_steps):
            scaled = self.profiles * self.factors
            ratio = self.counts / np.maximum(self.amounts @ scaled, TINY)
            self.amounts = self.amounts * (ratio @ scaled.T) / np.maximum(scaled.sum(axis=1), TINY)
            level = (self.amounts @ self.profiles).sum(axis=0)
            self.factors = self.counts.sum(axis=0) / np.maximum(level, TINY)

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood up to what depends on the counts alone."""
        mean = np.maximum(self.amounts @ (self.profiles * self.factors), TINY)
        return float((self.counts * np.log(mean) - mean).sum())

    def without(self, t: int) -> _Model:
        """Fit the same without one type."""
        others = np.arange(len(self.profiles)) != t
        amounts = np.maximum(self.amounts[:, others], 1e-3 * self.totals)
        return _Model(self.counts, self.profiles[others], (amounts, self.factors))

    def gain(self, profile: NDArray[np.float64]) -> float:
        """Nats that one more profile adds."""
        amounts = np.concatenate([self.amounts, START * self.totals], axis=1)
        more = _Model(self.counts, np.vstack([self.profiles, profile]), (amounts, self.factors))
        return more.log_likelihood - self.log_likelihood
