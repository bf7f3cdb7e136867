"""Whether smoothing pays where neighbours predict little of a spot.

Neighbours predict little for two reasons. Spots may be noisy, as single cells are of a domain: then
smoothing helps. Or spots of one domain hardly lie together: then it mixes domains. Domains are
found both ways from one half of the genes, and each time it is seen how much of the other half the
domains of a spot's neighbours tell. Domains that were mixed tell less.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.methods.transst.members import FieldLaw, fit_member
from napari_tessera.methods.transst.number import scores_of
from napari_tessera.methods.transst.seen import MEMBER_STREAM, WIDTH_STREAM, Seen
from napari_tessera.numerics.section_views import SPATIAL, leading_genes
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.smoothing import WIDER, predicted_share, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.methods.transst.options import TransstOptions

DOUBTFUL = 0.25
"""Share of the variance that neighbours predict, below which it is looked at."""

AHEAD = 1.5
"""How many times as much neighbours must tell without smoothing for it to be left out."""

USUAL_NUMBER = 6
"""Number of domains where it is not known yet."""


def smoothed_where_it_pays(seen: Seen, options: TransstOptions) -> Seen:
    """Leave the smoothing out where it mixes domains; a width that was asked for stays.

    Parameters
    ----------
    seen : Seen
        The section, with the width that predicts best.
    options : TransstOptions
        Options.
    """
    if options.width is not None or seen.width == 0:
        return seen
    scores, inputs = seen.views[SPATIAL], seen.inputs
    rng = rng_for(options.seed, WIDTH_STREAM, 1)
    width = seen.width / WIDER
    if predicted_share(scores, inputs.spot_xy, width, inputs.sample, rng=rng) >= DOUBTFUL:
        return seen
    without, with_it = told_by_neighbours(seen, options, (0.0, seen.width), rng)
    return dataclasses.replace(seen, width=0.0) if without > AHEAD * with_it else seen


def told_by_neighbours(
    seen: Seen, options: TransstOptions, widths: tuple[float, ...], rng: np.random.Generator
) -> list[float]:
    """Share of the variance of one half of the genes that neighbours' domains by the other tell.

    Parameters
    ----------
    seen : Seen
        The section.
    options : TransstOptions
        Options.
    widths : tuple of float
        Of the smoothing before domains are found.
    rng : numpy.random.Generator
        Draws the halves.

    Returns
    -------
    list of float
        One for every width, mean of both halves.
    """
    genes = leading_genes(seen.log.moran, options.n_genes)
    order = rng.permutation(genes)
    halves = [np.sort(order[start::2]) for start in (0, 1)]
    one, other = (seen.log.in_order(s) for s in scores_of(seen, genes, halves, options.n_factors))
    number = options.n_domains or min(USUAL_NUMBER, seen.inputs.n_spots // 2)
    found = []
    for width in widths:
        law = FieldLaw(field=seen.field, beta=options.smoothness, smoothed=width > 0)
        told = []
        for own, judged in ((one, other), (other, one)):
            x = smooth(own, seen.inputs.spot_xy, width, seen.inputs.sample)
            draws = rng_for(options.seed, MEMBER_STREAM, number)
            member = fit_member(x, law, number, draws)
            told.append(_told(seen, member.probability, judged))
        found.append(float(np.mean(told)))
    return found


def _told(seen: Seen, probability: NDArray[np.float32], scores: NDArray[np.float32]) -> float:
    """Share of the variance of scores that the domains of a spot's neighbours tell."""
    graph = seen.inputs.spot_graph
    around = np.asarray(graph @ probability) / np.maximum(graph.sum(axis=1).A1, 1)[:, None]
    around = np.column_stack([around, np.ones(len(around))])
    left = scores - around @ np.linalg.lstsq(around, scores, rcond=None)[0]
    return 1 - float((left**2).sum() / ((scores - scores.mean(axis=0)) ** 2).sum())
