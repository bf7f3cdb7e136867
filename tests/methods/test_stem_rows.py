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
    values = np.random.default_rng(0).poisson(0.5, (7, 5)).astype(np.float32)
    matrix = sparse.csr_matrix(values)
    found = Rows.of(matrix, torch.device("cpu"))
    assert (found.dense is None) == (most == 0)
    assert found.n == 7
    chunk = slice(2, 6)
    np.testing.assert_array_equal(found(chunk).numpy(), matrix.toarray()[chunk])
