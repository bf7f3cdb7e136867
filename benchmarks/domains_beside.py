"""The same fit of domains without and with something beside the genes, scored alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.domains import run
from napari_tessera.evaluation.domains import score_labels
from napari_tessera.numerics.partitions import adjusted_rand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData

TOLD = ("without", "with", "one to the other", "stability without", "stability with")


def both_ways(
    title: tuple[str, ...],
    sections: tuple[SectionData, SectionData],
    labels: NDArray[np.str_],
    seeds: int,
    **options: object,
) -> None:
    """Fit a section without and with what is beside, at the true number of domains, and print.

    Parameters
    ----------
    title : tuple of str
        Words before the figures.
    sections : tuple of SectionData
        Without, and with.
    labels : ndarray of str, shape (n_spots,)
        Truth; read to score alone.
    seeds : int
        How many.
    **options
        Of the second fit.
    """
    n_domains = np.unique(labels).size
    rows = []
    for seed in range(seeds):
        ways = zip(sections, ({}, options), strict=True)
        both = [run("transst", s, n_domains=n_domains, seed=seed, **o) for s, o in ways]
        scores = [score_labels(found, labels)["adjusted_rand"] for found, _ in both]
        stable = [fitted.scores["stability"] for _, fitted in both]
        rows.append((*scores, adjusted_rand(both[0][0], both[1][0]), *stable))
    values = np.array(rows)
    figures = zip(TOLD, values.mean(0), values.std(0), strict=True)
    print(*title, *(f"{w}={m:.3f}±{s:.3f}" for w, m, s in figures), sep="  ", flush=True)
