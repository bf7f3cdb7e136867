"""Cell types of the tissue's own cells, with probabilities, sets, and a word for strangers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.state import State

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """Which cell type every spot is.

    Parameters
    ----------
    spot_names : ndarray of str, shape (n_spots,)
        Names of the spots (cells of an imaging platform).
    types : ndarray of str, shape (n_types,)
        Names of the cell types, sorted.
    probability : ndarray, shape (n_spots, n_types), float32
        Calibrated probabilities; rows sum to 1.
    prediction_set : ndarray of bool, shape (n_spots, n_types)
        Types that cannot be ruled out at `coverage`.
    novelty_p : ndarray, shape (n_spots,), float32
        P-value of belonging to one of `types` at all; small ones are "none of these".
    coverage : float
        Nominal coverage of the sets.
    """

    spot_names: NDArray[np.str_]
    types: NDArray[np.str_]
    probability: NDArray[np.float32]
    prediction_set: NDArray[np.bool_]
    novelty_p: NDArray[np.float32]
    coverage: float = 0.9

    def __post_init__(self) -> None:
        shape = (self.spot_names.size, self.types.size)
        for name, wanted in (
            ("probability", shape),
            ("prediction_set", shape),
            ("novelty_p", shape[:1]),
        ):
            if getattr(self, name).shape != wanted:
                msg = f"{name} must have shape {wanted}; found {getattr(self, name).shape}"
                raise ValueError(msg)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Position of the likeliest of all `types`, shape (n_spots,)."""
        return np.asarray(self.probability.argmax(axis=1), dtype=np.int64)

    @property
    def cell_type(self) -> NDArray[np.str_]:
        """Likeliest type, shape (n_spots,)."""
        return np.asarray(self.types[self.codes], dtype=np.str_)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of the likeliest type, shape (n_spots,)."""
        return np.asarray(self.probability.max(axis=1), dtype=np.float32)

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the spots' table, all of length n_spots."""
        shares = {str(t): self.probability[:, i] for i, t in enumerate(self.types)}
        return {
            "cell_type": self.cell_type,
            "cell_type_confidence": self.confidence,
            "novelty_p": self.novelty_p,
            **shares,
        }

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the spots' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.spot_names, name="spot"))

    def to_state(self) -> State:
        """Arrays and values for a result file."""
        return State(
            arrays={name: getattr(self, name) for name in _ARRAYS},
            values={
                "spot_names": self.spot_names.tolist(),
                "types": self.types.tolist(),
                "coverage": self.coverage,
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        return cls(
            **{name: state.arrays[name] for name in _ARRAYS},
            spot_names=np.asarray(state.values["spot_names"], dtype=np.str_),
            types=np.asarray(state.values["types"], dtype=np.str_),
            coverage=float(state.values["coverage"]),
        )


_ARRAYS = ("probability", "prediction_set", "novelty_p")
