"""How long a change of colours takes: our own computation, and the whole until it is drawn.

    xvfb-run python benchmarks/looking.py                # all, at 100,000 and at 1 million
    python benchmarks/looking.py own [--items N]         # our computation; needs no display
    xvfb-run python benchmarks/looking.py points         # until drawn, as napari's points [--soft]
    xvfb-run python benchmarks/looking.py raster         # until drawn, as a raster; and moves

`own` colours cells and spots in every way that the window offers, paints rasters, finds the cell
under the mouse, and prints the median of five in milliseconds. `points` and `raster` open napari
with that many cells, change their colours as the Results dock does, and wait until Qt has swapped
the frame with the new ones; they also print how long the main thread was held by the change, and
for a raster how late a 10 ms timer of the main thread was meanwhile, at most; and how long it takes
after the camera has moved or zoomed until the new picture is drawn, the wait before it included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import Composition, Placement, Provenance, Run, RunResult
from napari_tessera.contract.views import SpotsView, TissueView, typical_distance
from napari_tessera.viewer.answers import SpotLook, paint_answer
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.gene_blend import DrawnGene, paint_genes
from napari_tessera.viewer.hover import SpotFinder, bars_of
from napari_tessera.viewer.pies import LEAST_WIDTH, MOST_PIES, Frame, draw_pies, pie_radius
from napari_tessera.viewer.placement import (
    CellColour,
    cell_categories,
    cell_dots,
    paint_cells,
    rim_of,
)
from napari_tessera.viewer.raster import DrawAs, paint_raster, view_frame
from napari_tessera.viewer.showing import Showing
from napari_tessera.viewer.tiles import tiles_of
from window import Lateness

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (100_000, 1_000_000)
TIMES = 5
N_TYPES = 20
SIDE = 10_000.0
CANVAS = (1600, 1000)
"""Pixels of the canvas on which rasters are painted."""


def placement_of(n: int, rng: np.random.Generator) -> Placement:
    """Make cells anywhere, of twenty types."""
    types = np.array([f"type {i:02d}" for i in range(N_TYPES)])
    xy = rng.uniform(0, SIDE, (n, 2))
    unsure = rng.random((4, n), dtype=np.float32)
    return Placement(
        cell_names=np.char.add("cell", np.arange(n).astype(np.str_)),
        cell_types=types[rng.integers(0, N_TYPES, n)],
        spot_names=np.array(["spot"]),
        xy=xy,
        mean_xy=xy,
        covariance=np.tile(np.eye(2, dtype=np.float32), (n, 1, 1)),
        entropy=unsure[0],
        confidence=unsure[1],
        modal_spot=np.zeros(n, dtype=np.int64),
        map=sparse.csr_matrix((n, 1), dtype=np.float32),
        map_residual=unsure[2],
        unit="",
    )


def spots_of(n: int, rng: np.random.Generator) -> tuple[SpotsView, RunResult]:
    """Make spots, and answers about each of them."""
    names = np.char.add("spot", np.arange(n).astype(np.str_))
    soft = rng.dirichlet(np.ones(8), n).astype(np.float32)
    values = rng.random((n, 3), dtype=np.float32)
    labels = np.array([f"{i}" for i in range(8)])
    view = SpotsView(
        table="table", element="spots", names=names, instances=np.arange(n),
        xy=rng.uniform(0, SIDE, (n, 2)), radius=np.full(n, 2.0),
    )  # fmt: skip
    result = RunResult(
        imputation=Imputation(
            spot_names=names.copy(), gene_names=np.array(["A", "B", "C"]), values=values,
            scale=ExpressionScale.LOG1P, half_width=values + 0.1,
            expected_pcc=np.array([0.8, 0.5, 0.1], np.float32),
            measured=np.array([True, False, False]),
        ),
        annotation=Annotation(
            spot_names=names.copy(), types=labels, probability=soft, prediction_set=soft > 0.2,
            novelty_p=values[:, 0],
        ),
        domains=Domains(spot_names=names.copy(), names=labels, probability=soft),
    )  # fmt: skip
    return view, result


def median_ms(work: Callable[[], object]) -> float:
    """Median of five after one that does not count."""
    work()
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took), 1)


def own(n: int) -> dict[str, float]:
    """Milliseconds of our own computation, by what is coloured."""
    rng = np.random.default_rng(0)
    placement = placement_of(n, rng)
    types = cell_categories(placement)
    spots, result = spots_of(n, rng)

    def cells(how: CellColour, **more: Any) -> Callable[[], object]:  # noqa: ANN401 - of `paint_cells`
        return lambda: rim_of(paint_cells(placement, types, how, **more))

    def answer(how: SpotColour, **more: Any) -> Callable[[], object]:  # noqa: ANN401 - of `SpotLook`
        return lambda: paint_answer(result, spots, SpotLook(how=how, gene="A", **more))

    found = result.imputation
    values = None if found is None else found.values
    genes = [
        DrawnGene(title=str(i), names=spots.names, values=values[:, i])
        for i in range(3)
        if values is not None
    ]
    hidden = frozenset({"type 03", "3"})
    parts = {
        "cells by type": cells(CellColour.TYPE),
        "cells by type, one hidden": cells(CellColour.TYPE, hidden=hidden),
        "cells by type, unsure ones fade": cells(CellColour.TYPE, fade=True),
        "cells by confidence": cells(CellColour.CONFIDENCE),
        "spots by domain": answer(SpotColour.DOMAIN),
        "spots by domain, one hidden, unsure ones fade": answer(
            SpotColour.DOMAIN, hidden=hidden, fade=True
        ),
        "spots by cell type": answer(SpotColour.TYPE),
        "spots by a predicted gene": answer(SpotColour.GENE),
        "spots by a predicted gene, unsure ones fade": answer(SpotColour.GENE, fade=True),
        "spots by one gene of the Genes dock": lambda: paint_genes(genes[:1], spots),
        "spots by three genes of the Genes dock": lambda: paint_genes(genes, spots),
    }
    parts |= rasters(placement, cells(CellColour.TYPE)) | mixed(n, rng)
    return {name: median_ms(work) for name, work in parts.items()}


def mixed(n: int, rng: np.random.Generator) -> dict[str, Callable[[], object]]:
    """List the ways to look at mixed spots: by colour, as pies, and with the mouse."""
    spots, _ = spots_of(n, rng)
    composition = Composition(
        spot_names=spots.names, types=np.array([f"{i}" for i in range(8)]),
        values=rng.dirichlet(np.ones(8), n).astype(np.float32),
        entropy=np.zeros(n, dtype=np.float32),
    )  # fmt: skip
    result = RunResult(composition=composition)
    run = Run(name="stem_1", result=result, provenance=Provenance(method="stem"))
    radius, finder = pie_radius(spots), SpotFinder(spots)
    side = SIDE * (MOST_PIES / 4 / n) ** 0.5
    near = Frame(low=(0, 0), high=(side, side), zoom=LEAST_WIDTH / float(radius[0]))
    x, y = spots.xy[n // 2].tolist()

    def answer(how: SpotColour) -> Callable[[], object]:
        return lambda: paint_answer(result, spots, SpotLook(how=how, blend=("1", "2", "3")))

    return {
        "spots by dominant type": answer(SpotColour.DOMINANT),
        "spots by dominant type, lead": answer(SpotColour.LEAD),
        "spots by a blend of three types": answer(SpotColour.BLEND),
        "pies of a few hundred spots": lambda: draw_pies(
            run, spots, Showing(), frame=near, radius=radius
        ),
        "bars of the spot under the mouse": lambda: bars_of(run, spots, finder.at(x, y) or 0),
    }


def rasters(placement: Placement, colours: Callable[[], object]) -> dict[str, Callable[[], object]]:
    """List what a raster needs: once, per change of colours, per move, and for the mouse."""
    tiles, n = tiles_of(placement.xy), len(placement.xy)
    diameter = 0.4 * typical_distance(placement.xy)
    rgba = np.random.default_rng(1).integers(0, 255, (n, 4)).astype(np.uint8)
    rgba[:, 3] = 255
    middle = (SIDE / 2, SIDE / 2)
    whole = min(CANVAS) / SIDE
    frames = {part: view_frame(tiles, middle, whole / part, CANVAS) for part in (1, 0.3, 0.03)}

    def paint(part: float) -> Callable[[], object]:
        return lambda: paint_raster(tiles, rgba, frames[part], diameter)

    def recolour() -> object:
        return colours(), paint(1)()

    run = Run(
        name="stem_1", result=RunResult(placement=placement), provenance=Provenance(method="stem")
    )
    words = cell_dots(run, empty_view(), placement.xy).words
    return {
        "raster, once: sort the cells into tiles": lambda: tiles_of(placement.xy),
        "raster, once: how large dots are": lambda: typical_distance(placement.xy),
        "raster: colours by type and picture": recolour,
        "raster: picture of the whole": paint(1),
        "raster: picture of a third of the side": paint(0.3),
        "raster: picture of three hundredths of the side": paint(0.03),
        "raster: words of the cell under the mouse": lambda: words(
            int(tiles.nearest(*placement.xy[7], 10.0)[0])
        ),
    }


def empty_view() -> TissueView:
    """Make a tissue without a picture and without spots."""
    return TissueView(title="t", coordinate_system="global", unit="pixel", images=(), spots=None)


class Drawn:
    """A window with one run, and how long it takes to show something else.

    Parameters
    ----------
    n : int
        Number of cells.
    how : DrawAs
        What the cells are drawn as.
    """

    def __init__(self, n: int, how: DrawAs) -> None:
        import napari

        from napari_tessera.jobs.errands import Errands
        from napari_tessera.widgets.legend import canvas_widget_of
        from napari_tessera.widgets.main_thread import MainThread
        from napari_tessera.widgets.results_layers import RunLayers

        result = RunResult(placement=placement_of(n, np.random.default_rng(0)))
        run = Run(name="stem_1", result=result, provenance=Provenance(method="stem"))
        self.viewer = napari.Viewer(show=True)
        self.canvas: Any = canvas_widget_of(self.viewer)
        self._thread = MainThread()
        self.layers = RunLayers(self.viewer, empty_view(), run, Errands(self._thread.post))
        self.layers.draw(draw_as=how)
        self.viewer.reset_view()
        settle(6000)

    def until(self, change: Callable[[], object], done: Callable[[], bool]) -> tuple[float, ...]:
        """Milliseconds: the main thread held by the change, and until it was drawn."""
        from qtpy.QtCore import QEventLoop

        loop = QEventLoop()

        def swapped() -> None:
            if done():
                loop.quit()

        self.canvas.frameSwapped.connect(swapped)
        began = time.perf_counter()
        change()
        held = time.perf_counter() - began
        loop.exec()
        took = time.perf_counter() - began
        self.canvas.frameSwapped.disconnect(swapped)
        settle(300)
        return held * 1000, took * 1000

    def recolour(self, i: int) -> tuple[float, ...]:
        """Give the cells other colours; as a raster they are drawn when they have been painted."""
        from napari_tessera.viewer.layer_data import Role

        layer: Any = self.layers.layer(Role.CELLS)
        before = layer.data
        look = (CellColour.CONFIDENCE, CellColour.TYPE)[i % 2]
        is_raster = hasattr(layer, "frame")
        change = partial(self.layers.draw, cell_colour=look)
        return self.until(change, lambda: not is_raster or layer.data is not before)

    def move(self, i: int) -> tuple[float, ...]:
        """Zoom in to a third, or out again."""
        from napari_tessera.viewer.layer_data import Role
        from napari_tessera.widgets.scale_bar import camera_of

        layer: Any = self.layers.layer(Role.CELLS)
        before, camera = layer.data, camera_of(self.viewer)
        zoom = camera.zoom * (3 if i % 2 else 1 / 3)
        change = partial(setattr, camera, "zoom", zoom)
        return self.until(change, lambda: layer.data is not before)


def settle(milliseconds: int) -> None:
    """Let Qt live for a while."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def medians(took: list[tuple[float, ...]]) -> dict[str, float]:
    """Medians of what `Drawn` gives, the first one left out."""
    held, whole = (round(statistics.median(part), 1) for part in zip(*took[1:], strict=True))
    return {"main thread held": held, "until drawn": whole}


