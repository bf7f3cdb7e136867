"""Maps of networks in training: previews, held-out scores, and how far a cell may lie."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.methods.stem.network import Encoder, embed, new_encoder
from napari_tessera.numerics.calibration import calibrate
from napari_tessera.numerics.cell_map import MOST_K, CellMap, embedding_map
from napari_tessera.numerics.counts import log_normalise
from napari_tessera.numerics.minimise import load_module
from napari_tessera.numerics.pure_cells import single_cells
from napari_tessera.numerics.purifying import parts_of
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stem.training import TrainingData
    from napari_tessera.numerics.held_out import HeldOut


def map_of(nets: list[Encoder], data: TrainingData, cells: sparse.csr_matrix) -> CellMap:
    """Map cells by the average of some networks.

    Parameters
    ----------
    nets : list of Encoder
        Networks; left in the mode they were in.
    data : TrainingData
        Gives the spots.
    cells : csr_matrix, shape (n_cells, n_used)
        Log-normalised cells.

    Returns
    -------
    CellMap
    """
    device = data.adjacency.values.device
    embedded = []
    for net in nets:
        was_training = net.training
        net.eval()
        u = embed(net, lambda rows: dense_rows(cells, rows, device), cells.shape[0])
        z = embed(net, lambda rows: dense_rows(data.spots, rows, device), data.spots.shape[0])
        embedded.append((u, z, float(net.scale.detach())))
        net.train(was_training)
    us, zs, scales = (list(part) for part in zip(*embedded, strict=True))
    return embedding_map(us, zs, scales).within_sections(data.sample)


def place(
    net: Encoder, data: TrainingData, cells: sparse.csr_matrix, k: int = MOST_K
) -> NDArray[np.float64]:
    """Place cells by one network: geometric median of the map, the mean in the published form.

    Parameters
    ----------
    net : Encoder
        The network.
    data : TrainingData
        Gives the spots.
    cells : csr_matrix, shape (n_cells, n_used)
        Log-normalised cells.
    k : int
        Spots per cell that the median is taken over.

    Returns
    -------
    ndarray, shape (n_cells, 2), float64
    """
    cell_map = map_of([net], data, cells)
    if not net.is_cosine:  # the published form places at the mean
        return cell_map.to_cells(data.spot_xy)
    return cell_map.place(data.spot_xy, data.pitch, k)


def credible(
    judges: Sequence[Mapping[str, NDArray[Any]]],
    inputs: PairedData,
    split: HeldOut,
    learned: tuple[TrainingData, TrainingData | None],
    seed: int,
) -> dict[str, float]:
    """Calibrate how far a cell may lie on single pseudo-cells of the held-out spots.

    Parameters
    ----------
    judges : sequence of mapping
        Weights of the networks that were trained without these spots.
    inputs : PairedData
        All spots.
    split : HeldOut
        Which of them were held out.
    learned : tuple of TrainingData
        What the judges were trained on, and what the members were, if they were: of it the spots
        taken apart are used again.
    seed : int
        Seed of the fit.

    Returns
    -------
    dict
        Fields of a `CredibleScale`.
    """
    data, whole = learned
    device = data.adjacency.values.device
    if whole is not None and whole.parts and np.array_equal(whole.genes, data.genes):
        parts = whole.parts
    else:
        parts = parts_of(inputs, data.genes, seed, device)
    counts, xy = single_cells(inputs, split, parts, data.factors, seed)
    nets = []
    for weights in judges:
        cosine = bool(weights["cosine"])
        net = new_encoder(data.genes.size, cosine=cosine, generator=torch_generator(0))
        load_module(net, weights)
        nets.append(net.to(device))
    cells = log_normalise(counts, data.target)
    return dataclasses.asdict(calibrate(map_of(nets, data, cells), split.inputs, xy))
