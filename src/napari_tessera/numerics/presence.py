"""Is a type of the reference in the tissue at all? Asked of the spots, against a positive control.

Spots are modelled as Poisson counts with mean ``f_g sum_t W_jt P_tg``: profiles P of the types,
their amounts W >= 0 in every spot, and a factor f of every gene that absorbs the platform and the
overall level. Only what varies from spot to spot can then speak for a type. The evidence for type t
is what the log-likelihood gains when t is added to all the others. How much it should be is seen on
the positive control: counts drawn from the fit without t, in which t fills half of every twentieth
spot. A type with a small share of that gain is not here, or too rare or too like others to be seen.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.tensors import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

FIRST_STEPS, STEPS = 60, 25
"""Updates of the fit with all types, and of every fit with one more or one less."""

MOST_SPOTS, MOST_GENES = 600, 500
"""Spots drawn and genes chosen for it."""

CONTROL_SPOTS, CONTROL_SHARE = 0.05, 0.5
"""Share of the spots that the positive control puts a type in, and its share there."""

WELL_SEEN = 0.75
"""Quantile of the types that says how well the reference fits the spots."""

NOT_HERE = 0.7
"""Absence from which a type counts as not here."""

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
    control : ndarray, shape (n_types,), float64
        The same on the positive control.
    """

    types: NDArray[np.str_]
    gain: NDArray[np.float64]
    control: NDArray[np.float64]

    @property
    def absence(self) -> NDArray[np.float32]:
        """Share of the control's evidence that is missing, 0 to 1, shape (n_types,).

        The control fits the profiles perfectly, cells of another person do not: where even the
        types with most evidence fall short of it, all are measured by them.
        """
        share = self.gain / np.maximum(self.control, TINY)
        reached = min(1.0, max(float(np.quantile(share, WELL_SEEN)), TINY))
        return np.asarray(1 - np.clip(share / reached, 0, 1), dtype=np.float32)

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
        Seed of the spots that are drawn where there are many, and of the positive control.

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
    counts = inputs.spots.values[rows][:, genes].toarray().astype(np.float32)
    kept = counts.sum(axis=1) > 0
    model = _Model(counts[kept], profiles[:, genes].astype(np.float32))
    gains, controls = [], []
    for t in range(types.size):
        others = model.without(t)
        gains.append(others.gain(model.profiles[t]))
        controls.append(others.with_some(model.profiles[t], rng).gain(model.profiles[t]))
    return TypeEvidence(types, np.array(gains), np.array(controls))


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
        counts: NDArray[np.float32],
        profiles: NDArray[np.float32],
        start: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    ) -> None:
        self.counts, self.profiles = counts, profiles
        self.totals = counts.sum(axis=1, keepdims=True)
        n_steps = FIRST_STEPS if start is None else STEPS
        if start is None:
            share = np.full((1, len(profiles)), 1 / max(len(profiles), 1), dtype=np.float32)
            start = self.totals * share, np.ones(profiles.shape[1], dtype=np.float32)
        self.amounts, self.factors = start
        self._fit(n_steps)

    def _fit(self, n_steps: int) -> None:
        """Update W and f in turn, on one thread: threads would wait for each other, not work."""
        counts, profiles = torch.from_numpy(self.counts), torch.from_numpy(self.profiles)
        amounts, factors = (torch.from_numpy(a) for a in (self.amounts, self.factors))
        seen = counts.sum(dim=0)
        with one_thread():
            for _ in range(n_steps):
                scaled = profiles * factors
                ratio = counts / (amounts @ scaled).clamp_(min=TINY)
                amounts = amounts * (ratio @ scaled.T) / scaled.sum(dim=1).clamp_(min=TINY)
                factors = seen / (amounts.sum(dim=0) @ profiles).clamp_(min=TINY)
        self.amounts, self.factors = amounts.numpy(), factors.numpy()

    def mean(self) -> NDArray[np.float32]:
        """Give the counts that the fit expects."""
        with one_thread():
            scaled = torch.from_numpy(self.profiles * self.factors)
            return np.asarray((torch.from_numpy(self.amounts) @ scaled).numpy())

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood up to what depends on the counts alone."""
        mean = np.maximum(self.mean(), TINY)
        return float((self.counts * np.log(mean) - mean).sum(dtype=np.float64))

    def without(self, t: int) -> _Model:
        """Fit the same without one type."""
        others = np.arange(len(self.profiles)) != t
        amounts = np.maximum(self.amounts[:, others], 1e-3 * self.totals)
        return _Model(self.counts, self.profiles[others], (amounts, self.factors))

    def gain(self, profile: NDArray[np.float32]) -> float:
        """Nats that one more profile adds."""
        amounts = np.concatenate([self.amounts, START * self.totals], axis=1)
        more = _Model(self.counts, np.vstack([self.profiles, profile]), (amounts, self.factors))
        return more.log_likelihood - self.log_likelihood

    def with_some(self, profile: NDArray[np.float32], rng: np.random.Generator) -> _Model:
        """Draw counts from this fit with some of one more profile in them, and fit them alike."""
        mean = self.mean().astype(np.float64)
        added = profile * self.factors
        there = rng.random((len(mean), 1)) < CONTROL_SPOTS
        share = np.where(there, CONTROL_SHARE, 0.0)
        counts = rng.poisson((1 - share) * mean + share * self.totals * added / added.sum())
        kept = counts.sum(axis=1) > 0
        amounts = np.maximum(self.amounts, 1e-3 * self.totals)[kept]
        return _Model(counts[kept].astype(np.float32), self.profiles, (amounts, self.factors))
