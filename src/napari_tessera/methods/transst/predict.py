"""From what was found to domains, and domains again at another smoothness."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.results import RunResult
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.numerics.hidden_potts import Field, mean_field
from napari_tessera.numerics.tensors import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.contract.state import State


def predict(fitted: Fitted, inputs: SectionData) -> RunResult:
    """Give the domains that were found.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : SectionData
        The same spots.
    """
    return RunResult(domains=as_domains(Answer.from_state(fitted.state), inputs.spots.obs_names))


def as_domains(answer: Answer, spot_names: NDArray[np.str_]) -> Domains:
    """Dress an answer for people."""
    return Domains(
        spot_names=spot_names,
        names=np.asarray(answer.names, dtype=np.str_),
        probability=answer.probability,
        embedding=answer.embedding,
        curve=answer.curve,
        stability=answer.stability,
    )


def refit_field(
    state: State, graph: sparse.csr_matrix, smoothness: float, domains: Domains
) -> Domains:
    """Domains at another smoothness: only the field is computed, scores and classes stay.

    Parameters
    ----------
    state : State
        State of the fitted model.
    graph : csr_matrix, shape (n_spots, n_spots)
        The graph of the fit.
    smoothness : float
        Wanted smoothness, >= 0; at the fitted one of every member the domains are as fitted.
    domains : Domains
        Domains of the fit; names, embedding and curves are kept.

    Returns
    -------
    Domains
        With other probabilities.
    """
    answer = Answer.from_state(state)
    with one_thread():
        field = Field.of(graph, torch.device("cpu"))
        soft = member_fields(answer, field, (smoothness,) * len(answer.betas))
    return dataclasses.replace(domains, probability=soft)


def member_fields(answer: Answer, field: Field, betas: tuple[float, ...]) -> NDArray[np.float32]:
    """Mean over the members of the marginals of their fields, shape (n_spots, n_domains)."""
    energy = torch.from_numpy(answer.energy.astype(np.float32)).transpose(0, 1).contiguous()
    start = torch.from_numpy(answer.probability)[:, None, :].expand_as(energy)
    found = mean_field(energy, field, torch.tensor(betas)[:, None], start).mean(dim=1)
    return np.asarray((found / found.sum(dim=1, keepdim=True)).numpy(), dtype=np.float32)
