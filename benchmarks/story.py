"""The whole story in the real window, a picture of every step: ``make story``.

Opens a tissue with its H&E, maps a reference onto it, searches genes, colours by a column, draws a
lasso in the embedding, compares with a second run, draws a region, asks which genes put the cells
there, saves, exports a script, replays it in a new process and compares the numbers. Breast tumour
her2st A1 where NAPARI_TESSERA_DATA has it, else the planted tissue.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import story_steps as steps  # lies beside this file

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer

    from napari_tessera.contract.results import Run
    from napari_tessera.data.sample import SamplePaths

PATIENCE_S = 900.0
SETTLE_S = 1.0
SHOWN = {
    "open", "mapped", "composition", "gene", "column", "lasso", "compare", "region", "genes",
    "search",
}  # fmt: skip
"""Steps whose pictures the tutorial shows."""


@dataclass
class Story:
    """A window at work, and the pictures of it.

    Parameters
    ----------
    viewer : napari.Viewer
        The window.
    sample : SamplePaths
        Copies of the data.
    folder : Path
        Takes pictures and files.
    steps, members : int
        Of the fit.
    size : tuple of int
        Width and height of the window in pixels.
    """

    viewer: Viewer
    sample: SamplePaths
    folder: Path
    steps: int
    members: int
    size: tuple[int, int] = (1800, 1000)
    pictures: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the docks."""
        from napari_tessera.widgets.contributions import regions_dock
        from napari_tessera.widgets.demo import open_docks

        self.session = open_docks(self.viewer)
        from napari_tessera.widgets.regions_dock import RegionsDock

        docks = self.viewer.window.dock_widgets
        if "Regions & genes" not in docks:
            made = regions_dock(self.viewer)
            self.viewer.window.add_dock_widget(made, name="Regions & genes", area="right")
        self.main: Any = docks["Model"].window()
        self.regions = self.main.findChild(RegionsDock)
        self.main.tabifyDockWidget(self.dock("Model"), self.dock("Regions & genes"))
        self.dock("Model").raise_()
        self._arrange()

    def _arrange(self) -> None:
        """Give Results as much room as Tissue, and the canvas what is left."""
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QDockWidget

        self.main.resize(*self.size)
        self.wait(lambda: False, SETTLE_S)
        tissue, results = self.dock("Tissue"), self.dock("Results")
        self.main.resizeDocks([tissue, results], [5, 6], Qt.Orientation.Vertical)
        left = [d for d in self.main.findChildren(QDockWidget) if d.windowTitle() == "layer list"]
        self.main.resizeDocks(left, [230], Qt.Orientation.Horizontal)
        self.wait(lambda: False, SETTLE_S)

    @property
    def bench(self) -> Any:  # noqa: ANN401 - a Bench
        """What the window is doing."""
        return self.session.bench

    def dock(self, name: str) -> Any:  # noqa: ANN401 - Qt comes without types
        """Dock of that name."""
        from qtpy.QtWidgets import QDockWidget

        docks = self.main.findChildren(QDockWidget)
        return next(dock for dock in docks if dock.windowTitle().replace("&&", "&") == name)

    def wait(self, over: Callable[[], object], longest_s: float = PATIENCE_S) -> None:
        """Let the window live until something holds."""
        from qtpy.QtWidgets import QApplication

        until = time.monotonic() + longest_s
        while not over() and time.monotonic() < until:
            QApplication.processEvents()
            time.sleep(0.01)

    def must(self, over: Callable[[], object], what: str) -> None:
        """Let the window live until something holds that has to."""
        self.wait(over)
        if not over():
            sys.exit(f"This did not come about: {what}.")

    def picture(self, name: str) -> None:
        """Keep a picture of the window."""
        self.wait(lambda: False, SETTLE_S)
        path = self.folder / f"{len(self.pictures) + 1:02d}_{name}.png"
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        self.pictures.append(path)
        print(f"{path.name}")

    # -- the steps -----------------------------------------------------------------------------

    def empty(self) -> None:
        """Show what a person sees first."""
        self.picture("empty")

    def open_both(self) -> None:
        """Open tissue and reference."""
        self.bench.open_tissue(self.sample.tissue)
        self.bench.open_reference(self.sample.reference)
        self.must(lambda: self.bench.can_run, "tissue and reference fit each other")
        self.picture("open")

    def map(self) -> None:
        """Run the default method, with a picture on the way."""
        from napari_tessera.widgets.model_dock import ModelDock

        model = self.main.findChild(ModelDock)
        model.form.rows["steps"].set_value(self.steps)
        model.form.rows["members"].set_value(self.members)
        model.run_bar.run.click()
        self.must(lambda: self.bench.jobs, "the fit began")
        job = self.bench.jobs[-1]
        self.must(
            lambda: job.outcome or (job.progress is not None and job.progress.fraction > 0.5),
            "the fit went on",
        )
        self.picture("training")
        self.must(lambda: job.outcome, "the fit ended")
        self.must(lambda: self.bench.shown and self.bench.runs, "the run was kept")
        self.picture("mapped")

    def composition(self) -> None:
        """Show what the spots are made of."""
        results = self._results()
        results.form.spots.setChecked(True)
        results.form.cells.setChecked(False)
        self.picture("composition")
        results.form.spots.setChecked(False)
        results.form.cells.setChecked(True)

    def draw(self) -> None:
        """Draw a region around the commonest type's thickest place, as napari's lasso does."""
        self.dock("Regions & genes").raise_()
        self.regions.drawing.start("Lasso")
        layer = self.regions.drawing.layer
        corners = self._outline()
        layer.add_polygons([np.asarray([layer.world_to_data(p) for p in corners])])
        layer.mode = "pan_zoom"
        self.must(lambda: self.session.explaining.regions, "the region was taken")
        self.must(lambda: "cells in" in self.regions.counts.text(), "the cells were counted")
        self.picture("region")

    def _outline(self) -> np.ndarray:
        """Corners of an outline around a third of the spots, row and column in world units."""
        from napari_tessera.viewer.placement import world_xy

        view, run = self.bench.view, self.bench.shown
        system = run.provenance.origin.selection.coordinate_system or ""
        xy = world_xy(run.result.placement, view, system)
        types = run.result.placement.cell_types
        names, counts = np.unique(types, return_counts=True)
        centre = np.median(xy[types == names[counts.argmax()]], axis=0)
        reach = np.ptp(view.spots.xy, axis=0).max() / 4.2
        turn = np.linspace(0, 2 * np.pi, 41)[:-1]
        ring = centre + reach * np.c_[np.cos(turn), 0.8 * np.sin(turn)]
        return np.asarray(ring[:, ::-1])

    def genes(self) -> None:
        """Ask which genes put the cells there, and look at the first."""
        within = self.regions.form.within
        within.setCurrentText("all cell types")
        within.textActivated.emit("all cell types")
        self.must(lambda: "within" not in self.regions.counts.text(), "the cells were counted")
        self.regions.ask.click()
        self.must(lambda: self.session.explaining.explanation, "genes were ranked")
        self.picture("genes")

    def search(self) -> None:
        """Search a gene in the table, and look at it on the tissue."""
        wanted = self.regions.table.genes()[0]
        self.regions.table.filter.setText(f"^{wanted}$")
        self.regions.table.choose(wanted)
        self.regions.shown.setCurrentText("expression")
        self.regions.shown.textActivated.emit("expression")
        self.picture("search")
        self.regions.table.filter.setText("")

    def export(self) -> Path:
        """Write the table, the regions and the script."""
        from napari_tessera.widgets.results_export import ResultsExport

        self.regions.write_table(self.folder / "genes.csv")
        self.regions.files.write(self.folder / "regions.geojson")
        script, notebook = self.folder / "story.py", self.folder / "story.ipynb"
        export = self.main.findChild(ResultsExport)
        for path in (notebook, script):
            export.write(path)
            self.must(path.exists, f"{path.name} was written")
        self.picture("export")
        return script

    def _results(self) -> Any:  # noqa: ANN401 - a ResultsDock
        from napari_tessera.widgets.results import ResultsDock

        return self.main.findChild(ResultsDock)


