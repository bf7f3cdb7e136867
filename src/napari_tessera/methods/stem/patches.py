"""Some of many spots per step: patches of neighbours from all over the tissue.

Softmaxes over all spots make a step quadratic in them. Beyond a few thousand spots a step sees some
of them: spots near one another, which are hard to tell apart and have their neighbours at hand, and
spots from everywhere. The target is cut to them and its rows are scaled to sum to one again.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATCH = 64
"""Spots of one patch."""

SPARE = 2
"""Patches that are looked through, in those that would do if none overlapped."""


@dataclasses.dataclass(frozen=True)
class Patches:
    """The neighbourhoods that batches of spots are made of.

    Parameters
    ----------
    nearest : ndarray of int, shape (n_spots, `PATCH`)
        Every spot and those nearest to it in its section.
    target : csr_matrix, shape (n_spots, n_spots)
        Spatial target S.
    """

    nearest: NDArray[np.int32]
    target: sparse.csr_matrix

    @classmethod
    def of(
        cls,
        spot_xy: NDArray[np.float64],
        sample: NDArray[np.str_] | None,
        target: sparse.csr_matrix,
    ) -> Patches:
        """Find the neighbourhoods.

        Parameters
        ----------
        spot_xy : ndarray, shape (n_spots, 2), float64
            Spot centres.
        sample : ndarray of str or None, shape (n_spots,)
            Section of every spot.
        target : csr_matrix, shape (n_spots, n_spots)
            Spatial target S.
        """
        names = np.zeros(len(spot_xy)) if sample is None else sample
        nearest = np.empty((len(spot_xy), PATCH), dtype=np.int32)
        for name in np.unique(names):
            rows = np.flatnonzero(names == name)
            k = min(PATCH, rows.size)
            found = np.asarray(cKDTree(spot_xy[rows]).query(spot_xy[rows], k=k)[1])
            wide = np.resize(found.reshape(rows.size, k).T, (PATCH, rows.size)).T
            nearest[rows] = rows[wide]
        return cls(nearest, target)

    def draw(self, rng: np.random.Generator, n_spots: int) -> NDArray[np.int64]:
        """Draw whole patches until there are so many spots, and none of them twice.

        Always equally many: torch's library for the CPU keeps what it compiled for every shape that
        it met, up to half a gigabyte.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the draw.
        n_spots : int
            How many, if there are; a multiple of `PATCH` is drawn.

        Returns
        -------
        ndarray of int, rising
        """
        everyone = np.arange(len(self.nearest))
        n_patches = max(1, n_spots // PATCH)
        n = min(n_patches * PATCH, everyone.size)
        in_turn = self.nearest[rng.permutation(everyone)[: SPARE * n_patches]].ravel()
        first_seen = np.sort(np.unique(in_turn, return_index=True)[1])
        found = in_turn[first_seen][:n]
        missing = rng.permutation(np.setdiff1d(everyone, found))[: n - found.size]
        return np.sort(np.concatenate([found, missing])).astype(np.int64)

    def target_of(self, rows: NDArray[np.int64]) -> sparse.csr_matrix:
        """Cut the target to some spots; rows sum to one."""
        cut = sparse.csr_matrix(self.target[rows][:, rows])
        cut.sort_indices()
        totals = np.asarray(cut.sum(axis=1)).ravel()
        return sparse.csr_matrix(sparse.diags(1 / totals) @ cut)
