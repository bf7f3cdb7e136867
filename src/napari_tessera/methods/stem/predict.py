"""From trained encoders to placement and composition."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.results import Composition, Placement, RunResult
from napari_tessera.methods.stem.network import Encoder, embed, new_encoder
from napari_tessera.numerics.calibration import radii
from napari_tessera.numerics.cell_map import CellMap, embedding_map
from napari_tessera.numerics.composing import composition, counts_em
from napari_tessera.numerics.counts import log_normalise, scale_genes, spots_as_cells
from napari_tessera.numerics.minimise import load_module
from napari_tessera.numerics.presence import type_evidence
from napari_tessera.numerics.release import release_memory
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.state import State

NEIGHBOURS = 20
"""Cells nearest in the embedding that are kept."""


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Place every cell and, where cells have types, compose every spot.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.

    Returns
    -------
    RunResult
        Placement with embeddings and neighbours; composition by counts expectation-maximisation
        from the map, or by the spot-to-cell softmax in the published form.
    """
    cells, spots, scales = _embeddings(fitted, inputs)
    cell_map = embedding_map(cells, spots, scales)
    rows = cell_map.within_sections(inputs.sample).rows(inputs.spot_xy, inputs.pitch)
    published = not bool(fitted.state.arrays["member0/cosine"])
    placement = Placement(
        cell_names=inputs.cells.obs_names,
        cell_types=inputs.cell_types,
        spot_names=inputs.spots.obs_names,
        neighbours=nearest_cells(cells, NEIGHBOURS),
        embedding=cells[0].cpu().numpy(),
        unit=inputs.unit,
        radius=None if published else radii(rows, fitted.state.values["credible"], inputs.pitch),
        **(vars(rows) | {"xy": rows.mean_xy if published else rows.xy}),
    )
    if inputs.cell_types is None:
        return RunResult(placement=placement)
    evidence = type_evidence(inputs, int(fitted.state.values["seed"]))
    placement = dataclasses.replace(placement, absence=evidence.of_cells(inputs.cell_types))
    entropy, embedding = cell_map.spot_entropy(), spots[0].cpu().numpy()
    if published:
        named = _published_composition(inputs.cell_types, cell_map)
    else:
        start = rows.map if inputs.sample is None else cell_map.kept()
        del cell_map, cells, spots, rows  # embeddings of every member: not needed any more
        release_memory()
        weights = counts_em(spots_as_cells(inputs), inputs.cells.values, start)
        named = composition(weights, inputs.cell_types)
    composed = Composition(
        spot_names=inputs.spots.obs_names,
        types=named[0],
        values=named[1],
        entropy=entropy,
        embedding=embedding,
        absence=evidence.absence,
    )
    return RunResult(placement=placement, composition=composed)


def _published_composition(
    cell_types: NDArray[np.str_], cell_map: CellMap
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Average types under every spot's softmax over cells."""
    types, codes = np.unique(cell_types, return_inverse=True)
    return types, cell_map.to_spots(np.eye(types.size)[codes]).astype(np.float32)


@torch.no_grad()
def nearest_cells(embeddings: list[torch.Tensor], k: int) -> NDArray[np.int64]:
    """Cells with the largest inner product, the cell itself left out.

    Parameters
    ----------
    embeddings : list of Tensor, each (n_cells, n_dims)
        Embeddings by every member; their products are added up.
    k : int
        How many.

    Returns
    -------
    ndarray, shape (n_cells, min(k, n_cells - 1)), int64
    """
    n_cells, device = embeddings[0].shape[0], embeddings[0].device
    k = min(k, n_cells - 1)
    size = max(1, 2**22 // n_cells)
    found = np.empty((n_cells, k), dtype=np.int64)
    for start in range(0, n_cells, size):
        rows = torch.arange(start, min(start + size, n_cells), device=device)
        products = embeddings[0][rows] @ embeddings[0].T
        for other in embeddings[1:]:
            products.addmm_(other[rows], other.T)
        products[torch.arange(len(rows), device=device), rows] = -torch.inf
        found[start : start + len(rows)] = products.topk(k, dim=1).indices.cpu().numpy()
    return found


def _embeddings(
    fitted: Fitted, inputs: PairedData
) -> tuple[list[torch.Tensor], list[torch.Tensor], list[float]]:
    """Embeddings of cells and spots by every member, and their inverse temperatures."""
    device = torch.device(fitted.device)
    genes = fitted.state.arrays["genes"]
    target = float(fitted.state.values["target"])
    seen = scale_genes(
        sparse.csr_matrix(inputs.spots.values[:, genes]), fitted.state.arrays["factors"]
    )
    both = [
        log_normalise(sparse.csr_matrix(inputs.cells.values[:, genes]), target),
        log_normalise(seen, float(fitted.state.values["spot_target"])),
    ]
    found: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    scales = []
    for i in range(int(fitted.state.values["n_members"])):
        net = load_encoder(fitted.state.part(f"member{i}"), device)
        for out, matrix in zip(found, both, strict=True):
            rows = partial(dense_rows, matrix, device=device)
            out.append(embed(net, rows, matrix.shape[0]))
        scales.append(float(net.scale.detach()))
    return *found, scales


def load_encoder(state: State, device: torch.device) -> Encoder:
    """Rebuild one member from its weights."""
    n_genes = state.arrays["layers.0.weight"].shape[1]
    net = new_encoder(
        n_genes,
        cosine=bool(state.arrays["cosine"]),
        generator=torch.Generator(),
    )
    load_module(net, state.arrays)
    return net.to(device).eval()
