"""Make the pictures of the gallery: compute the runs, drive the real window, take them.

    NAPARI_TESSERA_DATA=... xvfb-run -a -s "-screen 0 1920x1200x24" \
        python docs/_scripts/gallery.py --out docs/_static [--work DIR] [--only impute]

Everything takes some minutes. With ``--work`` the stores are kept, and a second call shows what is
in them. The screen must be larger than the window, 1600 x 1000 pixels.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gallery_runs as runs
from explore import pause, shoot, until  # lies beside this file

if TYPE_CHECKING:
    from gallery_runs import Kitchen, Made

SIZE = (1600, 1000)
SMALL = (1280, 800)
LEFT, RIGHT = 220, 380
"""Widths of napari's own docks and of ours."""

LEGEND = 190
"""Height below the tissue that is left to the legend."""

SMOOTH = 75
"""Position of the slider in the picture of edited domains."""

FILLED = 0.92
"""Share of the canvas that the spots fill."""


class Desk:
    """A window with some docks and a run on the screen.

    Parameters
    ----------
    made : Made
        What is opened.
    docks : str
        Names of the docks, top to bottom.
    """

    def __init__(self, made: Made, *docks: str) -> None:
        import napari

        from napari_tessera.widgets.session import session_of

        self.viewer = napari.Viewer(show=True)
        self.window: Any = self.viewer.window._qt_window  # noqa: SLF001 - napari has no other way
        self.session = session_of(self.viewer)
        self.docks = {name: self._dock(name) for name in docks}
        self.window.resize(*SIZE)
        bench = self.session.bench
        bench.open_tissue(made.store)
        if made.reference is not None:
            bench.open_reference(made.reference)
        until(lambda: bench.runs)
        bench.show_run(made.run)
        until(lambda: bench.shown is not None and bench.shown.name == made.run)
        self._arrange()

    def _dock(self, name: str) -> Any:  # noqa: ANN401 - Qt comes without types
        from napari_tessera.widgets import contributions

        makers = {
            "Results": contributions.results_dock, "Genes": contributions.genes_dock,
            "Regions & genes": contributions.regions_dock,
        }  # fmt: skip
        made = makers[name](self.viewer)
        self.viewer.window.add_dock_widget(made, name=name, area="right")
        return made

    def _arrange(self) -> None:
        """Give most of the window to the tissue."""
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QDockWidget

        pause(1.0)
        every = [dock for dock in self.window.findChildren(QDockWidget) if dock.isVisible()]
        ours = {made.parent() for made in self.docks.values()}
        widths = [RIGHT if dock in ours else LEFT for dock in every]
        self.window.resizeDocks(every, widths, Qt.Orientation.Horizontal)
        pause(0.5)
        self.frame()

    def frame(self) -> None:
        """Let the spots fill the canvas above the legend."""
        from napari_tessera.widgets.scale_bar import camera_of

        xy = self.session.bench.view.spots.xy
        low, high = xy.min(axis=0), xy.max(axis=0)
        width, height = self._room()
        room = height - LEGEND
        zoom = FILLED * min(width / (high - low)[0], room / (high - low)[1])
        camera = camera_of(self.viewer)
        camera.zoom = zoom
        x, y = (low + high) / 2
        camera.center = (0.0, y + LEGEND / 2 / zoom, x)
        pause(1.0)

    def _room(self) -> tuple[int, int]:
        """Width and height of the canvas in pixels."""
        from napari_tessera.widgets.legend import canvas_widget_of

        canvas = canvas_widget_of(self.viewer)
        return canvas.width(), canvas.height()

    @property
    def form(self) -> Any:  # noqa: ANN401 - Qt comes without types
        """What of the run is drawn."""
        return self.docks["Results"].form

    def choose(self, box: str, text: str) -> None:
        """Choose an entry of a box of the Results dock, as a person does."""
        chosen = getattr(self.form, box)
        place = next(i for i in range(chosen.count()) if chosen.itemText(i).startswith(text))
        chosen.setCurrentIndex(place)
        chosen.activated.emit(place)
        pause(0.5)

    def enlarge(self, times: float) -> None:
        """Move the slider of the point size of what is chosen in the layer list."""
        layer = self.viewer.layers.selection.active
        layer.size = layer.size * times

    def scroll_to(self, dock: str, part: Any) -> None:  # noqa: ANN401 - Qt comes without types
        """Bring a part of a dock into sight."""
        from qtpy.QtWidgets import QScrollArea

        pause(0.5)
        areas = self.docks[dock].findChildren(QScrollArea)
        next(a for a in areas if a.isAncestorOf(part)).ensureWidgetVisible(part)
        pause(0.5)

    def shoot(self, path: Path) -> None:
        """Take a picture of the whole window."""
        pause(1.0)
        shoot(self.viewer, path)

    def close(self) -> None:
        """Leave."""
        self.session.close()
        self.viewer.close()


