"""What held-out genes and held-out spots choose: length of training and sharpness."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.methods.come.maps import Arrays, relate
from napari_tessera.methods.come.preparing import cut
from napari_tessera.numerics.folds import rest_of, stratified_folds
from napari_tessera.numerics.gene_scores import gene_pcc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from napari_tessera.methods.come.options import ComeOptions
    from napari_tessera.methods.come.preparing import Prepared
    from napari_tessera.numerics.held_out import HeldOut

SHARPNESS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Factors of the amortised map's logits over cells that held-out genes choose from."""

LEAST_GENES = 4
"""Fewest genes per fold that are worth a fold."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """What held-out genes chose.

    Parameters
    ----------
    snapshot : int
        Number of the snapshot.
    sharpness : float
        Factor of the logits over cells.
    pcc : ndarray or None, shape (n_used,)
        Correlation of every gene with what was predicted for it while it was held out.
    """

    snapshot: int
    sharpness: float
    pcc: NDArray[np.float64] | None = None


def folds_of(data: Prepared, options: ComeOptions) -> list[NDArray[np.int64]]:
    """Folds of the used genes, stratified by their level in the tissue; none if too few genes."""
    n_folds = min(options.folds, data.genes.size // LEAST_GENES)
    if n_folds < 2:
        return []
    level = np.asarray(data.spots.values.mean(axis=0)).ravel()
    return stratified_folds(level, n_folds, options.seed)


def held_out_pcc(
    snapshots: Sequence[Arrays], data: Prepared, fold: NDArray[np.int64], device: torch.device
) -> NDArray[np.float64]:
    """Correlation of the genes of a fold with what each candidate predicts for them.

    Parameters
    ----------
    snapshots : sequence of mapping
        Weights after each length of training.
    data : Prepared
        With all used genes.
    fold : ndarray of int
        Genes that the networks have not seen.
    device : torch.device
        Where it is computed.

    Returns
    -------
    ndarray, shape (n_snapshots, n_sharpness, n_fold), float64
    """
    rest = data.only(rest_of(fold, data.genes.size))
    truth = cut(data.spots.values, fold).toarray()
    cells = cut(data.cells.values, fold)
    found = []
    for arrays in snapshots:
        relation = relate([arrays], rest, device)
        grid = (1.0,) if relation.raw is not None else SHARPNESS
        found.append([gene_pcc(truth, relation.carry(cells, sharp)) for sharp in grid])
    return np.array(found)


def choose(scores: Sequence[NDArray[np.float64]], folds: Sequence[NDArray[np.int64]]) -> Choice:
    """Take the candidate with the best mean over all held-out genes.

    Parameters
    ----------
    scores : sequence of ndarray, each (n_snapshots, n_sharpness, n_fold)
        From `held_out_pcc`, fold by fold.
    folds : sequence of ndarray of int
        Genes of the folds.
    """
    joined = np.concatenate(scores, axis=2)
    snapshot, sharp = np.unravel_index(joined.mean(axis=2).argmax(), joined.shape[:2])
    pcc = np.empty(joined.shape[2])
    pcc[np.concatenate(folds)] = joined[snapshot, sharp]
    grid = SHARPNESS if joined.shape[1] > 1 else (1.0,)
    return Choice(snapshot=int(snapshot), sharpness=grid[int(sharp)], pcc=pcc)


def held_out_predictions(
    chosen: Sequence[Arrays],
    data: Prepared,
    folds: Sequence[NDArray[np.int64]],
    how: tuple[float, torch.device],
) -> NDArray[np.float32]:
    """Predictions of all used genes, each by the network of the fold that held it out.

    Parameters
    ----------
    chosen : sequence of mapping
        Weights, one per fold.
    data, folds
        As in `held_out_pcc`.
    how : tuple
        Sharpness, and where it is computed.

    Returns
    -------
    ndarray, shape (n_spots, n_used), float32
    """
    sharpness, device = how
    found = np.empty((data.spots.n_rows, data.genes.size), dtype=np.float32)
    for arrays, fold in zip(chosen, folds, strict=True):
        rest = data.only(rest_of(fold, data.genes.size))
        cells = cut(data.cells.values, fold)
        found[:, fold] = relate([arrays], rest, device).carry(cells, sharpness)
    return found


def place_pseudo_cells(
    arrays: Arrays, data: Prepared, split: HeldOut, device: torch.device
) -> dict[str, float]:
    """Score of one network on the pseudo-cells of held-out spots."""
    counts = cut(split.pseudo_cells.values, data.genes)
    # pseudo-cells come scaled to the cells' platform already
    plain = dataclasses.replace(data, factors=np.ones_like(data.factors))
    cells = data.queries.like(plain.log_counts(counts))
    relation = relate([arrays], data, device, cells)
    return split.scores(relation.over_spots.place(split.inputs.spot_xy, split.inputs.pitch))
