"""STEM's simulation: counts, places and shares of pooled cells."""

from __future__ import annotations

import dataclasses
import gzip
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pandas as pd
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.evaluation.pseudospots import (
    Construction,
    PseudoSpots,
    pool_in_discs,
    pool_on_grid,
    simulate_pseudospots,
)

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
    spots, _ = simulate_pseudospots(cells, PseudoSpots(grid=(10, 12)))
    _, member = pool_on_grid(cells.obsm["spatial"], grid=(10, 12), window=0.55)
    wanted = np.stack([cells.X[member == i].sum(axis=0) for i in range(spots.n_obs)])
    np.testing.assert_array_equal(spots.X.toarray(), wanted)


def test_every_spot_holds_three_cells_or_more_and_its_shares_sum_to_one() -> None:
    spots, _ = simulate_pseudospots(some_cells(), PseudoSpots(grid=(10, 12)))
    assert spots.obs["n_cells"].min() >= 3
    np.testing.assert_allclose(spots.obsm["composition"].sum(axis=1), 1)


def test_cells_without_places_are_refused() -> None:
    cells = some_cells(20)
    del cells.obsm["spatial"]
    with pytest.raises(InputError, match="spatial"):
        simulate_pseudospots(cells)


REALISTIC = PseudoSpots(construction=Construction.REALISTIC, grid=(10, 12), seed=3)


def test_cells_are_marked_with_the_spot_that_holds_them() -> None:
    spots, marked = simulate_pseudospots(some_cells(), PseudoSpots(grid=(10, 12)))
    held = marked.obs["st_spot"][marked.obs["st_spot"] != ""].value_counts()
    assert held[spots.obs_names].tolist() == spots.obs["n_cells"].tolist()
    assert held.sum() < marked.n_obs


def test_realistic_centres_lie_on_a_hexagonal_lattice_as_dense_as_the_grid() -> None:
    xy = np.random.default_rng(1).uniform(0, 50, (20000, 2))
    centres, _ = pool_in_discs(xy, grid=(11, 11), window=0.9)
    inner = np.flatnonzero(((centres > 12) & (centres < 38)).all(axis=1))
    away = np.sort(np.linalg.norm(centres[inner, None] - centres, axis=2), axis=1)[:, 1:8]
    np.testing.assert_allclose(away[:, :6], away[0, 0])
    assert away[:, 6].min() > 1.7 * away[0, 0]
    assert away[0, 0] ** 2 * np.sqrt(0.75) == pytest.approx(np.prod(np.ptp(xy, axis=0)) / 100)


def test_cells_of_a_realistic_spot_lie_in_its_disc() -> None:
    xy = np.random.default_rng(1).uniform(0, 50, (5000, 2))
    centres, member = pool_in_discs(xy, grid=(11, 11), window=0.55)
    pitch = np.sqrt(np.prod(np.ptp(xy, axis=0)) / 100 / np.sqrt(0.75))
    away = np.linalg.norm(xy[:, None] - centres, axis=2)
    held = member >= 0
    assert (away[held, member[held]] <= 0.275 * pitch).all()
    assert (away[~held].min(axis=1) > 0.275 * pitch).all()


def test_realistic_spots_lose_molecules_at_the_rate_of_their_gene() -> None:
    cells = some_cells(20000)
    spots, _ = simulate_pseudospots(cells, REALISTIC)
    _, member = REALISTIC.pool(cells.obsm["spatial"])
    caught = np.asarray(spots.X.sum(axis=0)).ravel() / cells.X[member >= 0].sum(axis=0)
    np.testing.assert_allclose(caught, spots.var["capture"], rtol=0.05)
    assert spots.var["capture"].std() > 0.05


def test_a_seed_repeats_the_loss_and_another_does_not() -> None:
    first, again = (simulate_pseudospots(some_cells(), REALISTIC)[0] for _ in range(2))
    other, _ = simulate_pseudospots(some_cells(), dataclasses.replace(REALISTIC, seed=4))
    assert (first.X != again.X).nnz == 0
    assert (first.X != other.X).nnz > 0


def test_what_is_no_count_cannot_be_lost() -> None:
    cells = some_cells()
    cells.X = cells.X + np.float32(0.5)
    with pytest.raises(InputError, match="whole counts"):
        simulate_pseudospots(cells, REALISTIC)


@pytest.mark.parametrize("wrong", [{"capture": 0.0}, {"capture": 1.5}, {"platform": -1.0}])
def test_a_loss_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="capture"):
        PseudoSpots(construction=Construction.REALISTIC, **wrong)  # type: ignore[arg-type]


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


@pytest.mark.kit
def test_the_released_shares_are_reproduced_to_the_digit(kit: Path) -> None:
    folder = kit / "mouse_embryo_seqfish"
    with gzip.open(folder / "e1z2_all_10150_cells_obs.csv.gz", "rt") as file:
        obs = pd.read_csv(file, index_col=0)
    obs.index = obs.index.astype(str)
    cells = anndata.AnnData(np.ones((len(obs), 1), dtype=np.float32), obs=obs)
    cells.obsm["spatial"] = obs[["x_global", "y_global"]].to_numpy(float)
    spots, _ = simulate_pseudospots(cells)
    released = anndata.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    ours, theirs = (np.lexsort(np.round(a.obsm["spatial"], 6).T) for a in (spots, released))
    known = released.obsm["cell_type_proportions"]
    types = [str(t).replace("/", "_") for t in spots.uns["composition_names"]]
    columns = [[str(c).replace("/", "_") for c in known.columns].index(t) for t in types]
    wanted = np.asarray(known)[theirs][:, columns]
    np.testing.assert_allclose(spots.obsm["composition"][ours], wanted, atol=1e-12)
