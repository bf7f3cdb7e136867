"""The trained map as a function of expression, for attribution (:cite:`hao2024stem`)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scipy import sparse
from torch import nn

from napari_tessera.methods.stem.network import embed
from napari_tessera.methods.stem.predict import load_encoder
from napari_tessera.numerics.counts import log_normalise, scale_genes
from napari_tessera.numerics.map_encoder import MapEncoder, MapMember
from napari_tessera.numerics.normed_tail import Norm, NormedTail
from napari_tessera.numerics.tensors import dense_rows

if TYPE_CHECKING:
    import torch

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
    linear = [layer for layer in net.layers if isinstance(layer, nn.Linear)]
    norms = [norm for norm in net.norms if isinstance(norm, nn.LayerNorm)]
    first, *later = linear
    tail = NormedTail(
        norms=tuple(
            Norm(gain=n.weight.detach(), shift=n.bias.detach(), eps=n.eps) for n in norms
        ),
        weights=tuple(layer.weight.detach() for layer in later),
        biases=tuple(layer.bias.detach() for layer in later),
        cosine=net.is_cosine,
    )  # fmt: skip
    return MapMember(
        weight=first.weight.detach(), bias=first.bias.detach(), rest=tail, spots=spots,
        scale=float(net.scale.detach()),
    )  # fmt: skip
