"""Names, other names and values of the genes of a table."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
import spatialdata
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.gene_index import expression_of, genes_of
from napari_tessera.data.read import Tissue

COUNTS = np.array([[1, 3, 0], [0, 0, 0], [2, 0, 6]], dtype=np.float32)


def tissue_of(counts: np.ndarray = COUNTS, **var: list[str]) -> Tissue:
    frame = pd.DataFrame(var, index=["ENSG1", "ENSG2", "ENSG3"])
    table = anndata.AnnData(
        X=sparse.csr_matrix(counts),
        var=frame,
        obs=pd.DataFrame(index=["s0", "s1", "s2"]),
    )
    return Tissue(sdata=spatialdata.SpatialData(tables={"table": table}), path=None, title="t")


CHOSEN = Selection(table="table", layer="X")


def test_text_columns_that_tell_genes_apart_hold_their_other_names() -> None:
    tissue = tissue_of(symbol=["ERBB2", "KRT5", "MKI67"], kind=["coding", "coding", "coding"])
    found = genes_of(tissue, CHOSEN)
    assert found == {"ENSG1": ("ERBB2",), "ENSG2": ("KRT5",), "ENSG3": ("MKI67",)}


def test_with_a_column_of_symbols_the_ids_are_the_other_names() -> None:
    tissue = tissue_of(symbol=["ERBB2", "KRT5", "MKI67"])
    chosen = Selection(table="table", layer="X", gene_column="symbol")
    assert genes_of(tissue, chosen)["KRT5"] == ("ENSG2",)


def test_counts_are_shown_as_the_logarithm_per_ten_thousand() -> None:
    names, values, unit = expression_of(tissue_of(), CHOSEN, "ENSG1")
    assert names.tolist() == ["s0", "s1", "s2"]
    np.testing.assert_allclose(values, np.log1p([2500, 0, 2500]), rtol=1e-6)
    assert unit == "log of counts per 10,000"


def test_other_values_are_shown_as_they_are() -> None:
    _, values, unit = expression_of(tissue_of(COUNTS / 4), CHOSEN, "ENSG1")
    np.testing.assert_allclose(values, [0.25, 0, 0.5])
    assert unit == "as it is in the table"


def test_a_gene_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no such gene"):
        expression_of(tissue_of(), CHOSEN, "unicorn")


def test_a_tissue_without_the_table_has_no_genes() -> None:
    assert genes_of(tissue_of(), Selection(table="other")) == {}
