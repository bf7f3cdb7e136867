"""Spatial domains with soft labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Domains:
    """Which domain every spot lies in.

    Parameters
    ----------
    spot_names : ndarray of str, shape (n_spots,)
        Names of the spots.
    names : ndarray of str, shape (n_domains,)
        Names of the domains: those of the source where they were matched, else numbers.
    probability : ndarray, shape (n_spots, n_domains), float32
        Soft labels; rows sum to 1.
    embedding : ndarray or None, shape (n_spots, n_factors), float32
        Scores that the domains were found on.
    curve : mapping of int to float
        Criterion by number of domains, smaller is better; empty where the number was given.
    stability : mapping of int to float
        Agreement of repeated partitions by number of domains, 0 to 1.
    colours : mapping of str to str
        Colours that a person gave, ``#rrggbb`` by name; the palette's where it says nothing.
    """

    spot_names: NDArray[np.str_]
    names: NDArray[np.str_]
    probability: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    curve: Mapping[int, float] = field(default_factory=dict)
    stability: Mapping[int, float] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.spot_names.size, self.names.size)
        if self.probability.shape != shape:
            msg = f"probability must have shape {shape}; found {self.probability.shape}"
            raise ValueError(msg)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Position of the likeliest of all `names`, shape (n_spots,)."""
        return np.asarray(self.probability.argmax(axis=1), dtype=np.int64)

    @property
    def domain(self) -> NDArray[np.str_]:
        """Likeliest domain, shape (n_spots,)."""
        return np.asarray(self.names[self.codes], dtype=np.str_)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of the likeliest domain, shape (n_spots,)."""
        return np.asarray(self.probability.max(axis=1), dtype=np.float32)

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the spots' table, all of length n_spots."""
        shares = {str(n): self.probability[:, i] for i, n in enumerate(self.names)}
        return {"domain": self.domain, "domain_confidence": self.confidence, **shares}

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the spots' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.spot_names, name="spot"))

    def to_state(self) -> State:
        """Arrays and values for a result file."""
        arrays: dict[str, NDArray[Any]] = {"probability": self.probability}
        if self.embedding is not None:
            arrays["embedding"] = self.embedding
        return State(
            arrays=arrays,
            values={
                "spot_names": self.spot_names.tolist(),
                "names": self.names.tolist(),
                "curve": {str(k): v for k, v in self.curve.items()},
                "stability": {str(k): v for k, v in self.stability.items()},
                "colours": dict(self.colours),
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        v = state.values
        return cls(
            spot_names=np.asarray(v["spot_names"], dtype=np.str_),
            names=np.asarray(v["names"], dtype=np.str_),
            probability=state.arrays["probability"],
            embedding=state.arrays.get("embedding"),
            curve={int(k): float(x) for k, x in v["curve"].items()},
            stability={int(k): float(x) for k, x in v["stability"].items()},
            colours=dict(v.get("colours", {})),
        )
