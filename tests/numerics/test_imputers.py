"""Simple predictors of genes against their equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_tessera.numerics import imputers
from napari_tessera.numerics.gene_families import KernelRidge, KrigedCorrelation, SoftCorrelation
from napari_tessera.numerics.imputers import Sides

RNG = np.random.default_rng(0)
CELLS = RNG.normal(size=(40, 12))
SPOTS = RNG.normal(size=(25, 9))
SIDES = Sides(
    spots=imputers.standard_columns(torch.from_numpy(SPOTS)),
    cells=imputers.standard_columns(torch.from_numpy(CELLS)),
)
GIVEN = (
    torch.from_numpy(SPOTS), torch.from_numpy(CELLS[:, :9]), torch.from_numpy(CELLS[:, 9:])
)  # fmt: skip
R = np.atleast_2d(np.corrcoef(CELLS.T))
INPUTS, OUTPUTS = torch.arange(9), torch.arange(9, 12)


def softmax(values: np.ndarray) -> np.ndarray:
    e = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def test_soft_correlation_equals_its_equation() -> None:
    correlation = np.corrcoef(SPOTS, CELLS[:, :9])[:25, 25:]
    wanted = softmax(correlation / 0.1) @ CELLS[:, 9:]
    assert imputers.soft_correlation(*GIVEN, [0.1])[0].numpy() == pytest.approx(wanted)


def test_blocks_do_not_change_soft_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = imputers.soft_correlation(*GIVEN, [0.1])[0]
    monkeypatch.setattr(imputers, "BLOCK_ENTRIES", 100)
    assert torch.equal(imputers.soft_correlation(*GIVEN, [0.1])[0], whole)


def test_nearest_cells_are_those_of_the_largest_correlation() -> None:
    correlation = np.corrcoef(SPOTS, CELLS[:, :9])[:25, 25:]
    nearest = np.argsort(-correlation, axis=1)[:, :5]
    found = imputers.nearest_cells(*GIVEN, 5).numpy()
    assert found == pytest.approx(CELLS[nearest, 9:].mean(axis=1))


def test_kernel_ridge_equals_its_equation() -> None:
    wanted = SIDES.spots.numpy() @ np.linalg.solve(R[:9, :9] + 0.3 * np.eye(9), R[:9, 9:])
    found = KernelRidge((0.3,)).predict(SIDES, INPUTS, OUTPUTS, ("ridge 0.3",))["ridge 0.3"]
    assert found.numpy() == pytest.approx(wanted)


def test_kriging_adds_the_residuals_carried_over_by_correlation() -> None:
    family = KrigedCorrelation((0.1,), (3.0,))
    found = family.predict(SIDES, INPUTS, OUTPUTS, family.names)["kriged 0.1 3"].numpy()
    z, cells = SIDES.spots, SIDES.cells
    inner = torch.empty_like(z)
    for start in range(5):
        held = torch.arange(start, 9, 5)
        kept = torch.tensor([i for i in range(9) if i not in held.tolist()])
        part = imputers.soft_correlation(z[:, kept], cells[:, kept], cells[:, held], [0.1])[0]
        inner[:, held] = imputers.standard_columns(part)
    beta = max(float(imputers.column_pcc(z, inner).mean()), 0.0)
    carried = np.linalg.solve(R[:9, :9] + 3 * np.eye(9), R[:9, 9:])
    outer = imputers.soft_correlation(z, cells[:, :9], cells[:, 9:], [0.1])[0]
    base = beta * imputers.standard_columns(outer).numpy()
    assert found == pytest.approx(base + (z - beta * inner).numpy() @ carried)


def test_a_heavy_penalty_leaves_the_mapping_alone() -> None:
    family = KrigedCorrelation((0.1,), (1e9,))
    kriged = family.predict(SIDES, INPUTS, OUTPUTS, family.names)[family.names[0]]
    soft = SoftCorrelation((0.1,)).predict(SIDES, INPUTS, OUTPUTS, ("soft 0.1",))["soft 0.1"]
    assert imputers.column_pcc(kriged, soft).abs().numpy() == pytest.approx(np.ones(3), abs=1e-6)


def test_only_the_wanted_predictors_are_given() -> None:
    family = KrigedCorrelation()
    assert list(family.predict(SIDES, INPUTS, OUTPUTS, family.names[4:6])) == list(
        family.names[4:6]
    )


def test_permuted_spots_permute_the_prediction() -> None:
    order = torch.from_numpy(RNG.permutation(25))
    turned = Sides(spots=SIDES.spots[order], cells=SIDES.cells)
    family = KrigedCorrelation()
    a = family.predict(SIDES, INPUTS, OUTPUTS, family.names)
    b = family.predict(turned, INPUTS, OUTPUTS, family.names)
    assert all(torch.allclose(a[n][order], b[n]) for n in family.names)
