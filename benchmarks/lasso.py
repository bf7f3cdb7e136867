"""A lasso around a million points: who is inside, how long that takes, and what follows from it.

    python benchmarks/lasso.py

Prints one JSON object: milliseconds, median of the repeats.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.numerics.outlines import inside
from napari_tessera.viewer.colours import categories
from napari_tessera.viewer.scatter import colours_of_scatter, frame_of, paint_scatter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

N_POINTS = 1_000_000
REPEATS = 5
CORNERS = (50, 500, 5000)
"""Corners of a quick lasso, of a careful one, and of one that a tablet sends."""


def flower(n_corners: int, radius: float) -> NDArray[np.float64]:
    """Outline with seven petals."""
    turn = np.linspace(0, 2 * np.pi, n_corners, endpoint=False)
    reach = radius * (1 + 0.3 * np.sin(7 * turn))
    return np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)


def milliseconds(work: Callable[[], object]) -> float:
    """Time some work."""
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return round(float(np.median(took)), 1)


def measure() -> dict[str, float]:
    """Time everything that our own code does between a lasso and its picture."""
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(N_POINTS, 2))
    groups = categories(rng.integers(0, 20, N_POINTS).astype(str))
    found = {
        f"lasso_{n}_corners_ms": milliseconds(lambda n=n: inside(flower(n, 1.2), xy))  # type: ignore[misc]
        for n in CORNERS
    }
    chosen = inside(flower(500, 1.2), xy)
    rgba = groups.rgba()
    plane, frame = xy.astype(np.float32), frame_of(xy, 640, 520)
    found["colours_ms"] = milliseconds(lambda: colours_of_scatter(rgba, chosen))
    colours = colours_of_scatter(rgba, chosen)
    found["scatter_ms"] = milliseconds(lambda: paint_scatter(plane, colours, chosen, frame))
    found["bars_ms"] = milliseconds(lambda: np.bincount(groups.codes[chosen], minlength=20))
    return found


class Lasso:
    """The same for asv."""

    def setup(self) -> None:
        """Make the points."""
        self.xy = np.random.default_rng(0).normal(size=(N_POINTS, 2))

    def time_lasso(self) -> None:
        """Ask who is inside a lasso of 500 corners."""
        inside(flower(500, 1.2), self.xy)


if __name__ == "__main__":
    print(json.dumps({"n_points": N_POINTS, **measure()}))
