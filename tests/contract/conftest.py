"""Small valid objects to start from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import Origin, PairedData, Selection
from napari_tessera.contract.results import Composition, Placement

GENES = np.array(["A", "B", "C"])


def counts(n_obs: int, prefix: str) -> Expression:
    """Make counts 0, 1, 2 ... with a few zeros left out."""
    values = np.arange(n_obs * GENES.size).reshape(n_obs, GENES.size) % 7
    return Expression(
        values=sparse.csr_matrix(values, dtype=np.float32),
        obs_names=np.array([f"{prefix}{i}" for i in range(n_obs)]),
        gene_names=GENES,
        scale=ExpressionScale.COUNTS,
    )


@pytest.fixture
def expression() -> Expression:
    """Four rows, three genes."""
    return counts(4, "cell")


@pytest.fixture
def selection() -> Selection:
    """Names that JSON must keep, tuples included."""
    return Selection(table="table", genes=("A", "B"), held_out_genes=("C",))


@pytest.fixture
def paired(selection: Selection) -> PairedData:
    """Five cells, three spots, with everything that is optional."""
    return PairedData(
        cells=counts(5, "cell"),
        spots=counts(3, "spot"),
        spot_xy=np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]),
        unit="micrometre",
        pitch=10.0,
        spot_graph=sparse.csr_matrix(np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]], dtype=np.float32)),
        cell_types=np.array(["Forebrain/Midbrain", "Gut", "Gut", "Gut", "Gut"]),
        sample=np.array(["a", "a", "b"]),
        origin=Origin(selection=selection, preparation=("shared genes",), fingerprint="ab12"),
    )


@pytest.fixture
def placement() -> Placement:
    """Two cells on three spots."""
    rows = np.array([[0.7, 0.2, 0.0], [0.0, 0.1, 0.9]], dtype=np.float32)
    xy = np.array([[1.0, 2.0], [3.0, 4.0]])
    return Placement(
        cell_names=np.array(["cell0", "cell1"]),
        cell_types=np.array(["T", "B"]),
        spot_names=np.array(["spot0", "spot1", "spot2"]),
        xy=xy,
        mean_xy=xy + 0.5,
        covariance=np.zeros((2, 2, 2), dtype=np.float32),
        entropy=np.array([0.5, 0.3], dtype=np.float32),
        confidence=np.array([0.9, 0.8], dtype=np.float32),
        modal_spot=np.array([0, 2]),
        map=sparse.csr_matrix(rows),
        map_residual=np.array([0.1, 0.0], dtype=np.float32),
        unit="pixel",
    )


@pytest.fixture
def composition() -> Composition:
    """Three spots, two types."""
    return Composition(
        spot_names=np.array(["spot0", "spot1", "spot2"]),
        types=np.array(["B", "T"]),
        values=np.array([[0.2, 0.8], [0.6, 0.4], [1.0, 0.0]], dtype=np.float32),
        entropy=np.array([0.5, 0.7, 0.0], dtype=np.float32),
    )