def place(kitchen: Kitchen, out: Path) -> None:
    """Cells over the H&E; those whose place is unsure fade."""
    desk = Desk(runs.placed(kitchen), "Results")
    desk.form.fade.setChecked(True)
    desk.shoot(out / "gallery_place.jpg")
    desk.close()


def composition(kitchen: Kitchen, out: Path) -> None:
    """Draw the dominant type of every spot, the paler the smaller its lead."""
    desk = Desk(runs.placed(kitchen), "Results")
    desk.form.cells.setChecked(False)
    desk.form.spots.setChecked(True)
    desk.choose("spot_colour", "by dominant type, lead")
    desk.shoot(out / "gallery_composition.jpg")
    desk.close()


def impute(kitchen: Kitchen, out: Path) -> None:
    """Predict a gene that was never measured, and see how wide its interval is."""
    desk = Desk(runs.imputed(kitchen), "Results", "Genes")
    desk.choose("gene", runs.GENE)
    desk.docks["Genes"].line.setText(runs.GENE)
    desk.enlarge(1.8)
    desk.shoot(out / "gallery_impute.jpg")
    desk.choose("spot_colour", "by the interval")
    desk.shoot(out / "gallery_impute_interval.jpg")
    desk.close()


def annotate(kitchen: Kitchen, out: Path) -> None:
    """Types of cells; unsure ones fade."""
    desk = Desk(runs.annotated(kitchen), "Results")
    desk.choose("spot_colour", "by cell type")
    desk.form.fade.setChecked(True)
    desk.enlarge(1.5)
    desk.shoot(out / "gallery_annotate.jpg")
    desk.close()


def domains(kitchen: Kitchen, out: Path) -> None:
    """Layers of a cortex, and the parts of a tumour."""
    desk = Desk(runs.layered(kitchen), "Results")
    desk.shoot(out / "gallery_domains_cortex.jpg")
    desk.choose("spot_colour", "by confidence")
    desk.shoot(out / "gallery_domains_cortex_confidence.jpg")
    desk.close()
    desk = Desk(runs.parted(kitchen), "Results")
    desk.shoot(out / "gallery_domains_tumour.jpg")
    desk.choose("spot_colour", "by confidence")
    desk.shoot(out / "gallery_domains_confidence.jpg")
    desk.close()


def numbers(kitchen: Kitchen, out: Path) -> None:
    """How the number of a cortex was chosen."""
    desk = Desk(runs.layered(kitchen), "Results")
    plot = desk.docks["Results"].number
    plot.expand()
    desk.scroll_to("Results", plot)
    desk.shoot(out / "gallery_domains_number.jpg")
    desk.close()


