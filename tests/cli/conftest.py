"""Fixtures for the command: a planted sample, copied for every test that changes it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths

QUICK = ("--steps", "12", "--members", "1", "--batch-cells", "64")


@dataclass(frozen=True)
class Sample:
    """Files of a planted sample."""

    tissue: Path
    reference: Path
    truth: Path

    def map(self, *more: str) -> list[str]:
        """Command line that maps the reference quickly."""
        given = ["map", str(self.tissue), "--reference", str(self.reference)]
        quick = () if "--method" in more else QUICK
        return [*given, "--cell-type-column", "cell_type", *quick, *more]

    def content(self) -> str:
        """Hash of every file of the store, names included."""
        digest = hashlib.sha256()
        for path in sorted(self.tissue.rglob("*")):
            digest.update(str(path.relative_to(self.tissue)).encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()


@pytest.fixture(scope="session")
def planted(plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plant a small sample once."""
    folder = tmp_path_factory.mktemp("planted")
    plant(folder, n_cells=200, n_spots=160, n_genes=60, seed=0)
    return folder


@pytest.fixture
def sample(planted: Path, tmp_path: Path) -> Sample:
    """Copy the planted sample."""
    for path in planted.iterdir():
        target = tmp_path / path.name
        shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)
    return Sample(
        tissue=tmp_path / "tissue.zarr",
        reference=tmp_path / "reference.h5ad",
        truth=tmp_path / "truth.h5ad",
    )


@pytest.fixture(scope="session")
def mapped_once(
    planted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], Sample]:
    """Map the sample once; every caller gets a copy in its own folder."""
    from napari_tessera.cli.main import main

    folder = tmp_path_factory.mktemp("mapped")
    shutil.copytree(planted, folder, dirs_exist_ok=True)
    done = Sample(folder / "tissue.zarr", folder / "reference.h5ad", folder / "truth.h5ad")
    assert main(done.map()) == 0

    def copy(target: Path) -> Sample:
        shutil.copytree(folder, target, dirs_exist_ok=True)
        return Sample(target / "tissue.zarr", target / "reference.h5ad", target / "truth.h5ad")

    return copy


@pytest.fixture
def mapped(mapped_once: Callable[[Path], Sample], tmp_path: Path) -> Sample:
    """Copy the sample that was mapped once."""
    return mapped_once(tmp_path)
