"""Make the pictures of the pages on the docks: fill every dock, and take it alone.

    NAPARI_TESSERA_DATA=... xvfb-run -a -s "-screen 0 1920x1200x24" \
        python docs/_scripts/docks.py docs/_static [--work DIR] [--quick]

Breast tumour her2st A1 with a run of STEM, a drawn region, ranked genes, a UMAP. With ``--work``
the store is kept, and a second call shows what is in it; ``--quick`` takes the method without
training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gallery_runs as runs
import numpy as np
from explore import cells_of_a_cluster, pause, until  # lies beside this file

if TYPE_CHECKING:
    from gallery_runs import Made
    from napari import Viewer

SIZE = (1700, 1100)
WIDTH = 400
MOST_COLOURS = 128
"""Of a picture of a dock: words and plots need few, and the documentation stays small."""


class Docks:
    """A window with all docks as tabs, each of which is filled and taken in turn.

    Parameters
    ----------
    made : Made
        What is opened.
    out : Path
        For the pictures.
    """

    def __init__(self, made: Made, out: Path) -> None:
        import napari
        from qtpy.QtCore import Qt

        from napari_tessera.widgets.docks import MAKERS, find_dock, show_dock
        from napari_tessera.widgets.session import session_of

        self.viewer: Viewer = napari.Viewer(show=True)
        self.made, self.out = made, out
        self.session = session_of(self.viewer)
        self.window: Any = self.viewer.window._qt_window  # noqa: SLF001 - napari has no other way
        self.window.resize(*SIZE)
        self.docks = {name: show_dock(self.viewer, name) for name in MAKERS}
        first = find_dock(self.viewer, "Tissue")
        self.window.resizeDocks([first], [WIDTH], Qt.Orientation.Horizontal)
        bench = self.session.bench
        bench.open_tissue(made.store)
        bench.open_reference(made.reference)
        until(lambda: bench.can_run and bench.runs)
        bench.show_run(made.run)
        until(lambda: bench.shown is not None and bench.shown.name == made.run)

    def widget(self, name: str) -> Any:  # noqa: ANN401 - Qt comes without types
        """Bring a dock to the front, and give what it holds."""
        self.docks[name].raise_()
        pause(0.5)
        return self.docks[name].widget()

    def take(self, name: str, page: str) -> None:
        """Take the picture of a dock alone."""
        from PIL import Image

        path = self.out / f"dock_{page}.png"
        self.docks[name].raise_()
        pause(1.5)
        self.docks[name].grab().save(str(path))
        with Image.open(path) as opened:
            shown = opened.convert("RGB")
        trimmed = shown.crop((0, 0, shown.width, _filled(np.asarray(shown))))
        few = trimmed.quantize(MOST_COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)

    def tissue(self) -> None:
        """A tissue and a reference are open."""  # noqa: D401 - what is seen
        self.take("Tissue", "tissue")

    def model(self) -> None:
        """A short fit has just ended: its curves stand below the buttons."""  # noqa: D401
        from napari_tessera.widgets.model_dock import ModelDock

        self.widget("Model")
        model = self.window.findChild(ModelDock)
        model.form.rows["steps"].set_value(150)
        model.form.rows["members"].set_value(1)
        model.run_bar.run.click()
        bench = self.session.bench
        until(lambda: bench.jobs and bench.jobs[-1].outcome)
        until(lambda: len(bench.runs) > 1 and bench.shown.name != self.made.run)
        self.take("Model", "model")
        bench.show_run(self.made.run)
        until(lambda: bench.shown.name == self.made.run)

    def results(self) -> None:
        """The run is chosen, its spots and cells are drawn."""  # noqa: D401 - what is seen
        self.take("Results", "results")

    def regions(self) -> None:
        """A region is drawn, its genes are ranked."""  # noqa: D401 - what is seen
        from napari_tessera.widgets.regions_dock import RegionsDock

        dock = self.window.findChild(RegionsDock)
        explaining = self.session.explaining
        self.widget("Regions & genes")
        until(lambda: self.made.ranking in explaining.rankings)
        explaining.show(self.made.ranking)
        until(lambda: dock.table.genes())
        self.take("Regions & genes", "regions")

    def genes(self) -> None:
        """Columns of the table, the pathologist's label on the spots."""
        from napari_tessera.widgets.genes_dock import COLUMNS, GenesDock

        self.widget("Genes")
        dock = self.window.findChild(GenesDock)
        dock.which.setCurrentText(COLUMNS)
        until(dock.entries)
        labels = [i for i, e in enumerate(dock.entries()) if e.badge.startswith("label")]
        dock.list.setCurrentRow(labels[0])
        until(self.session.canvas.genes.legends)
        self.take("Genes", "genes")
        dock.clear.click()

    def explore(self) -> None:
        """Cells of one type, selected in a UMAP."""
        from napari_tessera.widgets.explore_dock import ExploreDock

        self.widget("Explore")
        until(lambda: self.session.exploring.groups is not None)
        cells_of_a_cluster(self.viewer, self.window.findChild(ExploreDock))
        self.take("Explore", "explore")

    def close(self) -> None:
        """Leave."""
        self.session.close()
        self.viewer.close()


def _filled(pixels: np.ndarray) -> int:
    """Rows down to the last one in which there is something, and a few more."""
    changing = np.ptp(pixels[:, 2:-2].reshape(len(pixels), -1, 3), axis=1).max(axis=1) > 0
    return int(min(len(pixels), np.flatnonzero(changing).max() + 8))


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="for the pictures")
    parser.add_argument("--work", type=Path, help="folder that keeps the store")
    parser.add_argument("--quick", action="store_true", help="method without training")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tessera_docks_") as place_for_once:
        work = chosen.work or Path(place_for_once)
        kitchen = runs.Kitchen(work=work.absolute(), quick=chosen.quick)
        docks = Docks(runs.explained(kitchen), chosen.out)
        for each in (
            docks.tissue, docks.results, docks.regions, docks.genes, docks.explore, docks.model,
        ):  # fmt: skip
            each()
        docks.close()


if __name__ == "__main__":
    main()
