"""STEM's simulation: counts, places and shares of pooled cells."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pandas as pd
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.evaluation.pseudospots import pool_on_grid, simulate_pseudospots

if TYPE_CHECKING:
    from pathlib import Path


def some_cells(n_cells: int = 2000) -> anndata.AnnData:
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {"cell_type": rng.choice(["A", "B/C"], n_cells)}, index=[f"c{i}" for i in range(n_cells)]
    )
    adata = anndata.AnnData(rng.poisson(2.0, (n_cells, 7)).astype(np.float32), obs=obs)
    adata.obsm["spatial"] = rng.uniform(0, 50, (n_cells, 2))
    return adata


def test_counts_of_a_spot_are_the_sum_of_its_members() -> None:
    cells = some_cells()
    spots = simulate_pseudospots(cells, grid=(10, 12), window=0.55)
    _, member = pool_on_grid(cells.obsm["spatial"], grid=(10, 12), window=0.55)
    wanted = np.stack([cells.X[member == i].sum(axis=0) for i in range(spots.n_obs)])
    np.testing.assert_array_equal(spots.X.toarray(), wanted)


def test_every_spot_holds_three_cells_or_more_and_its_shares_sum_to_one() -> None:
    spots = simulate_pseudospots(some_cells(), grid=(10, 12), window=0.55)
    assert spots.obs["n_cells"].min() >= 3
    np.testing.assert_allclose(spots.obsm["composition"].sum(axis=1), 1)


def test_cells_without_places_are_refused() -> None:
    cells = some_cells(20)
    del cells.obsm["spatial"]
    with pytest.raises(InputError, match="spatial"):
        simulate_pseudospots(cells)


@pytest.mark.kit
def test_the_released_spots_are_reproduced_from_the_released_cells(kit: Path) -> None:
    folder = kit / "mouse_embryo_seqfish"
    with gzip.open(folder / "e1z2_all_10150_cells_obs.csv.gz", "rt") as file:
        obs = pd.read_csv(file, index_col=0)
    released = anndata.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    xy = obs[["x_global", "y_global"]].to_numpy(float)
    centres, member = pool_on_grid(xy, grid=(30, 40), window=0.55)
    assert len(centres) == released.n_obs == 581
    order = np.lexsort(np.round(centres, 6).T)
    wanted = np.lexsort(np.round(released.obsm["spatial"], 6).T)
    np.testing.assert_allclose(centres[order], released.obsm["spatial"][wanted], atol=1e-6)
    counts = np.bincount(member[member >= 0])
    np.testing.assert_array_equal(counts[order], released.obs["n_cells"].to_numpy()[wanted])
