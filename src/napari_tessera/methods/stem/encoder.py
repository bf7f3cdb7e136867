"""The trained map as a function of expression, for attribution (:cite:`hao2024stem`)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from scipy import sparse
from torch.nn import functional

from napari_tessera.methods.stem.network import embed
from napari_tessera.methods.stem.predict import load_encoder
from napari_tessera.numerics.counts import log_normalise, scale_genes
from napari_tessera.numerics.map_encoder import MapEncoder, MapMember
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.state import State
    from napari_tessera.methods.stem.network import Encoder


def map_encoder(state: State, inputs: PairedData, device: torch.device) -> MapEncoder:
    """Rebuild the networks of a fit with their spots embedded.

    Parameters
    ----------
    state : State
        What `fit` learned.
    inputs : PairedData
        The same cells and spots.
    device : torch.device
        Where the networks shall live.

    Returns
    -------
    MapEncoder
        Its genes are the ones that were trained on.
    """
    genes = state.arrays["genes"]
    target, spot_target = (float(state.values[k]) for k in ("target", "spot_target"))
    seen = scale_genes(sparse.csr_matrix(inputs.spots.values[:, genes]), state.arrays["factors"])
    spots = log_normalise(seen, spot_target)
    members = []
    for i in range(int(state.values["n_members"])):
        net = load_encoder(state.part(f"member{i}"), device).requires_grad_(requires_grad=False)
        embedded = embed(net, partial(dense_rows, spots, device=device), spots.shape[0])
        members.append(member_of(net, embedded))
    return MapEncoder(
        members=tuple(members),
        cells=log_normalise(sparse.csr_matrix(inputs.cells.values[:, genes]), target),
        gene_names=inputs.cells.gene_names[genes],
        cell_names=inputs.cells.obs_names,
    )


def member_of(net: Encoder, spots: torch.Tensor) -> MapMember:
    """Take the first layer of a network apart from the rest; `spots` are embedded already."""
    first, second, third = net.layers

    def rest(x: torch.Tensor) -> torch.Tensor:
        for norm, layer in zip(net.norms, (second, third), strict=True):
            x = layer(functional.relu(norm(x)))
        return functional.normalize(x, dim=1) if net.is_cosine else x

    weight, bias = first.weight, first.bias
    if not isinstance(weight, torch.Tensor) or not isinstance(bias, torch.Tensor):
        msg = "the first layer of an encoder must have weights"
        raise TypeError(msg)
    return MapMember(
        weight=weight.detach(), bias=bias.detach(), rest=rest, spots=spots,
        scale=float(net.scale.detach()),
    )  # fmt: skip
