"""How long a change of colours takes: our own computation, and the whole until it is drawn.

    python benchmarks/looking.py own                     # our computation, 100,000 and 1 million
    python benchmarks/looking.py drawn [--items N]       # needs a display; on a server: xvfb-run

`own` colours cells and spots in every way that the window offers and prints the median of five in
milliseconds. `drawn` opens napari with that many cells, changes their colours as the Results dock
does, and waits until Qt has swapped the frame; it also prints how long the main thread was held by
the change, of which `recolour_points` is what napari itself needs to take new colours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.results import Placement, Provenance, Run, RunResult
from napari_tessera.contract.views import SpotsView, TissueView
from napari_tessera.viewer.answers import SpotLook, paint_answer
from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.gene_blend import DrawnGene, paint_genes
from napari_tessera.viewer.placement import CellColour, cell_categories, paint_cells, rim_of

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (100_000, 1_000_000)
TIMES = 5
N_TYPES = 20
SIDE = 10_000.0


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
    return {name: median_ms(work) for name, work in parts.items()}


def drawn(n: int) -> dict[str, float]:
    """Milliseconds from the change of a colour to the swapped frame, in a window."""
    import napari
    from qtpy.QtCore import QEventLoop, QTimer

    from napari_tessera.widgets.legend import canvas_widget_of
    from napari_tessera.widgets.results_layers import RunLayers

    rng = np.random.default_rng(0)
    view = TissueView(title="t", coordinate_system="global", unit="pixel", images=(), spots=None)
    result = RunResult(placement=placement_of(n, rng))
    run = Run(name="stem_1", result=result, provenance=Provenance(method="stem"))
    viewer = napari.Viewer(show=True)
    canvas = canvas_widget_of(viewer)
    if canvas is None:
        msg = "napari has no canvas here"
        raise RuntimeError(msg)

    def settle(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def change(**how: object) -> tuple[float, float]:
        loop = QEventLoop()
        canvas.frameSwapped.connect(loop.quit)
        began = time.perf_counter()
        layers.draw(**how)
        held = time.perf_counter() - began
        loop.exec()
        took = time.perf_counter() - began
        canvas.frameSwapped.disconnect(loop.quit)
        settle(300)
        return held * 1000, took * 1000

    layers = RunLayers(viewer, view, run)
    layers.draw()
    viewer.reset_view()
    settle(3000)
    looks = (CellColour.CONFIDENCE, CellColour.TYPE)
    took = [change(cell_colour=looks[i % 2]) for i in range(TIMES + 1)][1:]
    viewer.close()
    held, whole = (round(statistics.median(part), 1) for part in zip(*took, strict=True))
    return {"main thread held": held, "until drawn": whole}


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["own", "drawn"])
    parser.add_argument("--items", type=int, default=0)
    asked = parser.parse_args()
    work = own if asked.what == "own" else drawn
    for n in (asked.items,) if asked.items else SIZES:
        print(f"{n:,}", json.dumps(work(n), indent=1), flush=True)


if __name__ == "__main__":
    main()
