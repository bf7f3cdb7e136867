"""Columns of a table that spots can be coloured by."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
import spatialdata
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.read import Tissue
from napari_tessera.data.table_columns import MOST_LABELS, column_of, columns_of

CHOSEN = Selection(table="table")
N = MOST_LABELS + 1


def tissue_of(**columns: object) -> Tissue:
    obs = pd.DataFrame(columns, index=[f"s{i}" for i in range(N)])
    obs["region"], obs["id"] = pd.Categorical(["spots"] * N), np.arange(N)
    table = anndata.AnnData(X=sparse.csr_matrix(np.zeros((N, 2), np.float32)), obs=obs)
    sdata = spatialdata.SpatialData(tables={"table": table})
    table.uns["spatialdata_attrs"] = {  # afterwards: there are no spots to be looked for
        "region": "spots", "region_key": "region", "instance_key": "id",
    }  # fmt: skip
    return Tissue(sdata=sdata, path=None, title="t")


def test_labels_and_numbers_are_told_apart() -> None:
    found = columns_of(tissue_of(layer=["L1"] * N, depth=np.arange(N), use=[True] * N), CHOSEN)
    assert found == {"layer": "label, 1 value", "depth": "number", "use": "label, 1 value"}


def test_what_ties_the_table_to_its_element_is_no_colour() -> None:
    assert columns_of(tissue_of(), CHOSEN) == {}


def test_text_that_differs_from_spot_to_spot_is_no_colour() -> None:
    assert columns_of(tissue_of(barcode=[f"b{i}" for i in range(N)]), CHOSEN) == {}


def test_columns_of_dense_matrices_are_offered_and_places_are_not() -> None:
    tissue = tissue_of()
    table = tissue.sdata.tables["table"]
    table.obsm["X_pca"] = np.arange(2 * N, dtype=np.float32).reshape(N, 2)
    table.obsm["spatial"] = np.zeros((N, 2))
    table.obsm["map"] = sparse.csr_matrix(np.zeros((N, 3)))
    assert columns_of(tissue, CHOSEN) == {"X_pca: 1": "number", "X_pca: 2": "number"}
    assert column_of(tissue, CHOSEN, "X_pca: 2").values.tolist() == list(range(1, 2 * N, 2))


def test_a_data_frame_gives_its_own_names() -> None:
    tissue = tissue_of()
    table = tissue.sdata.tables["table"]
    table.obsm["shares"] = pd.DataFrame({"B cells": np.ones(N)}, index=table.obs_names)
    assert list(columns_of(tissue, CHOSEN)) == ["shares: B cells"]
    assert column_of(tissue, CHOSEN, "shares: B cells").values.tolist() == [1.0] * N


def test_labels_have_the_colours_that_scanpy_keeps_for_them() -> None:
    tissue = tissue_of(layer=pd.Categorical(["L1", "L2"] * (N // 2) + ["L2"]))
    tissue.sdata.tables["table"].uns["layer_colors"] = np.array(["#FF0000FF", "no colour"])
    assert column_of(tissue, CHOSEN, "layer").colours == {"L1": "#ff0000"}


def test_a_missing_label_is_empty_and_a_missing_number_is_nan() -> None:
    tissue = tissue_of(layer=["L1", None] + ["L1"] * (N - 2), depth=[np.nan] + [1.0] * (N - 1))
    labels = column_of(tissue, CHOSEN, "layer").labels
    assert labels is not None
    assert labels[:2].tolist() == ["L1", ""]
    assert np.isnan(column_of(tissue, CHOSEN, "depth").values[0])


def test_a_column_that_has_gone_is_told() -> None:
    with pytest.raises(InputError, match="Column layer"):
        column_of(tissue_of(), CHOSEN, "layer")
