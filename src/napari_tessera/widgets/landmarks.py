"""Set the same places in a picture and among the spots with the mouse, and see how they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_tessera.contract.errors import TesseraError
from napari_tessera.data.landmarks import FEWEST, affine_from_landmarks, misfit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

SPOT, MARK_COLOUR, MOVED = "#9fb3c8", "#ffb000", (86, 180, 233, 150)


class LandmarksDialog(QDialog):  # type: ignore[misc]  # Qt comes without types
    """Picture at the left, spots at the right; clicks in turn make pairs.

    Parameters
    ----------
    parent : QWidget
        Window that it belongs to.
    pixels : ndarray, shape (height, width, 3), uint8
        Every ``step``-th pixel of the picture.
    step : int
        Pixels of the picture per pixel shown.
    spots_xy : ndarray, shape (n_spots, 2)
        Spot centres.

    Attributes
    ----------
    affine : tuple of float or None
        Map from picture pixels to coordinates; None until three pairs make one.
    """

    def __init__(
        self,
        parent: QWidget | None,
        pixels: NDArray[np.uint8],
        step: int,
        spots_xy: NDArray[np.float64],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Landmarks")
        self.affine: tuple[float, ...] | None = None
        self.places: tuple[list[tuple[float, float]], ...] = ([], [])
        self._step, self._spots = step, np.asarray(spots_xy, dtype=np.float64)
        self.canvas = pg.GraphicsLayoutWidget()
        self.panes = (self._pane(0, "Picture"), self._pane(1, "Spots"))
        self._marks = tuple(self._add_marks(pane) for pane in self.panes)
        self._fill(pixels)
        self.canvas.scene().sigMouseClicked.connect(self._on_click)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.undo = QPushButton("Remove last")
        self.undo.setToolTip("Take the landmark back that was set last")
        self.undo.clicked.connect(self.remove_last)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._refresh()

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.undo)
        below.addStretch(1)
        below.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.words)
        column.addLayout(below)
        self.resize(1000, 620)

    def _pane(self, column: int, title: str) -> Any:  # noqa: ANN401 - pyqtgraph has no types
        self.canvas.addLabel(title, row=0, col=column)
        pane = self.canvas.addViewBox(row=1, col=column, lockAspect=True, invertY=True)
        pane.setMenuEnabled(False)
        return pane

    def _add_marks(self, pane: Any) -> Any:  # noqa: ANN401
        marks = pg.ScatterPlotItem(size=14, pen=pg.mkPen("k"), brush=pg.mkBrush(MARK_COLOUR))
        marks.setZValue(10)
        pane.addItem(marks)
        return marks

    def _fill(self, pixels: NDArray[np.uint8]) -> None:
        picture = pg.ImageItem(pixels, axisOrder="row-major")
        height, width = pixels.shape[:2]
        picture.setRect(0, 0, width * self._step, height * self._step)
        self.panes[0].addItem(picture)
        self._moved = pg.ScatterPlotItem(size=5, pen=None, brush=pg.mkBrush(*MOVED))
        self.panes[0].addItem(self._moved)
        x, y = self._spots.T
        self.panes[1].addItem(pg.ScatterPlotItem(x, y, size=5, pen=None, brush=pg.mkBrush(SPOT)))

    # -- setting ---------------------------------------------------------------------------------

    def _on_click(self, event: Any) -> None:  # noqa: ANN401
        if event.button() != Qt.MouseButton.LeftButton:
            return
        for side, pane in enumerate(self.panes):
            if pane.sceneBoundingRect().contains(event.scenePos()):
                place = pane.mapSceneToView(event.scenePos())
                self.set_place(side, place.x(), place.y())

    def set_place(self, side: int, x: float, y: float) -> None:
        """Set the next landmark of a side; a second click before its partner moves it.

        Parameters
        ----------
        side : int
            0 is the picture, 1 the spots.
        x, y : float
            Place, in pixels of the whole picture or in the spots' coordinates.
        """
        mine, others = self.places[side], self.places[1 - side]
        if len(mine) > len(others):
            mine.pop()
        mine.append((float(x), float(y)))
        self._refresh()

    def remove_last(self) -> None:
        """Take the landmark back that was set last, with its partner where it has one."""
        n = max(len(side) for side in self.places)
        for side in self.places:
            del side[max(n - 1, 0) :]
        self._refresh()

    def _refresh(self) -> None:
        for marks, side in zip(self._marks, self.places, strict=True):
            marks.setData(pos=np.array(side).reshape(-1, 2))
        self.affine, said = self._solve()
        self._moved.setData(pos=self._spots_in_picture())
        self.words.setText(said)
        self.undo.setEnabled(any(self.places))
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(self.affine is not None)

    def _solve(self) -> tuple[tuple[float, ...] | None, str]:
        picture, spots = self.places
        n = min(len(picture), len(spots))
        if len(picture) != len(spots):
            where = "among the spots" if len(picture) > len(spots) else "in the picture"
            return None, f"Click the same place {where}: landmark {n + 1}."
        if n < FEWEST:
            return None, f"Click a place in the picture or among the spots: {FEWEST - n} to go."
        try:
            affine = affine_from_landmarks(picture, spots)
        except TesseraError as error:
            return None, str(error)
        away = float(misfit(affine, picture, spots).max())
        told = "" if n == FEWEST else f" Largest misfit {away:.3g} units of the coordinates."
        return affine, f"{n} landmarks; the blue dots are the spots.{told} More make it surer."

    def _spots_in_picture(self) -> NDArray[np.float64]:
        if self.affine is None:
            return np.zeros((0, 2))
        matrix = np.reshape(self.affine, (2, 3))
        return np.asarray((self._spots - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T)
