"""What a fit found, as it goes to disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Domains of a section and what the smoothness can be changed with.

    Parameters
    ----------
    probability : ndarray, shape (n_spots, n_domains), float32
        Soft labels.
    names : tuple of str
        Names of the domains.
    embedding : ndarray, shape (n_spots, n_factors), float32
        Scores the domains were found on.
    energy : ndarray, shape (n_members, n_spots, n_domains), float16
        Data energies of all members, over the smallest of the spot.
    betas : tuple of float
        Smoothness of every member.
    curve, stability : mapping of int to float
        Criterion and agreement by number of domains.
    scores : mapping of str to float
        Label-free scores.
    warnings : tuple of str
        What a reader should know.
    """

    probability: NDArray[np.float32]
    names: tuple[str, ...]
    embedding: NDArray[np.float32]
    energy: NDArray[np.float16]
    betas: tuple[float, ...]
    curve: Mapping[int, float] = field(default_factory=dict)
    stability: Mapping[int, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_state(self) -> State:
        """Arrays and values for the model file; scores and warnings travel beside it."""
        return State(
            arrays={
                "probability": self.probability,
                "embedding": self.embedding,
                "energy": self.energy,
                "betas": np.asarray(self.betas, dtype=np.float64),
            },
            values={
                "names": list(self.names),
                "curve": {str(k): float(v) for k, v in self.curve.items()},
                "stability": {str(k): float(v) for k, v in self.stability.items()},
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Answer:
        """Inverse of `to_state`."""
        a, v = state.arrays, state.values
        return cls(
            probability=a["probability"],
            names=tuple(v["names"]),
            embedding=a["embedding"],
            energy=a["energy"],
            betas=tuple(a["betas"].tolist()),
            curve={int(k): float(x) for k, x in v["curve"].items()},
            stability={int(k): float(x) for k, x in v["stability"].items()},
        )
