"""Scores that a section and its labelled source share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.labels import UNLABELLED
from napari_tessera.numerics.principal import principal_scores
from napari_tessera.numerics.section_views import leading_genes, log_section
from napari_tessera.numerics.smoothing import smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.seen import Seen

N_JOINT = 20
"""Components of both sections together."""

JOINT_WIDTHS = (0.7, 1.4)
"""Widths that stand side by side, over the chosen one."""


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Scores of both sections, each smoothed over its own tissue.

    Parameters
    ----------
    target : ndarray, shape (n_spots, n_factors), float32
        Scores of the section.
    source : ndarray, shape (n_labelled, n_factors), float32
        Scores of the labelled spots of the source.
    labels : ndarray of str, shape (n_labelled,)
        Their labels.
    """

    target: NDArray[np.float32]
    source: NDArray[np.float32]
    labels: NDArray[np.str_]


def joint_scores(seen: Seen, source: SectionData, n_genes: int) -> Joint:
    """Standardise each section by itself, reduce both together, smooth each.

    Parameters
    ----------
    seen : Seen
        The section.
    source : SectionData
        The labelled one.
    n_genes : int
        Genes with the largest mean Moran's I to use.
    """
    other = log_section(source)
    genes = leading_genes((seen.log.moran + other.moran) / 2, n_genes)
    parts = [s.standardised(genes, unit_variance=True) for s in (seen.log, other)]
    stacked = principal_scores([*parts[0], *parts[1]], N_JOINT, seen.device)[0].cpu().numpy()
    n_spots = seen.inputs.n_spots
    target = _smoothed(seen.log.in_order(stacked[:n_spots]), seen.inputs, seen.width)
    width = seen.width / seen.inputs.pitch * source.pitch
    taught = _smoothed(other.in_order(stacked[n_spots:]), source, width)
    labels = np.asarray(source.labels, dtype=np.str_)
    known = has_label(labels)
    return Joint(target=target, source=taught[known], labels=labels[known])


def has_label(labels: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which spots have a label that means something, shape (n_spots,)."""
    return ~np.isin(np.char.lower(labels), list(UNLABELLED))


def _smoothed(
    scores: NDArray[np.float32], section: SectionData, width: float
) -> NDArray[np.float32]:
    """Both widths side by side."""
    if width == 0:
        return np.asarray(scores, dtype=np.float32)
    sides = [smooth(scores, section.spot_xy, f * width, section.sample) for f in JOINT_WIDTHS]
    return np.concatenate(sides, axis=1)
