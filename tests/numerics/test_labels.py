"""Types as codes, and splits that keep their shares."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.numerics.labels import reference_types, stratified_folds, stratified_sample
from napari_tessera.testing.planted_cells import planted_cells

CODES = np.repeat([0, 1, 2], [300, 30, 3])


def test_every_type_is_dealt_evenly_over_the_folds() -> None:
    folds = stratified_folds(CODES, 3, np.random.default_rng(0))
    table = np.zeros((3, 3), dtype=int)
    np.add.at(table, (CODES, folds), 1)
    assert table.tolist() == [[100] * 3, [10] * 3, [1] * 3]


def test_a_sample_cuts_large_types_and_keeps_small_ones() -> None:
    rows = stratified_sample(CODES, 73, np.random.default_rng(0))
    assert np.bincount(CODES[rows]).tolist() == [40, 30, 3]


def test_a_sample_of_enough_is_everything() -> None:
    assert stratified_sample(CODES, 333, np.random.default_rng(0)).size == 333


@pytest.mark.parametrize("types", [None, "one"])
def test_cells_without_at_least_two_types_are_refused(types: str | None) -> None:
    paired = planted_cells(n_cells=50, n_spots=50).paired
    labels = None if types is None else np.full(paired.n_cells, types)
    with pytest.raises(InputError, match="types"):
        reference_types(dataclasses.replace(paired, cell_types=labels))
