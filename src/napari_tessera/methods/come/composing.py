"""What every spot is made of, by the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.methods.come.maps import Arrays, relate
from napari_tessera.methods.come.preparing import cut, has_counts
from napari_tessera.numerics.blending import blend
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.sharing import choose_weight
from napari_tessera.numerics.spatial_statistics import graph_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.come.maps import Relation
    from napari_tessera.methods.come.options import ComeOptions
    from napari_tessera.methods.come.preparing import Prepared

_STREAM = 11
"""Draws that choose the weight of the neighbours."""

KEPT_SHARE = 0.1
"""Share of the cells that make up a spot under the free map, as published."""


def compose(
    inputs: PairedData,
    relation: Relation,
    cell_map: sparse.csr_matrix,
    how: tuple[NDArray[np.int64], float],
) -> NDArray[np.float32]:
    """Fractions of the cell types in every spot.

    Counts are composed by counts expectation-maximisation, from the map and from mean profiles, see
    `blend`; a tissue without counts by the average type under the softmax over cells; the free map
    as published.

    Parameters
    ----------
    inputs : PairedData
        With cell types.
    relation : Relation
        The map.
    cell_map : csr_matrix, shape (n_cells, n_spots)
        Largest entries of the map over spots.
    how : tuple
        Columns of the inputs whose counts are looked at, and the sharpness over cells.

    Returns
    -------
    ndarray, shape (n_spots, n_types), float32
        Rows sum to one; types in the order of their names.
    """
    if inputs.cell_types is None:
        msg = "cells without types compose nothing"
        raise ValueError(msg)
    genes, sharpness = how
    types, codes = np.unique(inputs.cell_types, return_inverse=True)
    one_hot = np.eye(types.size, dtype=np.float32)[codes]
    if relation.raw is not None:
        return _largest(relation.raw, one_hot)
    if not has_counts(inputs):
        return relation.carry(one_hot, sharpness)
    spots, cells = cut(inputs.spots.values, genes), cut(inputs.cells.values, genes)
    return blend(spots, cells, cell_map, inputs.cell_types)[1]


def choose_neighbours(inputs: PairedData, relation: Relation, options: ComeOptions) -> float:
    """Weight of the spots around a spot in its composition.

    What the options say, else what held-out counts choose, see `choose_weight`; 0 without counts
    or types, and for the free map.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    relation : Relation
        The map.
    options : ComeOptions
        ``neighbours`` and ``seed`` are used.
    """
    if options.neighbours is not None:
        return options.neighbours
    if inputs.cell_types is None or relation.raw is not None or not has_counts(inputs):
        return 0.0
    cell_map = relation.over_spots.rows(inputs.spot_xy, inputs.pitch).map
    sides = (inputs.spots.values, inputs.cells.values, cell_map, inputs.cell_types)
    return choose_weight(sides, graph_of(inputs), rng_for(options.seed, _STREAM))


def composition_spread(
    inputs: PairedData,
    folds: Sequence[tuple[Arrays, Prepared]],
    sharpness: float,
    device: torch.device,
) -> NDArray[np.float32]:
    """Take the standard deviation of the composition over networks that each lack some genes.

    Neighbours have no part in it.

    Parameters
    ----------
    inputs : PairedData
        With cell types.
    folds : sequence of (mapping, Prepared)
        Weights, and the genes that they know.
    sharpness : float
        Factor of the logits over cells.
    device : torch.device
        Where it is computed.

    Returns
    -------
    ndarray, shape (n_spots, n_types), float32
    """
    found = []
    for arrays, data in folds:
        relation = relate([arrays], data, device)
        rows = relation.over_spots.rows(inputs.spot_xy, inputs.pitch)
        found.append(compose(inputs, relation, rows.map, (data.genes, sharpness)))
    return np.asarray(np.std(found, axis=0), dtype=np.float32)


def _largest(weights: torch.Tensor, one_hot: NDArray[np.float32]) -> NDArray[np.float32]:
    """Types of the tenth of the cells with the largest weights in every spot, by weight."""
    k = max(1, round(KEPT_SHARE * weights.shape[1]))
    found = np.empty((weights.shape[0], one_hot.shape[1]), dtype=np.float32)
    for i, row in enumerate(weights.clamp(min=0.0)):
        best = row.topk(k)
        found[i] = best.values.cpu().numpy() @ one_hot[best.indices.cpu().numpy()]
    total = found.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, found / np.maximum(total, 1e-30), one_hot.mean(axis=0))
    return np.asarray(shares, dtype=np.float32)
