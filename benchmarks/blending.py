"""Composition from cells, from types, and from both, where the truth is known.

    NAPARI_TESSERA_DATA=... python benchmarks/blending.py

On these tissues the composition of COME was made. Markers and published proportions, by which
`come.py` judges it, were looked at on the way, several times: they are no blind test. The map is
the training-free one. Beside the baseline's own
composition: the view by cells, the view by types, and their blend.

Spots of *imbalanced* cases are pooled from a section as in `cases`; the reference loses cells, so
that its composition is another one. Spots of *foreign* cases are random mixtures of one half of the
cells of a tumour, smooth in space; every gene has a factor of its own, and another one in each type
(as cells of another patient have); the reference is the other half.
"""

from __future__ import annotations

import dataclasses
import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse

from cases import CASES, read
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.blending import blend
from napari_tessera.numerics.scores import composition_pcc
from placement import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GRID, N_GENES = (18, 20), 3000
FACTOR, TYPE_FACTOR = 0.5, 0.6
"""Spread of the logarithm of a gene's factor (t, three degrees), and of its factor in a type."""

Known = tuple[PairedData, "NDArray[np.float64]"]


def known(name: str, seed: int | None = None) -> Known:
    """One of the cases; with a seed, its reference loses cells, more of some types."""
    case = CASES[name]()
    assert case.shares is not None
    paired = case.paired
    if seed is None:
        return paired, case.shares
    assert paired.cell_types is not None
    rng = np.random.default_rng(seed)
    types, codes = np.unique(paired.cell_types, return_inverse=True)
    kept_share = rng.lognormal(0, 1.0, types.size)
    kept_share /= kept_share.max()
    kept = np.zeros(codes.size, dtype=np.bool_)
    for t in range(types.size):
        cells = np.flatnonzero(codes == t)
        n = max(min(8, cells.size), round(cells.size * kept_share[t]))
        kept[rng.choice(cells, n, replace=False)] = True
    rows = np.flatnonzero(kept)
    reference = paired.cells.take(rows)
    return dataclasses.replace(
        paired, cells=reference, cell_types=paired.cell_types[rows]
    ), case.shares


def foreign(file: tuple[str, str], total: float, seed: int) -> Known:
    """Mixtures of cells of one half, the other half as reference."""
    data, rng = read(*file), np.random.default_rng(seed)
    counts = sparse.csr_matrix(data.X)
    genes = np.argsort(-np.asarray(counts.sum(axis=0)).ravel())[:N_GENES]
    counts = sparse.csr_matrix(counts[:, genes])
    labels = np.asarray(data.obs["cell_type"], dtype=np.str_)
    types, codes = np.unique(labels, return_inverse=True)
    inside = rng.random(codes.size) < 0.5
    mixed, shares = mixtures(counts, [np.flatnonzero(inside & (codes == t))
                                      for t in range(types.size)], rng)  # fmt: skip
    mixed *= np.exp(FACTOR * rng.standard_t(3, N_GENES))
    depth = rng.lognormal(np.log(total), 0.5, len(mixed)) / mixed.sum(axis=1)
    spots = rng.poisson(mixed * depth[:, None])
    rest = np.flatnonzero(~inside)
    names = np.asarray(data.var_names[genes], dtype=np.str_)
    y, x = np.divmod(np.arange(len(spots)), GRID[1])
    paired = PairedData(
        cells=expression(counts[rest], names, "cell"),
        spots=expression(sparse.csr_matrix(spots, dtype=np.float32), names, "spot"),
        spot_xy=np.stack([x, y], axis=1).astype(np.float64),
        unit="unit",
        pitch=1.0,
        cell_types=labels[rest],
    )
    return paired, shares[:, np.isin(types, labels[rest])]


def mixtures(
    counts: sparse.csr_matrix, pools: list[NDArray[np.int64]], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expression of spots of four to thirteen cells, and their composition."""
    n_spots, n_types = GRID[0] * GRID[1], len(pools)
    field = np.stack([ndimage.gaussian_filter(rng.normal(size=GRID), 2.0).ravel() for _ in pools])
    logits = 1.5 * field / field.std(axis=1, keepdims=True) + rng.normal(size=(n_types, 1))
    logits[[pool.size == 0 for pool in pools]] = -np.inf
    chance = np.exp(logits - logits.max(axis=0))
    chance /= chance.sum(axis=0)
    of_type = np.exp(TYPE_FACTOR * rng.normal(size=(n_types, counts.shape[1])))
    mixed, shares = np.zeros((n_spots, counts.shape[1])), np.zeros((n_spots, n_types))
    for j in range(n_spots):
        drawn = rng.choice(n_types, rng.integers(4, 14), p=chance[:, j])
        cells = [rng.choice(pools[t]) for t in drawn]
        mixed[j] = (counts[cells].toarray() * of_type[drawn]).sum(axis=0)
        shares[j] = np.bincount(drawn, minlength=n_types) / drawn.size
    return mixed, shares


def expression(counts: sparse.csr_matrix, genes: NDArray[np.str_], what: str) -> Expression:
    """Pack counts."""
    names = np.array([f"{what}{i}" for i in range(counts.shape[0])])
    return Expression(
        values=sparse.csr_matrix(counts, dtype=np.float32), obs_names=names, gene_names=genes,
        scale=ExpressionScale.COUNTS,
    )  # fmt: skip


BREAST = ("breast_scrna_wu2021", "wu2021_CID4465.h5ad")
PANCREAS = ("pdac_moncada", "pdac_a_scrna.h5ad")
TISSUES: dict[str, Callable[[], Known]] = {
    **{n: partial(known, n) for n in CASES if n != "pdac"},
    **{
        f"{n}, imbalanced {s}": partial(known, n, s)
        for n in ("embryo_realistic", "osmFISH_cortex_realistic")
        for s in (1, 2)
    },
    **{f"breast, foreign {s}": partial(foreign, BREAST, 5000, s) for s in (3, 4)},
    **{f"pancreas, foreign {s}": partial(foreign, PANCREAS, 2000, s) for s in (3, 4)},
}


def main() -> None:
    """Run all tissues."""
    warnings.filterwarnings("ignore", module="anndata")
    method = get_method("baseline")
    for name, make in TISSUES.items():
        paired, truth = make()
        result = method.predict(method.fit(paired, method.options_type(), SilentMonitor()), paired)
        assert result.placement is not None
        assert result.composition is not None
        assert paired.cell_types is not None
        sides = paired.spots.values, paired.cells.values, result.placement.map, paired.cell_types
        found = {"baseline": result.composition.values, "cells": blend(*sides, 1.0)[1],
                 "types": blend(*sides, 0.0)[1], "blend": blend(*sides)[1]}  # fmt: skip
        pcc = {n: composition_pcc(values, truth)[0] for n, values in found.items()}
        show({"tissue": name, **pcc})


if __name__ == "__main__":
    main()
