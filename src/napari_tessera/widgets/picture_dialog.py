"""Ask for a picture that lies beside a table, and for how it lies on the spots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_tessera.widgets.landmarks import LandmarksDialog
from napari_tessera.workbench.reading import read_thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.workbench.bench import Bench

PICTURES = "Pictures (*.png *.jpg *.jpeg *.tif *.tiff)"

BY_SCALE, BY_LANDMARKS = "its scale is known", "set three or more landmarks with the mouse"


def place_picture(parent: QWidget, bench: Bench) -> None:
    """Ask for the file, then for its scale or for landmarks; open the tissue again with it.

    Parameters
    ----------
    parent : QWidget
        Window that the questions belong to.
    bench : Bench
        Holds the tissue, which came from a file.
    """
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a picture", "", PICTURES)
    if not chosen:
        return
    path = Path(chosen)
    ways = [BY_SCALE, BY_LANDMARKS]
    way, agreed = QInputDialog.getItem(
        parent, "How the picture lies on the spots", "Choose one:", ways, editable=False
    )
    if agreed and way == BY_LANDMARKS:
        _ask_landmarks(parent, bench, path)
    elif agreed:
        _ask_scale(parent, bench, path)


def _ask_scale(parent: QWidget, bench: Bench, path: Path) -> None:
    scale, agreed = QInputDialog.getDouble(
        parent, "Scale", "Picture pixels per unit of the spots' coordinates", 1.0, 1e-6, 1e6, 6
    )
    if agreed:
        _open(bench, path, float(scale))


def _ask_landmarks(parent: QWidget, bench: Bench, path: Path) -> None:
    spots = None if bench.view is None else bench.view.spots
    if spots is None:
        return

    def ask(found: tuple[NDArray[np.uint8], int]) -> None:
        dialog = LandmarksDialog(parent, *found, spots.xy)
        dialog.accepted.connect(lambda: _open(bench, path, dialog.affine))
        dialog.open()

    bench.tasks.do(f"Reading {path.name}", lambda: read_thumbnail(path), ask, key="picture")


def _open(bench: Bench, path: Path, scale: PictureScale | None) -> None:
    source = bench.origin.source
    if source and scale is not None:
        bench.open_tissue(Path(source), image=path, image_scale=scale)
