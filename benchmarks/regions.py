"""From a region drawn with the mouse to the ranked table, in the real window.

    NAPARI_TESSERA_DATA=... xvfb-run -a python benchmarks/regions.py --screenshot genes.png
        [--work DIR] [--steps N --members N]

Opens breast tumour A1 with a run of STEM (made first, if `--work` has none), takes napari's polygon
tool, clicks around the duct at the left, and presses Rank genes. The time counts from the first
click to the filled table.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from window import live_until

if TYPE_CHECKING:
    from numpy.typing import NDArray

DUCT = "cancer in situ"
"""Pathologist's label around which the region is drawn."""

SIZE = (1500, 1000)


def prepare(work: Path, options: dict[str, int]) -> tuple[Path, str]:
    """Copy the sample and map it, unless that was done."""
    import napari_tessera as nt
    from napari_tessera.data.sample import find_sample

    store = work / "tissue.zarr"
    if not store.exists():
        sample = find_sample()
        shutil.copytree(sample.tissue, store)
        began = time.monotonic()
        run = nt.map_cells(store, sample.reference, options=nt.StemOptions(**options), out=store)
        print(f"{sample.name}: mapped by {run.name} in {time.monotonic() - began:.0f} s")
    return store, nt.runs(store)[0].name


def outline_of_duct(store: Path) -> NDArray[np.float64]:
    """Corners around the leftmost patch of spots of that label, in world coordinates."""
    import shapely
    from spatialdata import read_zarr

    from napari_tessera.data.geometry import affine_of, move, own_centres

    sdata = read_zarr(store)
    name = next(iter(sdata.tables))
    table = next(t for t in sdata.tables.values() if "label" in t.obs)
    region = table.uns["spatialdata_attrs"]["region"]
    element = sdata[region if isinstance(region, str) else region[0]]
    xy = move(affine_of(element, "global"), own_centres(element)[1])
    chosen = xy[(table.obs["label"].astype(str) == DUCT).to_numpy()]
    pitch = float(np.median(np.sort(np.linalg.norm(xy[:, None] - xy, axis=2), axis=1)[:, 1]))
    patches = shapely.union_all(shapely.points(chosen).tolist()).buffer(0.75 * pitch)
    parts = list(getattr(patches, "geoms", [patches]))
    large = [p for p in parts if shapely.intersects_xy(p, *chosen.T).sum() >= 6] or parts
    duct = min(large, key=lambda p: p.centroid.x).simplify(0.3 * pitch)
    print(f"{name}: outline of {len(duct.exterior.coords) - 1} corners")
    return np.asarray(duct.exterior.coords)[:-1]


def click_around(viewer: Any, corners: NDArray[np.float64]) -> None:  # noqa: ANN401 - napari
    """Click corner by corner on the canvas, and double-click on the last."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    native = viewer.window._qt_viewer.canvas.native  # noqa: SLF001 - no public way to the widget
    centre, zoom = np.asarray(viewer.camera.center[-2:]), viewer.camera.zoom
    middle = np.array([native.height(), native.width()]) / 2
    for number, (x, y) in enumerate(corners):
        row, column = (np.array([y, x]) - centre) * zoom + middle
        point = QPoint(round(column), round(row))
        QTest.mouseMove(native, point)
        QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=point)
        live_until(lambda: False, 0.03)
        if number == len(corners) - 1:
            QTest.mouseDClick(native, Qt.MouseButton.LeftButton, pos=point)


def show_heatmap(dock: Any) -> None:  # noqa: ANN401 - the dock
    """Bring the heatmap to the front, and the dock down to it."""
    from qtpy.QtWidgets import QScrollArea

    dock.pictures.setCurrentWidget(dock.pictures.heat)
    live_until(lambda: dock.pictures.heat.heat is not None, 10)
    area = next(a for a in dock.findChildren(QScrollArea) if a.isAncestorOf(dock.pictures))
    area.ensureWidgetVisible(dock.pictures)
    live_until(lambda: False, 0.5)


def drive(store: Path, run: str, corners: NDArray[np.float64], screenshot: Path | None) -> None:
    """Draw, rank, look."""
    import napari

    from napari_tessera.widgets.contributions import regions_dock
    from napari_tessera.widgets.session import session_of

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    dock: Any = regions_dock(viewer)
    viewer.window.add_dock_widget(dock, name="Regions & genes", area="right")
    session = session_of(viewer)
    session.bench.open_tissue(store)
    assert live_until(lambda: bool(session.bench.runs), 60)
    session.bench.show_run(run)
    assert live_until(lambda: session.bench.shown is not None, 60)
    viewer.reset_view()
    live_until(lambda: False, 1.0)
    dock.drawing.start("Polygon")
    began = time.perf_counter()
    click_around(viewer, corners)
    assert live_until(lambda: bool(dock.list.name), 20), "nothing was drawn"
    assert live_until(lambda: "cells in" in dock.counts.text(), 20)
    print(f"drawn after {time.perf_counter() - began:.1f} s: {dock.counts.text()}")
    dock.ask.click()
    assert live_until(lambda: session.explaining.explanation is not None, 120), dock.story.text()
    print(f"from the first click to the table: {time.perf_counter() - began:.1f} s")
    print("first:", ", ".join(dock.table.genes()[:12]))
    live_until(lambda: False, 1.0)
    if screenshot is not None:
        show_heatmap(dock)
        viewer.window.screenshot(path=str(screenshot), canvas_only=False, flash=False)
    session.close()
    viewer.close()


def main() -> None:
    """Prepare and drive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshot", type=Path, help="picture of the window")
    parser.add_argument("--work", type=Path, help="folder that keeps the mapped tissue")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--members", type=int, default=5)
    given = parser.parse_args()
    options = {"members": given.members}
    if given.steps is not None:
        options["steps"] = given.steps
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) if given.work is None else given.work
        work.mkdir(exist_ok=True)
        store, run = prepare(work, options)
        drive(store, run, outline_of_duct(store), given.screenshot)


if __name__ == "__main__":
    main()
