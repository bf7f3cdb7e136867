"""Fixtures for workflows: a small planted tissue, prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from napari_tessera.contract.inputs import RunSpec
from napari_tessera.jobs.run_dir import RunDir
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.contract.inputs import PairedData

QUICK: dict[str, dict[str, int]] = {
    "stem": {"steps": 12, "members": 1, "batch_cells": 64},
    "come": {"steps": 12, "members": 1, "batch": 64, "folds": 2},
    "baseline": {},
}


@pytest.fixture(scope="session")
def pair() -> PairedData:
    """Plant a tissue that a fit takes a second for."""
    return planted_tissue(n_cells=200, n_spots=160, n_genes=60).paired


@pytest.fixture
def prepared(pair: PairedData, tmp_path: Path) -> Callable[..., RunDir]:
    """Prepare a run directory of the planted tissue: method, name of the directory, options."""

    def make(method: str = "stem", name: str = "run", **more: int) -> RunDir:
        return prepare(pair, tmp_path / name, method, **more)

    return make


def prepare(pair: PairedData, folder: Path, method: str = "stem", **more: int) -> RunDir:
    """Write inputs and recipe of a quick run."""
    options: dict[str, Any] = QUICK[method] | more
    run_dir = RunDir(folder)
    run_dir.save_inputs(pair)
    run_dir.write_spec(RunSpec(method=method, options=options))
    return run_dir
