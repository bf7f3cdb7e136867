"""Make the pictures of the page on exploring: drive the real window and take them.

    python docs/_scripts/explore.py docs/_static

Real data are used where ``NAPARI_TESSERA_DATA`` points to them, else the planted tissue.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEventLoop, QTimer

import napari_tessera as nt
from napari_tessera.contract.population import Kind
from napari_tessera.data.sample import find_sample

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 120.0
SIZE = (1600, 1000)
MOST_BYTES = 340_000
"""Of a picture; the documentation is carried along with the code."""


def until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Let the window live until something holds."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > end else None)
    timer.start(20)
    loop.exec()


def pause(seconds: float) -> None:
    """Let the window live for a while."""
    until(lambda: False, seconds)


def open_window(tissue: Path, reference: Path, size: tuple[int, int] = SIZE) -> Any:  # noqa: ANN401
    """Open a viewer with the newest run of a tissue on the screen."""
    import napari

    from napari_tessera.widgets.session import session_of

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*size)  # noqa: SLF001 - napari has no other way
    bench = session_of(viewer).bench
    bench.open_tissue(tissue)
    bench.open_reference(reference)
    until(lambda: bench.runs and bench.reference is not None)
    bench.show_run(bench.runs[0].name)
    until(lambda: bench.shown is not None)
    pause(1.0)
    return viewer


def open_dock(viewer: Any) -> Any:  # noqa: ANN401
    """Open the Explore dock."""
    from napari_tessera.widgets.contributions import explore_dock
    from napari_tessera.widgets.session import session_of

    dock = explore_dock(viewer)
    viewer.window.add_dock_widget(dock, name="Explore", area="right")
    until(lambda: session_of(viewer).exploring.groups is not None)
    pause(1.0)
    viewer.reset_view()
    return dock


def shoot(viewer: Any, path: Path) -> None:  # noqa: ANN401 - napari comes without types
    """Take a picture of the whole window, as good as fits into the size that is allowed."""
    from PIL import Image

    shown = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)).convert("RGB")
    for quality in range(86, 40, -4):
        shown.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break


def cells_of_a_cluster(viewer: Any, dock: Any) -> None:  # noqa: ANN401
    """Look at the cells, draw around the commonest type in the embedding, rank genes."""
    from napari_tessera.widgets.session import session_of

    exploring = session_of(viewer).exploring
    exploring.look_at(Kind.CELLS)
    until(lambda: exploring.population is not None and exploring.population.kind is Kind.CELLS)
    if not any("UMAP" in name for name in exploring.population.embeddings):
        exploring.compute_umap(of_expression=True)
        until(lambda: "UMAP" in exploring.embedding)
    until(lambda: len(exploring.plane) == exploring.population.names.size)
    pause(0.5)
    groups = exploring.groups
    theirs = exploring.plane[groups.codes == int(groups.counts.argmax())]
    middle, spread = np.nanmedian(theirs, axis=0), np.nanstd(theirs, axis=0)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    outline = middle + 0.8 * spread * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    dock.plot.lassoed.emit(outline)
    until(lambda: exploring.first.any())
    dock.rank.click()
    until(lambda: exploring.comparison is not None)
    dock.table.choose(str(exploring.comparison.gene_names[0]))
    dock.table.choose(str(exploring.comparison.gene_names[1]))
    until(lambda: len(dock.violins.genes) > 1)
    pause(1.0)


def main(out: Path) -> None:
    """Make the pictures."""
    folder = Path(tempfile.mkdtemp(prefix="tessera_pictures_"))
    try:
        sample = find_sample(folder)
        nt.map_cells(sample.tissue, sample.reference, method="baseline", out=sample.tissue)
        viewer = open_window(sample.tissue, sample.reference)
        dock = open_dock(viewer)
        cells_of_a_cluster(viewer, dock)
        shoot(viewer, out / "explore.jpg")
        viewer.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
