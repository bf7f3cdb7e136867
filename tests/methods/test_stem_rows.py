"""Rows that an encoder asks for: the same whether they are made at once or by chunks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_tessera.methods.stem import rows
from napari_tessera.methods.stem.rows import Rows


@pytest.mark.parametrize("most", [0, 10**6])
def test_a_chunk_is_the_same_dense_at_once_or_not(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "DENSE_ENTRIES", most)
    matrix = sparse.csr_matrix(
        sparse.random(7, 5, density=0.4, format="csr", random_state=0, dtype=np.float32)
    )
    found = Rows.of(matrix, torch.device("cpu"))
    assert (found.dense is None) == (most == 0)
    assert found.n == 7
    chunk = slice(2, 6)
    np.testing.assert_array_equal(found(chunk).numpy(), matrix.toarray()[chunk])
