"""Should spots be taken apart by type for training? Asked of held-out spots, without any truth.

    NAPARI_TESSERA_DATA=... python benchmarks/purified.py

A tenth of the spots of embryo E1z2 is held out. Two kinds of pseudo-cells are made of it: whole
spots thinned to the depth of a cell, and parts of one type thinned likewise. STEM is trained on the
rest with 0, a half and all of the spots shown taken apart, and places both kinds. The reference has
all cells, or only those that no spot holds.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.numerics.counts import platform_factors, row_totals, scale_genes, thin
from napari_tessera.numerics.held_out import hold_out
from napari_tessera.numerics.purifying import parts_of
from placement import pair

if TYPE_CHECKING:
    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Fitted
    from napari_tessera.numerics.held_out import HeldOut

DRAWS, LEAST_TOTAL = 20, 20
"""Parts drawn of every held-out spot, and counts that a pseudo-cell must have."""


def pure_pseudo_cells(whole: PairedData, split: HeldOut) -> HeldOut:
    """Swap the pseudo-cells of a split for parts of single types."""
    rng = np.random.default_rng(5)
    parts = parts_of(whole, np.arange(whole.n_genes), 0, torch.device("cpu"))
    held = np.setdiff1d(np.arange(whole.n_spots), split.kept)
    drawn = [parts.draw(rng)[held] for _ in range(DRAWS)]
    factors = platform_factors(split.inputs.spots.values, split.inputs.cells.values)
    thinned = [thin(d, rng.choice(whole.cells.totals(), held.size), rng) for d in drawn]
    counts = [scale_genes(t, factors) for t in thinned]
    kept = [row_totals(c) >= LEAST_TOTAL for c in counts]
    values = np.concatenate([c.toarray()[k] for c, k in zip(counts, kept, strict=True)])
    cells = dataclasses.replace(
        split.pseudo_cells,
        values=type(counts[0])(values),
        obs_names=np.array([f"part_{i}" for i in range(len(values))]),
    )
    xy = np.concatenate([whole.spot_xy[held][k] for k in kept])
    return dataclasses.replace(split, pseudo_cells=cells, xy=xy)


def error(fitted: Fitted, split: HeldOut) -> float:
    """Mean distance of placed pseudo-cells to where their spots lie."""
    cells: Expression = split.pseudo_cells
    asked = dataclasses.replace(split.inputs, cells=cells, cell_types=None)
    placement = get_method("stem").predict(fitted, asked).placement
    return split.scores(placement.xy)["held_out_distance"] if placement is not None else np.nan


def main() -> None:
    """Print a line per reference, seed and share."""
    import anndata as ad

    warnings.filterwarnings("ignore", module="anndata")
    folder = Path(os.environ["NAPARI_TESSERA_DATA"]) / "mouse_embryo_seqfish"
    spots = ad.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    everyone = ad.read_h5ad(folder / "e1z2_cells.h5ad")
    free = everyone[np.asarray(everyone.obs["st_spot"].astype(str) == "")].copy()
    method = get_method("stem")
    for what, cells in (("all cells", everyone), ("unpooled only", free)):
        whole = pair(spots, cells, np.asarray(spots.obsm["spatial"], dtype=np.float64), "unit")
        for seed in range(3):
            split = hold_out(whole, seed)
            if split is None:
                continue
            pure = pure_pseudo_cells(whole, split)
            for share in (0.0, 0.5, 1.0):
                options = method.options_type(seed=seed, steps=200, members=2, purified=share)
                fitted = method.fit(split.inputs, options, SilentMonitor())
                found = error(fitted, split), error(fitted, pure)
                print(f"{what}  {seed=}  {share=}  whole={found[0]:.2f}  parts={found[1]:.2f}")


if __name__ == "__main__":
    main()
