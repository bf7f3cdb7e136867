"""Arrays and plain values that go to disk: checkpoints, prepared inputs, fitted models, results."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class State:
    """What safetensors and one JSON file can hold between them; never a pickle.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Numeric arrays by name. Text and sparse matrices go through `pack_text`, `pack_sparse`.
    values : mapping of str to JSON value
        Everything else.
    """

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    def part(self, prefix: str) -> State:
        """Return the entries below ``prefix/`` with the prefix taken off."""
        cut = len(prefix) + 1
        return State(
            arrays={k[cut:]: v for k, v in self.arrays.items() if k.startswith(f"{prefix}/")},
            values={k[cut:]: v for k, v in self.values.items() if k.startswith(f"{prefix}/")},
        )


def join_states(parts: Mapping[str, State]) -> State:
    """Put states under prefixes into one; `State.part` takes them out again."""
    return State(
        arrays={f"{p}/{k}": v for p, s in parts.items() for k, v in s.arrays.items()},
        values={f"{p}/{k}": v for p, s in parts.items() for k, v in s.values.items()},
    )


def pack_sparse(name: str, matrix: sparse.csr_matrix) -> dict[str, NDArray[Any]]:
    """Three arrays and a shape for one CSR matrix."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices,
        f"{name}.indptr": matrix.indptr,
        f"{name}.shape": np.asarray(matrix.shape, dtype=np.int64),
    }


def unpack_sparse(name: str, arrays: Mapping[str, NDArray[Any]]) -> sparse.csr_matrix:
    """Inverse of `pack_sparse`."""
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    shape = cast("tuple[int, int]", tuple(arrays[f"{name}.shape"].tolist()))
    return sparse.csr_matrix(parts, shape=shape)


class JobState(StrEnum):
    """Life of a job: QUEUED, RUNNING, then exactly one of the other three."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended, said exactly once.

    Parameters
    ----------
    state : JobState
        DONE, FAILED or CANCELLED.
    message, hint : str
        For a failure: what happened, and what to do.
    resumable : bool
        Whether a checkpoint is there to go on from.
    """

    state: JobState
    message: str = ""
    hint: str = ""
    resumable: bool = False
