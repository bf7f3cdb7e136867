"""What a fit leaves for prediction, as a state and back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.come.options import ComeOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.come.maps import Arrays


@dataclasses.dataclass(frozen=True, kw_only=True)
class Learned:
    """All that prediction needs beside the inputs.

    Parameters
    ----------
    options : ComeOptions
        Of the fit.
    kept : ndarray of int, shape (n_used,)
        Columns of the inputs that the networks know.
    for_places, for_genes : list of mapping
        Weights, after the steps that were chosen for places and for expression.
    sharpness : float
        Factor of the logits over cells.
    steps : tuple of int
        Steps for expression and for places; 0 where the start was the best.
    folds : sequence of ndarray
        Gene folds, as positions in `kept`; empty where there were none.
    held_out : ndarray or None, shape (n_spots, n_used)
        Predictions of genes by the fold that held them out.
    spread : ndarray or None, shape (n_spots, n_types)
        Uncertainty of the composition.
    neighbours : float
        Weight of the spots around a spot in its composition.
    """

    options: ComeOptions
    kept: NDArray[np.int64]
    for_places: Sequence[Arrays]
    for_genes: Sequence[Arrays]
    sharpness: float = 1.0
    steps: tuple[int, int] = (0, 0)
    folds: Sequence[NDArray[np.int64]] = ()
    held_out: NDArray[np.float32] | None = None
    spread: NDArray[np.float32] | None = None
    neighbours: float = 0.0


def pack(learned: Learned) -> State:
    """Turn into a state."""
    sides = {"places": learned.for_places, "genes": learned.for_genes}
    same = learned.for_places is learned.for_genes or learned.steps[0] == learned.steps[1]
    parts = {
        f"{side}{i}": State(arrays=arrays)
        for side, members in sides.items()
        if side == "places" or not same
        for i, arrays in enumerate(members)
    }
    arrays: dict[str, NDArray[Any]] = dict(join_states(parts).arrays)
    arrays["kept"] = learned.kept
    arrays["fold"] = np.full(learned.kept.size, -1)
    for number, fold in enumerate(learned.folds):
        arrays["fold"][fold] = number
    for name in ("held_out", "spread"):
        if getattr(learned, name) is not None:
            arrays[name] = getattr(learned, name)
    values = {
        "options": learned.options.to_json(),
        "sharpness": learned.sharpness,
        "neighbours": learned.neighbours,
        "steps": list(learned.steps),
        "n_places": len(learned.for_places),
        "n_genes": 0 if same else len(learned.for_genes),
    }
    return State(arrays=arrays, values=values)


def unpack(state: State) -> Learned:
    """Inverse of `pack`."""
    v, a = state.values, state.arrays
    sides = {
        side: [dict(state.part(f"{side}{i}").arrays) for i in range(int(v[f"n_{side}"]))]
        for side in ("places", "genes")
    }
    fold = a["fold"]
    gene_steps, place_steps = (int(n) for n in v["steps"])
    return Learned(
        options=ComeOptions.from_json(v["options"]),
        kept=a["kept"],
        for_places=sides["places"],
        for_genes=sides["genes"] or sides["places"],
        sharpness=float(v["sharpness"]),
        neighbours=float(v.get("neighbours", 0.0)),
        steps=(gene_steps, place_steps),
        folds=[np.flatnonzero(fold == f) for f in range(int(fold.max(initial=-1)) + 1)],
        held_out=a.get("held_out"),
        spread=a.get("spread"),
    )
