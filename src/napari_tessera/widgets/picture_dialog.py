"""Ask for a picture that lies beside a table, and for its scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QInputDialog

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

PICTURES = "Pictures (*.png *.jpg *.jpeg *.tif *.tiff)"


def ask_picture(parent: QWidget) -> tuple[Path, float] | None:
    """Ask for the file, then for its pixels per unit of the spots' coordinates.

    Parameters
    ----------
    parent : QWidget
        Window that the questions belong to.

    Returns
    -------
    tuple of Path and float, or None
        None if a person thought better of it.
    """
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open a picture", "", PICTURES)
    if not chosen:
        return None
    scale, agreed = QInputDialog.getDouble(
        parent, "Scale", "Picture pixels per unit of the spots' coordinates", 1.0, 1e-6, 1e6, 6
    )
    return (Path(chosen), float(scale)) if agreed else None
