"""Time, memory and accuracy of the methods, on planted tissues."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.options import Device
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import METHODS
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from napari_tessera.contract.method import Fitted
    from napari_tessera.testing.planted import PlantedTissue

SIZES = {"small": (1500, 300), "medium": (6000, 1200)}
"""Cells and spots."""


class Methods:
    """Every method, with its default options, on two sizes."""

    params = (tuple(METHODS), tuple(SIZES))
    param_names = ("method", "size")
    timeout = 600
    repeat = 1
    number = 1
    warmup_time = 0

    def setup(self, method: str, size: str) -> None:  # noqa: ARG002 - asv gives both
        """Plant a tissue."""
        n_cells, n_spots = SIZES[size]
        self.tissue: PlantedTissue = planted_tissue(n_cells=n_cells, n_spots=n_spots)

    def fit(self, method: str) -> Fitted:
        """Fit on the processor."""
        chosen = METHODS[method]
        options = chosen.options_type(device=Device.CPU)
        return chosen.fit(self.tissue.paired, options, SilentMonitor())

    def time_fit(self, method: str, size: str) -> None:  # noqa: ARG002 - asv gives both
        """Fit, steps chosen on held-out spots included."""
        self.fit(method)

    def peakmem_fit_and_predict(self, method: str, size: str) -> None:  # noqa: ARG002 - asv gives both
        """Fit and answer."""
        METHODS[method].predict(self.fit(method), self.tissue.paired)

    def track_mean_distance(self, method: str, size: str) -> float:  # noqa: ARG002 - asv gives both
        """Mean distance of a cell from its true place, in pitches."""
        result = METHODS[method].predict(self.fit(method), self.tissue.paired)
        assert result.placement is not None
        off = np.linalg.norm(result.placement.xy - self.tissue.truth_xy, axis=1)
        return float(off.mean() / self.tissue.paired.pitch)


class Imports:
    """What a new process pays."""

    params = ("napari_tessera", "napari_tessera.cli.main", "napari_tessera.methods")
    param_names = ("module",)

    def time_import(self, module: str) -> None:
        """Start an interpreter and import one module."""
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
