"""What a run gives: its answers and how they came about. Values with names and an uncertainty."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.inputs import Origin
from napari_tessera.contract.state import State, join_states, pack_sparse, unpack_sparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from scipy import sparse


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where every cell lies, and how sure that is.

    Parameters
    ----------
    cell_names : ndarray of str, shape (n_cells,)
        Names of the cells.
    cell_types : ndarray of str or None, shape (n_cells,)
        Their labels in the reference.
    spot_names : ndarray of str, shape (n_spots,)
        Columns of the map.
    xy : ndarray, shape (n_cells, 2), float64
        Placement to draw and to score, in `unit` (geometric median of the map's row).
    mean_xy : ndarray, shape (n_cells, 2), float64
        Expectation over the whole row, exact.
    covariance : ndarray, shape (n_cells, 2, 2), float32
        Second central moment of the row, exact.
    entropy : ndarray, shape (n_cells,), float32
        Entropy of the row in nats, exact.
    confidence : ndarray, shape (n_cells,), float32
        Mass of the row within three pitches of `xy`, 0 to 1.
    modal_spot : ndarray, shape (n_cells,), int64
        Spot with the largest probability.
    map : scipy.sparse.csr_matrix, shape (n_cells, n_spots), float32
        Largest entries of every row, chosen by mass; rows sum to 1 - map_residual.
    map_residual : ndarray, shape (n_cells,), float32
        Mass that `map` leaves out.
    neighbours : ndarray or None, shape (n_cells, k), int64
        Cells nearest in the embedding, self removed.
    embedding : ndarray or None, shape (n_cells, n_dims), float32
        Embedding of the cells.
    unit : str
        Unit of the coordinates.
    modes : ndarray or None, shape (n_cells, 2, 2), float64
        The two places where most of the row lies together, the heavier first; on mirror-symmetric
        tissue `xy` may lie between them, where no such cell lives.
    mode_mass : ndarray or None, shape (n_cells, 2), float32
        Mass near each of them.
    radius : ndarray or None, shape (n_cells,), float32
        Radius of the disc about `xy` that holds the cell with a chance of 90 %, in `unit`;
        calibrated on held-out spots.
    absence : ndarray or None, shape (n_cells,), float32
        How little the spots speak for the cell's type: near 1 is "not here"; see `Composition`.
    """

    cell_names: NDArray[np.str_]
    cell_types: NDArray[np.str_] | None
    spot_names: NDArray[np.str_]
    xy: NDArray[np.float64]
    mean_xy: NDArray[np.float64]
    covariance: NDArray[np.float32]
    entropy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    modal_spot: NDArray[np.int64]
    map: sparse.csr_matrix
    map_residual: NDArray[np.float32]
    neighbours: NDArray[np.int64] | None = None
    embedding: NDArray[np.float32] | None = None
    unit: str = ""
    modes: NDArray[np.float64] | None = None
    mode_mass: NDArray[np.float32] | None = None
    radius: NDArray[np.float32] | None = None
    absence: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n_cells, n_spots = self.cell_names.size, self.spot_names.size
        wanted = {
            "xy": (n_cells, 2),
            "mean_xy": (n_cells, 2),
            "covariance": (n_cells, 2, 2),
            "entropy": (n_cells,),
            "confidence": (n_cells,),
            "modal_spot": (n_cells,),
            "map": (n_cells, n_spots),
            "map_residual": (n_cells,),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                msg = f"{name} must have shape {shape}; found {getattr(self, name).shape}"
                raise ValueError(msg)

    @cached_property
    def type_names(self) -> tuple[str, ...]:
        """Types of the placed cells, sorted; the first time every cell is looked at."""
        return () if self.cell_types is None else tuple(np.unique(self.cell_types).tolist())

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the cells' table, all of length n_cells."""
        columns: dict[str, NDArray[Any]] = {
            "x": self.xy[:, 0],
            "y": self.xy[:, 1],
            "confidence": self.confidence,
            "entropy": self.entropy,
            "modal_spot": self.spot_names[self.modal_spot],
            "map_residual": self.map_residual,
        }
        for name in ("radius", "absence"):
            if getattr(self, name) is not None:
                columns[name] = getattr(self, name)
        if self.cell_types is not None:
            columns["cell_type"] = self.cell_types
        return columns

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the cells' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.cell_names, name="cell"))

    def to_state(self) -> State:
        """Arrays and values for a result file."""
        arrays = {n: getattr(self, n) for n in _PLACEMENT_ARRAYS if getattr(self, n) is not None}
        return State(
            arrays=arrays | pack_sparse("map", self.map),
            values={
                "cell_names": self.cell_names.tolist(),
                "spot_names": self.spot_names.tolist(),
                "cell_types": None if self.cell_types is None else self.cell_types.tolist(),
                "unit": self.unit,
            },
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        v = state.values
        types = v["cell_types"]
        return cls(
            **{name: state.arrays.get(name) for name in _PLACEMENT_ARRAYS},  # type: ignore[arg-type]
            map=unpack_sparse("map", state.arrays),
            cell_names=np.asarray(v["cell_names"], dtype=np.str_),
            spot_names=np.asarray(v["spot_names"], dtype=np.str_),
            cell_types=None if types is None else np.asarray(types, dtype=np.str_),
            unit=v["unit"],
        )


_PLACEMENT_ARRAYS = (
    "xy", "mean_xy", "covariance", "entropy", "confidence", "modal_spot", "map_residual",
    "neighbours", "embedding", "modes", "mode_mass", "radius", "absence",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Which share of every spot each cell type has.

    Parameters
    ----------
    spot_names : ndarray of str, shape (n_spots,)
        Names of the spots.
    types : ndarray of str, shape (n_types,)
        Names of the cell types, sorted.
    values : ndarray, shape (n_spots, n_types), float32
        Fractions; rows sum to 1.
    entropy : ndarray, shape (n_spots,), float32
        Entropy in nats of the spot's distribution over cells, the uncertainty.
    embedding : ndarray or None, shape (n_spots, n_dims), float32
        Embedding of the spots.
    spread : ndarray or None, shape (n_spots, n_types), float32
        Standard deviation of `values` over fits that each lack a part of the genes.
    absence : ndarray or None, shape (n_types,), float32
        How much is missing of the evidence that a type would give if it filled half of every
        twentieth spot, 0 to 1: from 0.7 on it is "not here", or too rare to be seen.
    """

    spot_names: NDArray[np.str_]
    types: NDArray[np.str_]
    values: NDArray[np.float32]
    entropy: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    spread: NDArray[np.float32] | None = None
    absence: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        shape = (self.spot_names.size, self.types.size)
        if self.spread is not None and self.spread.shape != shape:
            msg = f"spread must have shape {shape}; found {self.spread.shape}"
            raise ValueError(msg)
        if self.values.shape != shape or self.entropy.shape != shape[:1]:
            msg = f"values must have shape {shape}; found {self.values.shape}"
            raise ValueError(msg)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Position of the largest share among `types`, shape (n_spots,)."""
        return np.asarray(self.values.argmax(axis=1), dtype=np.int64)

    @cached_property
    def lead(self) -> NDArray[np.float32]:
        """Largest share less the second largest, shape (n_spots,), float32; of one type, all."""
        if self.types.size < 2:
            return np.asarray(self.values.max(axis=1), dtype=np.float32)
        two = np.partition(self.values, -2, axis=1)[:, -2:]
        return np.asarray(two[:, 1] - two[:, 0], dtype=np.float32)

    @property
    def dominant_type(self) -> NDArray[np.str_]:
        """Type with the largest share, shape (n_spots,)."""
        return np.asarray(self.types[self.codes], dtype=np.str_)

    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per column of the spots' table, all of length n_spots."""
        shares = {str(t): self.values[:, i] for i, t in enumerate(self.types)}
        return {"dominant_type": self.dominant_type, "map_entropy": self.entropy, **shares}

    def table(self) -> pd.DataFrame:
        """`columns` as a data frame with the spots' names as index."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=pd.Index(self.spot_names, name="spot"))

    def to_state(self) -> State:
        """Arrays and values for a result file."""
        arrays: dict[str, NDArray[Any]] = {"values": self.values, "entropy": self.entropy}
        for name in ("embedding", "spread", "absence"):
            if getattr(self, name) is not None:
                arrays[name] = getattr(self, name)
        names = {"spot_names": self.spot_names.tolist(), "types": self.types.tolist()}
        return State(arrays=arrays, values=names)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        return cls(
            spot_names=np.asarray(state.values["spot_names"], dtype=np.str_),
            types=np.asarray(state.values["types"], dtype=np.str_),
            values=state.arrays["values"],
            entropy=state.arrays["entropy"],
            embedding=state.arrays.get("embedding"),
            spread=state.arrays.get("spread"),
            absence=state.arrays.get("absence"),
        )


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """All that one run answers; what it does not answer is None."""

    placement: Placement | None = None
    composition: Composition | None = None
    imputation: Imputation | None = None
    annotation: Annotation | None = None
    domains: Domains | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """Names of the parts that are there."""
        return tuple(name for name in _PARTS if getattr(self, name) is not None)

    def to_state(self) -> State:
        """Arrays and values for ``result.safetensors``."""
        return join_states({name: getattr(self, name).to_state() for name in self.answers})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Inverse of `to_state`."""
        found = {name: state.part(name) for name in _PARTS}
        return cls(
            **{n: _PARTS[n].from_state(part) for n, part in found.items() if part.arrays}  # type: ignore[attr-defined]
        )


_PARTS: Mapping[str, type] = {
    "placement": Placement,
    "composition": Composition,
    "imputation": Imputation,
    "annotation": Annotation,
    "domains": Domains,
}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came about.

    Parameters
    ----------
    method : str
        Name in ``METHODS``.
    options : mapping
        Options as JSON.
    origin : Origin
        Selection, preparation and fingerprint of the input.
    versions : mapping of str to str
        Of this package, torch, numpy, Python.
    device : str
        Device that computed.
    seconds : float
        Wall time of the fit.
    ending : str
        ``complete`` or ``finished early``.
    scores : mapping of str to float
        Held-out scores of the method.
    baseline : mapping
        ``method`` and the same scores of the simple baseline.
    history : mapping of str to tuple of float
        Loss terms of the final fit, one value per recorded step; ``step`` holds the steps.
    warnings : tuple of str
        What a reader should know.
    run_directory : str
        Relative to the store; empty where there is none.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    seconds: float = 0.0
    ending: str = "complete"
    scores: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Any] = field(default_factory=dict)
    history: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    run_directory: str = ""
    created: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON string."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            **{
                **values,
                "origin": Origin.from_json(values["origin"]),
                "history": {k: tuple(v) for k, v in values["history"].items()},
                "warnings": tuple(values["warnings"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run: its name, its result, and how it came about.

    Parameters
    ----------
    name : str
        Name in the store.
    result : RunResult
        What it answers.
    provenance : Provenance
        How it came about.
    colours : mapping of str to str
        ``#rrggbb`` of the types and domains whose colour a person has chosen.
    """

    name: str
    result: RunResult
    provenance: Provenance
    colours: Mapping[str, str] = field(default_factory=dict)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the placed cells; see `napari_tessera.contract.drawing.plot_run`."""
        from napari_tessera.contract.drawing import plot_run

        return plot_run(self, axes)

    def _repr_html_(self) -> str:
        """Show as a table in a notebook."""
        from napari_tessera.contract.drawing import run_html

        return run_html(self)
