"""Buttons beneath the drawing tools: undo, redo, GeoJSON in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from napari_tessera.widgets.parts import ask_file, button
from napari_tessera.workbench.region_history import RegionHistory

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining

KINDS = "GeoJSON (*.geojson *.json)"
NARROW = 62
"""Least width of a button in pixels at which its word can be read: four fit in the dock."""


class RegionsFiles(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Undo, redo, import, export.

    Parameters
    ----------
    bench : Bench
        Knows the tissue.
    explaining : Explaining
        Keeps the regions.
    say : callable
        Tells a person something.
    """

    def __init__(self, bench: Bench, explaining: Explaining, say: Callable[[str], None]) -> None:
        super().__init__()
        self.history = RegionHistory(bench, explaining)
        self._bench, self._explaining, self._say = bench, explaining, say
        self.undo = button("Undo", "Take the last change back", self.history.undo)
        self.redo = button("Redo", "Do again what was taken back", self.history.redo)
        self.load = button("Import…", "Add the regions of a GeoJSON file", self._ask_load)
        self.save = button(
            "Export…", "Write the regions as GeoJSON, for QuPath too", self._ask_save
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for made in (self.undo, self.redo, self.load, self.save):
            made.setMinimumWidth(NARROW)
            row.addWidget(made)
        self.history.changed.connect(self._refresh)
        bench.tissue_opened.connect(lambda _: self._refresh())
        explaining.regions_changed.connect(lambda _: self._refresh())
        self._refresh()

    def read(self, path: Path) -> None:
        """Add the regions of a file, and say how many came and what was left out."""
        before = len(self._explaining.regions)
        skipped = self.history.load(path)
        came = len(self._explaining.regions) - before
        if came:
            left = f" Left out: {', '.join(skipped)}." if skipped else ""
            self._say(f"{path.name}: {_count(came)} added and stored.{left}")

    def write(self, path: Path) -> None:
        """Write the regions to a file, and say so."""
        if self.history.save(path):
            self._say(f"Wrote {_count(len(self._explaining.regions))} to {path.name}.")

    def _ask_load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Import regions", "", KINDS)
        if chosen:
            self.read(Path(chosen))

    def _ask_save(self) -> None:
        path = ask_file(self, "Export regions", "regions.geojson", KINDS)
        if path is not None:
            self.write(path)

    def _refresh(self) -> None:
        self.undo.setEnabled(self.history.can_undo)
        self.redo.setEnabled(self.history.can_redo)
        self.load.setEnabled(self._bench.view is not None)
        self.save.setEnabled(bool(self._explaining.regions))


def _count(number: int) -> str:
    return "1 region" if number == 1 else f"{number} regions"
