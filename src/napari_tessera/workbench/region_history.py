"""Undo and redo of what people draw, and regions from and to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.workbench.history import History
from napari_tessera.workbench.tasks import attempt, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.regions import Region
    from napari_tessera.workbench.bench import Bench
    from napari_tessera.workbench.explaining import Explaining


class RegionHistory:
    """What was drawn before, and what was taken back.

    Parameters
    ----------
    bench : Bench
        Tells when another tissue is opened: its regions have no past here.
    explaining : Explaining
        Keeps the regions, and stores what is undone and redone as it stores what is drawn.
    """

    changed = Signal()

    def __init__(self, bench: Bench, explaining: Explaining) -> None:
        self._explaining = explaining
        self._steps: History[tuple[Region, ...]] = History()
        self._now = explaining.regions
        self._fresh = False
        self._own = False
        bench.tissue_opened.connect(lambda _: self._forget())
        explaining.regions_changed.connect(self._on_regions)

    @property
    def can_undo(self) -> bool:
        """Whether something can be taken back."""
        return self._steps.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back."""
        return self._steps.can_redo

    def undo(self) -> None:
        """Take the last change of the regions back; the store follows."""
        self._put(self._steps.undo())

    def redo(self) -> None:
        """Do again what was taken back; the store follows."""
        self._put(self._steps.redo())

    def load(self, path: Path) -> tuple[str, ...]:
        """Add the regions of a GeoJSON file, in the coordinates on the screen.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        tuple of str
            What in it was no region; whatever else is wrong is told by `Explaining.failed`.
        """
        from napari_tessera.data.region_files import merge_regions, read_region_file

        try:
            new, skipped = read_region_file(path)
        except InputError as error:
            self._explaining.failed.emit(*words_of(error))
            return ()
        self._explaining.draw(merge_regions(self._explaining.regions, new))
        return skipped

    def save(self, path: Path) -> bool:
        """Write the regions as GeoJSON, in the coordinates on the screen; False where that failed.

        Parameters
        ----------
        path : Path
            The file.
        """
        from napari_tessera.data.region_files import write_region_file

        regions, failed = self._explaining.regions, self._explaining.failed
        if not attempt(lambda: write_region_file(regions, path), failed.emit):
            return False
        self._explaining.exported.emit("regions", "", path)
        return True

    def _put(self, regions: tuple[Region, ...] | None) -> None:
        if regions is None:
            return
        self._own = True
        try:
            self._explaining.draw(regions)
        finally:
            self._own = False

    def _forget(self) -> None:
        self._steps.clear()
        self._fresh = True
        self.changed.emit()

    def _on_regions(self, regions: tuple[Region, ...]) -> None:
        before, self._now = self._now, regions
        if self._fresh:  # these were read from a store that was just opened
            self._fresh = False
        elif not self._own:
            self._steps.add(before, regions)
        self.changed.emit()
