"""A UMAP from a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.workflows.embed import write_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_child_lays_two_kinds_of_cells_out_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.poisson(0.5, size=(80, 30)).astype(np.float32)
    values[:40, :10] += 5
    write_rows(tmp_path / "rows.npz", sparse.csr_matrix(values))
    done = subprocess.run(
        [sys.executable, "-m", "napari_tessera", "embed-unit", "--rows", tmp_path / "rows.npz",
         "--out", tmp_path / "plane.npy"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    plane = np.load(tmp_path / "plane.npy")
    apart = np.linalg.norm(plane[:40].mean(axis=0) - plane[40:].mean(axis=0))
    assert apart > 2 * plane[:40].std(axis=0).max()
    assert json.loads(done.stdout) == {"out": str(tmp_path / "plane.npy")}
