"""The tissues that placement and composition are judged on, each with what is known of it.

Every case is a pair of cells and spots, and a truth that no fit sees. Sizes of grids are chosen by
geometry alone: as fine as leaves most spots four cells or more.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.evaluation.pseudospots import (
    POOLED,
    Construction,
    PseudoSpots,
    simulate_pseudospots,
)
from napari_tessera.testing.planted import planted_tissue
from placement import pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData

MARKERS = {
    "Acinar_cells": ("PRSS1", "CPA1", "CELA3A"),
    "Ductal_CRISP3_high-centroacinar_like": ("CRISP3",),
    "Ductal_APOL1_high-hypoxic": ("APOL1",),
    "Cancer_clone_A": ("TM4SF1",),
    "Cancer_clone_B": ("S100A4",),
    "Fibroblasts": ("COL1A1", "COL3A1", "DCN", "LUM"),
    "Endothelial_cells": ("VWF", "PLVAP", "PECAM1"),
    "Endocrine_cells": ("INS",),
    "Mast_cells": ("TPSAB1", "TPSB2"),
    "Macrophages": ("CD68", "CD14", "C1QB"),
    "T_cells_&_NK_cells": ("TRAC", "CD3D", "CD3E", "CD2", "NKG7"),
}
"""Known markers of types of PDAC; no method is shown any of them. A type that ends here is the sum
of those that begin so."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """Something to place and compose, and what is known of it.

    Parameters
    ----------
    name, title : str
        For files and for people.
    paired : PairedData
        What a method gets.
    truth_xy : ndarray or None, shape (n_cells, 2)
        Where the cells lie.
    judged : ndarray of bool or None, shape (n_cells,)
        Cells whose placement counts: those that no spot holds.
    shares : ndarray or None, shape (n_spots, n_types)
        True composition; types sorted.
    markers : dict of str to ndarray, each (n_spots,)
        Log-normalised expression of what marks a type.
    """

    name: str
    title: str
    paired: PairedData
    truth_xy: NDArray[np.float64] | None = None
    judged: NDArray[np.bool_] | None = None
    shares: NDArray[np.float64] | None = None
    markers: dict[str, NDArray[np.float64]] = dataclasses.field(default_factory=dict)


def kit() -> Path:
    """Folder of the real data."""
    return Path(os.environ["NAPARI_TESSERA_DATA"])


def read(*parts: str) -> AnnData:
    """One file of the real data."""
    import anndata as ad

    return ad.read_h5ad(kit().joinpath(*parts))


def places(data: AnnData) -> NDArray[np.float64]:
    """Coordinates of a table."""
    return np.asarray(data.obsm["spatial"], dtype=np.float64)[:, :2]


def embryo(*, everyone: bool) -> Case:
    """Spots that the authors of STEM released, with or without the cells inside them."""
    spots = read("mouse_embryo_seqfish", "e1z2_simulated_st.h5ad")
    cells = read("mouse_embryo_seqfish", "e1z2_cells.h5ad")
    free = np.asarray(cells.obs[POOLED].astype(str) == "")
    if not everyone:
        cells, free = cells[free].copy(), free[free]
    known = spots.obsm["cell_type_proportions"]
    types = np.unique(np.asarray(cells.obs["cell_type"], dtype=np.str_))
    columns = {str(c).replace("/", "_"): c for c in known.columns}
    shares = np.stack([np.asarray(known[columns[t.replace("/", "_")]]) for t in types], axis=1)
    return Case(
        name="embryo_all" if everyone else "embryo",
        title="mouse embryo, all cells" if everyone else "mouse embryo",
        paired=pair(spots, cells, places(spots), "unit"),
        truth_xy=places(cells),
        judged=free,
        shares=shares,
    )


def pooled(name: str, cells: AnnData, how: PseudoSpots) -> Case:
    """Spots made of cells; the reference is those cells that no spot holds."""
    spots, marked = simulate_pseudospots(cells, how)
    free = marked[np.asarray(marked.obs[POOLED] == "")].copy()
    types = np.unique(np.asarray(free.obs["cell_type"], dtype=np.str_))
    names = [str(t) for t in spots.uns["composition_names"]]
    shares = np.zeros((spots.n_obs, types.size))
    for i, t in enumerate(types.tolist()):
        if t in names:
            shares[:, i] = spots.obsm["composition"][:, names.index(t)]
    loss = how.construction is Construction.REALISTIC
    return Case(
        name=name + ("_realistic" if loss else ""),
        title=name.replace("_", " ") + (", realistic" if loss else ""),
        paired=pair(spots, free, places(spots), "unit"),
        truth_xy=places(free),
        judged=np.ones(free.n_obs, dtype=np.bool_),
        shares=shares,
    )


def pdac() -> Case:
    """Pancreatic tumour: its own cells, composition judged by markers that no method sees."""
    spots = read("pdac_moncada", "pdac_a_st.h5ad")
    cells = read("pdac_moncada", "pdac_a_scrna.h5ad")
    totals = np.asarray(spots.X.sum(axis=1)).ravel()
    found = {}
    for kind, genes in MARKERS.items():
        counts = np.asarray(spots[:, list(genes)].X.sum(axis=1)).ravel()
        found[kind] = np.log1p(counts / totals * np.median(totals))
    hidden = {g for genes in MARKERS.values() for g in genes}
    cells = cells[:, [g for g in cells.var_names if g not in hidden]].copy()
    return Case(
        name="pdac",
        title="pancreatic tumour",
        paired=pair(spots, cells, places(spots), "unit"),
        markers=found,
    )


def planted_platform(seed: int = 0) -> Case:
    """Plant a tissue whose spots catch 30 % of the molecules, each gene at its own rate."""
    tissue = planted_tissue(n_cells=3000, n_spots=600, n_genes=300, seed=seed)
    rng = np.random.default_rng([seed, 77])
    capture = np.minimum(0.3 * rng.lognormal(-0.125, 0.5, tissue.paired.n_genes), 1.0)
    spots = tissue.paired.spots
    counts = sparse.csr_matrix(spots.values, copy=True)
    kept = rng.binomial(counts.data.astype(np.int64), capture[counts.indices])
    counts.data = kept.astype(np.float32)
    paired = dataclasses.replace(tissue.paired, spots=dataclasses.replace(spots, values=counts))
    return Case(
        name="planted_platform",
        title="planted, platform effect",
        paired=paired,
        truth_xy=tissue.truth_xy,
        judged=np.ones(paired.n_cells, dtype=np.bool_),
        shares=tissue.composition,
    )


def _osmfish(how: PseudoSpots) -> Case:
    return pooled("osmFISH_cortex", read("osmfish_cortex", "osmfish.h5ad"), how)


def _starmap(how: PseudoSpots) -> Case:
    return pooled("STARmap_BZ5", read("starmap_mpfc", "starmap_mpfc_BZ5.h5ad"), how)


def _embryo_realistic() -> Case:
    how = PseudoSpots(construction=Construction.REALISTIC, grid=(24, 31))
    return pooled("embryo", read("mouse_embryo_seqfish", "e1z2_cells.h5ad"), how)


_COARSE, _SMALL = PseudoSpots(grid=(13, 26)), PseudoSpots(grid=(16, 9), window=0.8)


def _lossy(how: PseudoSpots) -> PseudoSpots:
    return dataclasses.replace(how, construction=Construction.REALISTIC)


CASES: dict[str, Callable[[], Case]] = {
    "embryo_all": lambda: embryo(everyone=True),
    "embryo": lambda: embryo(everyone=False),
    "embryo_realistic": _embryo_realistic,
    "STARmap_BZ5": lambda: _starmap(_SMALL),
    "STARmap_BZ5_realistic": lambda: _starmap(_lossy(_SMALL)),
    "osmFISH_cortex": lambda: _osmfish(_COARSE),
    "osmFISH_cortex_realistic": lambda: _osmfish(_lossy(_COARSE)),
    "pdac": pdac,
    "planted_platform": planted_platform,
}
"""How each case is made."""
