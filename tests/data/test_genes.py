"""Ranked genes: into the store and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest

from napari_tessera.contract.dominance import Contrast, GeneRanking
from napari_tessera.contract.errors import RunNotFoundError, StoreError
from napari_tessera.data.genes import (
    delete_ranking,
    ranking_names,
    read_ranking,
    write_ranking,
)
from napari_tessera.data.read import open_tissue

if TYPE_CHECKING:
    from pathlib import Path

RUN = "stem_1a2b3c4d"


def ranking(run: str = RUN) -> GeneRanking:
    """Rank three genes."""
    contrast = Contrast(
        run=run, group="duct/left", rest="the others", within="Cancer", n_group=30, n_rest=50,
        details={"options": {"steps": 20}},
    )  # fmt: skip
    return GeneRanking(
        gene_names=np.array(["B", "HLA/x", "A"]),
        values={
            "auc": np.array([0.9, 0.6, 0.2]),
            "dominant": np.array([True, False, False]),
            "expression_rank": np.array([2, 1, 3]),
        },
        contrast=contrast,
        warnings=("mind",),
        versions={"torch": "2"},
        created="2026-01-01T00:00:00+00:00",
    )


def test_a_ranking_comes_back_in_its_order(store: Path) -> None:
    found = read_ranking(store, write_ranking(store, ranking()))
    assert found.gene_names.tolist() == ["B", "HLA/x", "A"]
    np.testing.assert_array_equal(found.values["auc"], [0.9, 0.6, 0.2])
    assert found.dominant().tolist() == ["B"]


def test_the_contrast_and_how_it_came_about_come_back(store: Path) -> None:
    wanted = ranking()
    found = read_ranking(store, write_ranking(store, wanted))
    assert found.contrast == wanted.contrast
    assert (found.warnings, found.versions, found.created) == (
        wanted.warnings, wanted.versions, wanted.created,
    )  # fmt: skip


def test_rankings_of_a_run_are_numbered(store: Path) -> None:
    names = [write_ranking(store, ranking()) for _ in range(2)]
    write_ranking(store, ranking("come_00000000"))
    assert names == [f"{RUN}_genes_1", f"{RUN}_genes_2"]
    assert ranking_names(store, RUN) == tuple(names)


def test_plain_anndata_reads_a_ranking(store: Path) -> None:
    name = write_ranking(store, ranking())
    table = anndata.read_zarr(store / "tables" / name)
    assert table.obs.loc["A", "rank"] == 3


def test_an_object_gets_the_table_too(store: Path) -> None:
    sdata = open_tissue(store).sdata
    sdata.path = None
    name = write_ranking(sdata, ranking())
    assert read_ranking(sdata, name).gene_names.tolist() == ["B", "HLA/x", "A"]


def test_a_deleted_ranking_is_gone(store: Path) -> None:
    name = write_ranking(store, ranking())
    delete_ranking(store, name)
    assert ranking_names(store) == ()


def test_an_unknown_name_is_refused(store: Path) -> None:
    with pytest.raises(RunNotFoundError, match="There are: none"):
        read_ranking(store, "stem_1_genes_1")


def test_a_damaged_ranking_is_refused(store: Path) -> None:
    place = store / "tables" / write_ranking(store, ranking())
    next(path for path in place.rglob("c/0") if path.is_file()).write_bytes(b"")
    with pytest.raises(StoreError, match="expected the"):
        read_ranking(store, place.name)
