"""One small planted sample for the tests of this room."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from napari_tessera.data.sample import SamplePaths, write_sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> SamplePaths:
    """Plant a tissue on disk; it is never written to."""
    return write_sample(
        tmp_path_factory.mktemp("planted"), n_cells=120, n_spots=60, n_genes=60, seed=0
    )


@pytest.fixture
def store(planted: SamplePaths, tmp_path: Path) -> Path:
    """Copy the planted tissue, for a test to write to."""
    return shutil.copytree(planted.tissue, tmp_path / "tissue.zarr")
