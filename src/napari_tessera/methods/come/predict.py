"""From what was learned to places, compositions and genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.results import Composition, Placement, RunResult
from napari_tessera.methods.come.composing import compose
from napari_tessera.methods.come.imputing import impute
from napari_tessera.methods.come.maps import codes, relate
from napari_tessera.methods.come.packing import unpack
from napari_tessera.methods.come.preparing import prepare
from napari_tessera.numerics.sharing import share
from napari_tessera.numerics.spatial_statistics import graph_of

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Place every cell, compose every spot where cells have types, predict genes.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    learned, device = unpack(fitted.state), torch.device(fitted.device)
    data = prepare(inputs, learned.options, learned.kept)
    relation = relate(learned.for_places, data, device)
    rows = relation.over_spots.rows(inputs.spot_xy, inputs.pitch)
    is_free = relation.raw is not None
    u, v = (None, None) if is_free else codes(learned.for_places[0], data, device)
    placement = Placement(
        cell_names=inputs.cells.obs_names,
        cell_types=inputs.cell_types,
        spot_names=inputs.spots.obs_names,
        embedding=u,
        unit=inputs.unit,
        **vars(rows),
    )
    composed = None
    if inputs.cell_types is not None:
        shares = compose(inputs, relation, rows.map, (_all_genes(inputs), learned.sharpness))
        composed = Composition(
            spot_names=inputs.spots.obs_names,
            types=np.unique(inputs.cell_types),
            values=share(shares, graph_of(inputs), learned.neighbours),
            entropy=relation.over_spots.spot_entropy(),
            embedding=v,
            spread=learned.spread,
        )
    imputed = None
    if inputs.further is not None or learned.held_out is not None:
        imputed = impute(inputs, learned, data, relate(learned.for_genes, data, device))
    return RunResult(placement=placement, composition=composed, imputation=imputed)


def _all_genes(inputs: PairedData) -> np.ndarray:
    """Columns of all genes."""
    return np.arange(inputs.n_genes)