def points(n: int) -> dict[str, Any]:
    """Milliseconds from the change of a colour to the swapped frame, in a window."""
    window = Drawn(n, DrawAs.POINTS)
    found = medians([window.recolour(i) for i in range(TIMES + 1)])
    window.viewer.close()
    return {"colours": found}


def raster(n: int) -> dict[str, Any]:
    """Measure the same for a raster; and how late a timer of the main thread is meanwhile."""
    window = Drawn(n, DrawAs.RASTER)
    with Lateness() as late:
        found = {
            "colours": medians([window.recolour(i) for i in range(TIMES + 1)]),
            "zoom": medians([window.move(i) for i in range(1, TIMES + 2)]),
        }
    window.viewer.close()
    return {**found, "timer late at most": late.summary()["max_ms"]}


def main() -> None:
    """Print what is asked for; each in a process of its own where all is."""
    parts = {"own": own, "points": points, "raster": raster}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*parts, "all"], nargs="?", default="all")
    parser.add_argument("--items", type=int, default=0)
    parser.add_argument("--soft", action="store_true", help="soft edges for crowds of dots too")
    asked = parser.parse_args()
    if asked.soft:
        from napari_tessera.widgets import soft_edges

        soft_edges.CROWD = sys.maxsize
    for n in (asked.items,) if asked.items else SIZES:
        if asked.what == "all":
            for what in parts:
                subprocess.run([sys.executable, __file__, what, "--items", str(n)], check=True)
        else:
            load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
            found = json.dumps(parts[asked.what](n), indent=1)
            print(f"{asked.what}, {n:,} cells, load {load}, milliseconds: {found}", flush=True)


if __name__ == "__main__":
    main()
