"""The colour dialog of the legend, and what a person hears of colours that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from napari_tessera.contract.palette import PALETTE

if TYPE_CHECKING:
    from napari_tessera.widgets.canvas import Canvas
    from napari_tessera.workbench.colouring import Colouring


class ColourChoice:
    """Between the legend, which asks, and the workbench, which keeps.

    Parameters
    ----------
    canvas : Canvas
        Draws runs and their legend.
    colouring : Colouring
        Keeps chosen colours.

    Attributes
    ----------
    dialog : QColorDialog or None
        The dialog that is open.
    """

    def __init__(self, canvas: Canvas, colouring: Colouring) -> None:
        self.dialog: QColorDialog | None = None
        self._canvas, self._colouring = canvas, colouring
        canvas.recolouring.connect(self._ask)
        canvas.undoing.connect(self._undo)
        canvas.changed.connect(self._offer_undo)
        colouring.changed.connect(self._on_changed)
        colouring.failed.connect(self._on_failed)

    def _ask(self, run: str, name: str, colour: str) -> None:
        """Open the dialog; it does not block, and its own colours are those of the palette."""
        for number, own in enumerate(PALETTE[:16]):
            QColorDialog.setCustomColor(number, QColor(own))
        overlay = self._canvas.legend
        dialog = QColorDialog(QColor(colour), None if overlay is None else overlay.window())
        dialog.setWindowTitle(f"Colour of {name}")
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda c: self._colouring.choose(run, name, c.name()))
        dialog.finished.connect(self._on_finished)
        self.dialog = dialog
        dialog.open()

    def _on_finished(self, _code: int) -> None:
        self.dialog = None

    def _undo(self) -> None:
        self._colouring.undo()

    def _on_changed(self, run: str, colours: dict[str, str]) -> None:
        self._canvas.recolour(run, colours)

    def _offer_undo(self, _run: str) -> None:
        if self._canvas.legend is not None:
            self._canvas.legend.set_can_undo(can=self._colouring.can_undo)

    def _on_failed(self, message: str, hint: str) -> None:
        show_warning(f"The colours are on the screen and could not be kept. {message} {hint}")
