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

N_PICTURE = 5
"""Components that colour and texture of the picture are reduced to."""

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
        The same, with what is seen of the picture beside each where there is one.
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
        members=views if inputs.picture is None else _beside(views, inputs.picture, log),
        width=_width(inputs, views[SPATIAL], options),
        field=Field.of(inputs.spot_graph, device),
        device=device,
    )


def _beside(
    views: Mapping[str, NDArray[np.float32]], picture: NDArray[np.float32], log: LogSection
) -> Mapping[str, NDArray[np.float32]]:
    """Put components of the picture, standardised section by section, beside every view."""
    parts = [standardise(sparse.csr_matrix(picture[rows]), unit_variance=True) for rows in log.rows]
    stacked = principal_scores(parts, N_PICTURE, torch.device("cpu"))[0].numpy()
    own = log.in_order(stacked)
    return {name: np.concatenate([view, own], axis=1) for name, view in views.items()}


def _width(inputs: SectionData, scores: NDArray[np.float32], options: TransstOptions) -> float:
    """Take the given width, or the one that predicts best."""
    if options.width is not None:
        return options.width * inputs.pitch
    rng = rng_for(options.seed, WIDTH_STREAM)
    return choose_width(scores, inputs.spot_xy, inputs.pitch, inputs.sample, rng=rng)