def editing(kitchen: Kitchen, out: Path) -> None:
    """Domains that a person has smoothed, merged, named after the pathologist, and divided."""
    subjects = (
        (runs.layered, "WM", "white matter", "domains_cortex.jpg"),
        (runs.parted, "cancer in situ", "in situ", "domains_a1.jpg"),
    )
    for make, label, name, file in subjects:
        desk = Desk(make(kitchen), "Results")
        editor, editing = desk.docks["Results"].editor, desk.session.editing
        editor.expand()
        until(lambda e=editor: e.slider.isEnabled())
        editor.slider.setValue(SMOOTH)
        until(lambda e=editing: e.stand.smoothness is not None)
        known = _domain_with(desk, label)
        others = [n for n in editing.stand.domains.names.tolist() if n != known]
        _pick(editor, others[:2])
        editor.merge.click()
        _pick(editor, others[2:3])
        editor.split.click()
        until(lambda e=editing: len(e.stand.edits) == 2)
        _pick(editor, [known])[0].setText(name)
        until(lambda e=editor: "renamed" in e.story.text())
        desk.scroll_to("Results", editor)
        desk.shoot(out / file)
        desk.close()


def _domain_with(desk: Desk, label: str) -> str:
    """Domain that holds most spots that the pathologist gave a label."""
    import pandas as pd

    found = desk.session.editing.stand.domains
    said = desk.session.bench.tissue.sdata.tables["table"].obs["label"].astype(str)
    theirs = pd.Series(found.domain, index=found.spot_names)[said[said == label].index]
    return str(theirs.mode()[0])


def _pick(editor: Any, names: list[str]) -> list[Any]:  # noqa: ANN401 - Qt comes without types
    """Choose domains in the list."""
    items = [editor.list.item(row) for row in range(editor.list.count())]
    for item in items:
        item.setSelected(item.text() in names)
    return [item for item in items if item.text() in names]


def why_here(kitchen: Kitchen, out: Path) -> None:
    """Ranked genes of a duct, the first of them on the tissue."""
    made = runs.explained(kitchen)
    desk = Desk(made, "Regions & genes")
    dock = desk.docks["Regions & genes"]
    until(lambda: made.ranking in desk.session.explaining.rankings)
    desk.session.explaining.show(made.ranking)
    until(lambda: dock.table.genes())
    desk.viewer.layers[f"{made.run} cells"].visible = False
    dock.pictures.setCurrentWidget(dock.pictures.heat)
    until(lambda: dock.pictures.heat.heat is not None)
    desk.scroll_to("Regions & genes", dock.pictures)
    desk.shoot(out / "gallery_why.jpg")
    desk.close()


def tour(kitchen: Kitchen, out: Path) -> None:
    """The tour at the Model dock, in a small window."""  # noqa: D401 - what is seen
    import napari

    from napari_tessera.widgets.contributions import start_tour
    from napari_tessera.widgets.docks import find_tour
    from napari_tessera.widgets.session import session_of

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*SMALL)  # noqa: SLF001 - napari has no other way
    pause(0.5)
    tissue, reference = kitchen.tumour()
    bench = session_of(viewer).bench
    bench.open_tissue(tissue)
    bench.open_reference(reference)
    until(lambda: bench.can_run)
    start_tour(viewer)
    pause(1.0)
    viewer.reset_view()
    find_tour(viewer).next.click()
    pause(1.0)
    shoot(viewer, out / "tour.jpg")
    session_of(viewer).close()
    viewer.close()


SCENES = {
    "place": place, "composition": composition, "impute": impute, "annotate": annotate,
    "domains": domains, "number": numbers, "editing": editing, "why": why_here, "tour": tour,
}  # fmt: skip


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/_static"), help="for the pictures")
    parser.add_argument("--work", type=Path, help="folder that keeps the stores")
    parser.add_argument("--only", choices=list(SCENES), action="append", help="one scene")
    parser.add_argument("--quick", action="store_true", help="methods without training")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tessera_gallery_") as place_for_once:
        work = chosen.work or Path(place_for_once)
        kitchen = runs.Kitchen(work=work.absolute(), quick=chosen.quick)
        for name in chosen.only or SCENES:
            SCENES[name](kitchen, chosen.out)


if __name__ == "__main__":
    main()
