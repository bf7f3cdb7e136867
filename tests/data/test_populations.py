"""Spots and cells as crowds: what is read of them, and in whose order."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.data.populations import _embeddings, _labels, log_expression

NAMES = np.array(["c", "a", "missing"])


@pytest.fixture
def table() -> anndata.AnnData:
    """Four cells with counts, labels and embeddings."""
    made = anndata.AnnData(
        sparse.csr_matrix(np.array([[1, 3], [0, 0], [2, 2], [5, 1]], dtype=np.float32)),
        obs=pd.DataFrame(
            {"kind": ["x", "y", "x", "y"], "batch": ["one"] * 4, "depth": [4, 0, 4, 6]},
            index=list("abcd"),
        ),
        var=pd.DataFrame({"symbol": ["G1", "G2"]}, index=["ENSG1", "ENSG2"]),
    )
    made.obsm["X_pca"] = np.arange(12, dtype=np.float64).reshape(4, 3)
    made.obsm["X_umap"] = np.arange(8, dtype=np.float64).reshape(4, 2)
    made.obsm["spatial"] = np.zeros((4, 2))
    return made


def test_an_embedding_comes_in_the_order_of_the_names(table: anndata.AnnData) -> None:
    found = _embeddings(table, NAMES)["X_umap"]
    assert found[:2].tolist() == [[4, 5], [0, 1]]
    assert np.isnan(found[2]).all()


def test_places_are_no_embedding_and_umap_comes_first(table: anndata.AnnData) -> None:
    assert list(_embeddings(table, NAMES)) == ["X_umap", "X_pca"]


def test_columns_of_words_that_differ_are_labels(table: anndata.AnnData) -> None:
    found = _labels(table, NAMES)
    assert {name: words.tolist() for name, words in found.items()} == {
        "kind": ["x", "x", "not known"]
    }


def test_counts_are_brought_to_one_depth_and_logged(table: anndata.AnnData) -> None:
    found = log_expression(table, None, "symbol", NAMES)
    assert found.gene_names.tolist() == ["G1", "G2"]
    assert np.allclose(found.values.toarray(), np.log1p([[2, 2], [1, 3], [0, 0]]))


def test_values_that_are_no_counts_stay_as_they_are(table: anndata.AnnData) -> None:
    table.X = sparse.csr_matrix(table.X.toarray() + 0.5)
    found = log_expression(table, None, None, NAMES[:2])
    assert np.allclose(found.values.toarray(), [[2.5, 2.5], [1.5, 3.5]])


def test_genes_of_one_name_are_told_apart(table: anndata.AnnData) -> None:
    table.var["symbol"] = ["G1", "G1"]
    found = log_expression(table, None, "symbol", NAMES)
    assert len(set(found.gene_names.tolist())) == 2


def test_a_reference_without_any_of_the_cells_is_refused(table: anndata.AnnData) -> None:
    with pytest.raises(InputError, match="found none"):
        log_expression(table, None, None, np.array(["strange"]))
