"""Types of the reference that are not in the tissue."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.presence import NOT_HERE, TypeEvidence, type_evidence
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData


@cache
def planted(seed: int) -> PairedData:
    return planted_tissue(n_cells=1200, n_spots=250, n_genes=200, seed=seed).paired


def with_a_stranger(paired: PairedData, seed: int) -> PairedData:
    """Turn a tenth of the cells into a type of its own: a known one with its genes shuffled."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(paired.n_cells)[: paired.n_cells // 10]
    counts = paired.cells.values.toarray()
    counts[chosen] = paired.cells.values[chosen][:, rng.permutation(paired.n_genes)].toarray()
    types = np.asarray(paired.cell_types, dtype="U40")
    types[chosen] = "a stranger"
    cells = dataclasses.replace(paired.cells, values=sparse.csr_matrix(counts))
    return dataclasses.replace(paired, cells=cells, cell_types=types)


@pytest.mark.parametrize("seed", range(3))
def test_a_type_that_is_in_no_spot_is_not_here(seed: int) -> None:
    found = type_evidence(with_a_stranger(planted(seed), seed), seed)
    absence = dict(zip(found.types.tolist(), found.absence.tolist(), strict=True))
    assert absence["a stranger"] > NOT_HERE


@pytest.mark.parametrize("seed", range(3))
def test_types_that_are_in_the_spots_are_here(seed: int) -> None:
    found = type_evidence(planted(seed), seed)
    assert found.absence.max() < NOT_HERE


def test_the_platform_of_the_genes_does_not_speak_for_a_type() -> None:
    paired = with_a_stranger(planted(0), 0)
    factors = np.random.default_rng(0).lognormal(0, 0.7, paired.n_genes)
    values = sparse.csr_matrix(paired.spots.values.multiply(factors), dtype=np.float32)
    spots = dataclasses.replace(paired.spots, values=values)
    found = type_evidence(dataclasses.replace(paired, spots=spots), 0)
    assert found.types[found.absence > NOT_HERE].tolist() == ["a stranger"]


def test_cells_get_the_absence_of_their_type() -> None:
    gains = np.array([5.0, -1.0, 30.0, 90.0, 40.0])
    evidence = TypeEvidence(np.array(["a", "b", "c", "d", "e"]), gains, np.full(5, 10.0))
    np.testing.assert_allclose(evidence.absence, [0.5, 1.0, 0, 0, 0])
    np.testing.assert_allclose(evidence.of_cells(np.array(["b", "a", "b"])), [1.0, 0.5, 1.0])


def test_where_the_reference_fits_badly_types_are_measured_by_the_best() -> None:
    gains, control = np.array([2.0, 4.0, 0.2, 3.0, 4.0]), np.full(5, 10.0)
    evidence = TypeEvidence(np.array(["a", "b", "c", "d", "e"]), gains, control)
    np.testing.assert_allclose(evidence.absence, [0.5, 0, 0.95, 0.25, 0], atol=1e-6)


def test_a_seed_repeats_the_evidence() -> None:
    first, again = type_evidence(planted(0), 3), type_evidence(planted(0), 3)
    np.testing.assert_array_equal(first.gain, again.gain)
    np.testing.assert_array_equal(first.control, again.control)


def test_cells_without_types_are_refused() -> None:
    with pytest.raises(ValueError, match="types"):
        type_evidence(dataclasses.replace(planted(0), cell_types=None), 0)