def keep_for_docs(pictures: list[Path], folder: Path) -> None:
    """Write small copies of the pictures that the tutorial shows."""
    from PIL import Image

    for path in pictures:
        if path.stem.partition("_")[2] not in SHOWN:
            continue
        with Image.open(path) as opened:
            small = opened.convert("RGB")
        small.thumbnail((1400, 1400))
        small.save(folder / f"story_{path.stem.partition('_')[2]}.jpg", quality=80, optimize=True)


def replay(script: Path, tissue: Path, names: list[str]) -> bool:
    """Replay a script in a new process; say whether its numbers are the same."""
    import napari_tessera as nt

    folder = script.parent / "replay"
    folder.mkdir()
    began = time.monotonic()
    command = [sys.executable, "-W", "ignore", str(script)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    copy = next(folder.glob("*.zarr"))
    same = all(equal(nt.read(tissue, name), nt.read(copy, name)) for name in names)
    ranked = same_ranking(script.parent / "genes.csv", folder / "genes.csv")
    print(f"replayed in {time.monotonic() - began:.0f} s")
    print(f"places, their covariances and shares of {len(names)} runs equal: {same}")
    print(f"ranks, AUC and p of all genes equal, means and rates to the last digits: {ranked}")
    return same and ranked


def same_ranking(one: Path, other: Path) -> bool:
    """Whether two rankings agree; means are single-precision sums, split as there are threads.

    A rate of false discoveries counts how often chance does as well, ties to the last digit
    included.
    """
    import numpy as np
    import pandas as pd

    a, b = (pd.read_csv(path, index_col=0) for path in (one, other))
    exact = ["rank", "auc", "p", "p_adjusted", "p_null"]
    if list(a.index) != list(b.index) or not a[exact].equals(b[exact]):
        return False
    numbers = a.select_dtypes("number").columns
    return bool(np.allclose(a[numbers], b[numbers], rtol=1e-4, atol=1e-6, equal_nan=True))


def equal(one: Run, other: Run) -> bool:
    """Whether places, their covariances and the compositions of two runs are the very same."""
    a, b = one.result, other.result
    if a.placement is None or b.placement is None or a.composition is None or not b.composition:
        return False
    return (
        np.array_equal(a.placement.xy, b.placement.xy)
        and np.array_equal(a.placement.covariance, b.placement.covariance)
        and np.array_equal(a.composition.values, b.composition.values)
    )


def main() -> int:
    """Tell the story."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("story"), help="folder for the pictures")
    parser.add_argument("--steps", type=int, default=400, help="steps of the fit; default: 400")
    parser.add_argument("--members", type=int, default=1, help="networks; default: 1")
    parser.add_argument("--size", default="1800x1000", help="size of the window in pixels")
    parser.add_argument("--docs", type=Path, help="folder for small copies of the pictures")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.out, ignore_errors=True)
    chosen.out.mkdir(parents=True)
    import napari

    from napari_tessera.data.sample import find_sample

    with tempfile.TemporaryDirectory(prefix="tessera_story_") as place:
        sample = find_sample(Path(place))
        print(f"Sample: {sample.name}")
        viewer = napari.Viewer(title="napari-tessera", show=True)
        width, height = (int(side) for side in chosen.size.split("x"))
        story = Story(
            viewer, sample, chosen.out.absolute(), chosen.steps, chosen.members, (width, height)
        )
        story.empty()
        story.open_both()
        story.map()
        story.composition()
        steps.search_genes(story)
        steps.colour_by_column(story)
        steps.lasso(story)
        steps.compare(story)
        story.draw()
        story.genes()
        story.search()
        script = story.export()
        names = [run.name for run in story.bench.runs]
        viewer.close()
        if chosen.docs is not None:
            keep_for_docs(story.pictures, chosen.docs)
        return 0 if replay(script, sample.tissue, names) else 1


if __name__ == "__main__":
    sys.exit(main())
