"""Pseudo-cells of one type each."""

from __future__ import annotations

import numpy as np
import torch

from napari_tessera.numerics.counts import row_totals
from napari_tessera.numerics.held_out import hold_out
from napari_tessera.numerics.pure_cells import single_cells
from napari_tessera.numerics.purifying import parts_of
from napari_tessera.testing.planted import PITCH, planted_tissue

PAIRED = planted_tissue(n_cells=500, n_spots=200, n_genes=100, seed=1).paired


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    split = hold_out(PAIRED, 0)
    assert split is not None
    genes = np.arange(PAIRED.n_genes)
    parts = parts_of(PAIRED, genes, 0, torch.device("cpu"))
    counts, xy = single_cells(PAIRED, split, parts, np.ones(genes.size), seed)
    return counts.toarray(), xy


def test_they_are_as_deep_as_the_cells_however_shallow_the_spots() -> None:
    counts, _ = drawn(0)
    wanted = np.median(PAIRED.cells.totals())
    assert abs(np.median(counts.sum(axis=1)) - wanted) < 0.1 * wanted


def test_they_are_whole_counts_that_lie_about_held_out_spots() -> None:
    counts, xy = drawn(0)
    split = hold_out(PAIRED, 0)
    assert split is not None
    held = np.setdiff1d(np.arange(PAIRED.n_spots), split.kept)
    np.testing.assert_array_equal(counts, np.rint(counts))
    away = np.abs(xy[:, None] - PAIRED.spot_xy[held]).max(axis=2).min(axis=1)
    assert away.max() <= PITCH / 2


def test_they_vary_more_than_thinned_spots() -> None:
    split = hold_out(PAIRED, 0)
    assert split is not None

    def spread(counts: np.ndarray) -> float:
        return float((counts / counts.sum(axis=1, keepdims=True)).var(axis=0).sum())

    whole = split.pseudo_cells.values
    deep = row_totals(whole) > 0
    assert spread(drawn(0)[0]) > 1.05 * spread(whole.toarray()[deep])


def test_a_seed_repeats_them() -> None:
    for first, again in zip(drawn(3), drawn(3), strict=True):
        np.testing.assert_array_equal(first, again)
