"""A section made ready: its views, the width of smoothing and the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.numerics.hidden_potts import Field
from napari_tessera.numerics.principal import principal_scores, standardise
from napari_tessera.numerics.section_views import SPATIAL, log_section, section_views
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.smoothing import choose_width
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.options import TransstOptions
    from napari_tessera.numerics.section_views import LogSection

FEWEST_SPOTS = 10
"""Smallest section that has domains."""

N_BESIDE = 5
"""Components that the picture around the spots, and their composition, are reduced to."""

LEAST_SPREAD = 1e-3
"""Spread of a component of the composition below which it says nothing, of the largest as it is
and of the others over the largest."""

WIDTH_STREAM, NUMBER_STREAM, MEMBER_STREAM, SOURCE_STREAM = 1, 2, 3, 4
"""Streams of random draws."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A section made ready.

    Parameters
    ----------
    inputs : SectionData
        What was given.
    log : LogSection
        Log expression and the ranking of genes.
    views : mapping of str to ndarray, shape (n_spots, n_factors), float32
        Scores before smoothing.
    members : mapping of str to ndarray, shape (n_spots, n_scores), float32
        The same, with what is seen of picture and composition beside each where they are there.
    width : float
        Width of smoothing, in the unit of the coordinates.
    field : Field
        Neighbours.
    device : torch.device
        Where to compute.
    """

    inputs: SectionData
    log: LogSection
    views: Mapping[str, NDArray[np.float32]]
    members: Mapping[str, NDArray[np.float32]]
    width: float
    field: Field
    device: torch.device


def look_at(inputs: SectionData, options: TransstOptions) -> Seen:
    """Make a section ready.

    Raises
    ------
    InputError
        If there are too few spots or genes.
    """
    device = pick_device(options.device)
    log = log_section(inputs)
    if inputs.n_spots < max(FEWEST_SPOTS, 2 * (options.n_domains or 0)):
        msg = f"Spots: expected {FEWEST_SPOTS} or more, and two per domain; found {inputs.n_spots}."
        raise InputError(msg, "Give a larger section, or ask for fewer domains.")
    views = section_views(log, inputs.spot_graph, (options.n_genes, options.n_factors), device)
    return Seen(
        inputs=inputs,
        log=log,
        views=views,
        members=_beside(views, inputs, log),
        width=_width(inputs, views[SPATIAL], options),
        field=Field.of(inputs.spot_graph, device),
        device=device,
    )


def _beside(
    views: Mapping[str, NDArray[np.float32]], inputs: SectionData, log: LogSection
) -> Mapping[str, NDArray[np.float32]]:
    """Put components of picture and composition, section by section, beside every view."""
    own = []
    if inputs.picture is not None:
        own.append(_components(inputs.picture, log, unit_variance=True))
    if inputs.composition is not None:
        own.append(composition_scores(inputs.composition, log))
    return {name: np.concatenate([view, *own], axis=1) for name, view in views.items()}


def composition_scores(composition: NDArray[np.float32], log: LogSection) -> NDArray[np.float32]:
    """Components of the roots of shares, whose noise is alike for rare and common types.

    Parameters
    ----------
    composition : ndarray, shape (n_spots, n_types), float32
        Shares.
    log : LogSection
        Which spots belong to which section.

    Returns
    -------
    ndarray, shape (n_spots, n_components), float32
        The first of variance one; directions in which spots hardly differ are left out.
    """
    found = _components(np.sqrt(np.maximum(composition, 0.0)), log, unit_variance=False)
    spread = found.std(axis=0)
    size = float(spread.max(initial=0.0))
    if size < LEAST_SPREAD:
        return found[:, :0]
    return found[:, spread > LEAST_SPREAD * size] / np.float32(size)


def _components(
    values: NDArray[np.float32], log: LogSection, *, unit_variance: bool
) -> NDArray[np.float32]:
    """Components of values that are centred section by section."""
    parts = [
        standardise(sparse.csr_matrix(values[rows]), unit_variance=unit_variance)
        for rows in log.rows
    ]
    stacked = principal_scores(parts, N_BESIDE, torch.device("cpu"))[0].numpy()
    return log.in_order(stacked)


def _width(inputs: SectionData, scores: NDArray[np.float32], options: TransstOptions) -> float:
    """Take the given width, or the one that predicts best."""
    if options.width is not None:
        return options.width * inputs.pitch
    rng = rng_for(options.seed, WIDTH_STREAM)
    return choose_width(scores, inputs.spot_xy, inputs.pitch, inputs.sample, rng=rng)
